# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths in messages: shown as the user wrote them, whatever path a file is opened by."""

from __future__ import annotations

import pytest

from ansible_collections.waldur.provider.plugins.module_utils._common.shown_paths import quote_path, show_paths_as


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/srv/play/docs", "docs"),
        ("/srv/play/docs/a.yml", "docs/a.yml"),
        ("/srv/play/docs/sub/a.yml", "docs/sub/a.yml"),
        ("/srv/play/docs2", "/srv/play/docs2"),
        ("/srv/play", "/srv/play"),
        (r"/srv/play/\1", r"~/\g<0>"),
        ("/srv/play/out/a.yml", "out/a.yml"),
        ("/srv/play/line\nend", "line\\nend"),
    ],
)
def test_a_path_is_shown_as_it_was_written(path: str, shown: str) -> None:
    written = {"docs": "docs", r"\1": r"~/\g<0>", "out": "out/", "line\nend": "line\nend"}
    with show_paths_as({f"/srv/play/{name}": text for name, text in written.items()}):
        assert quote_path(path) == shown


def test_paths_are_shown_in_full_outside_of_a_task_and_after_an_error() -> None:
    with pytest.raises(KeyError), show_paths_as({"/srv/play/docs": "docs"}):
        raise KeyError
    assert quote_path("/srv/play/docs") == "/srv/play/docs"


def test_a_long_path_is_cut() -> None:
    with show_paths_as({"/srv": "x" * 1000}):
        assert quote_path("/srv") == f"{'x' * 299}…"
