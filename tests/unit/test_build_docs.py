# SPDX-License-Identifier: GPL-3.0-or-later
"""The building of the pages: what makes it fail, and the parts that need neither antsibull-docs nor Sphinx."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from tools.build_docs import ROOT, ansible_targets, broken_links, packed, plugins, setup, tidied, without_page

INDEX = """\
Waldur.Provider
===============

.. toctree::
    :maxdepth: 1

Modules
~~~~~~~

* A line of the list

.. toctree::
    :maxdepth: 1
    :hidden:

    user_role_info_module
"""


def test_the_sidebar_shows_headings_and_names_alone() -> None:
    text = tidied(INDEX)
    assert text.startswith("waldur.provider\n===============\n")
    assert (
        "    :caption: Modules\n    :maxdepth: 1\n    :hidden:\n\n    user_role_info <user_role_info_module>\n" in text
    )
    assert text.endswith("\n    environment_variables\n")


def test_every_module_plugin_filter_and_role_must_have_a_page(tmp_path: Path) -> None:
    wanted = plugins(ROOT)
    assert {
        "user_role_module",
        "query_lookup",
        "inventory_inventory",
        "drift_role",
        "report_html_index_filter",
    } <= set(wanted)
    for name in wanted[1:]:
        (tmp_path / f"{name}.html").touch()
    assert without_page(tmp_path, wanted) == [f"{wanted[0]}.html: is missing: describe it."]


def test_a_link_to_a_page_or_a_place_that_is_not_there_is_reported(tmp_path: Path) -> None:
    (tmp_path / "docsite").mkdir()
    (tmp_path / "index.html").write_text(
        '<a class="x" href="docsite/a.html#there">1</a> <a href="docsite/a.html#gone">2</a> <a href="gone.html">3</a>'
        '<a href="https://example.org/gone.html">4</a> <a href="#">5</a> <a href="#nowhere">6</a> <img src="gone.png">'
    )
    (tmp_path / "docsite" / "a.html").write_text('<p id="there"></p><a href="../index.html?highlight=x">1</a>')
    assert broken_links(tmp_path) == [
        "index.html: #nowhere leads nowhere.",
        "index.html: docsite/a.html#gone leads nowhere.",
        "index.html: gone.html leads nowhere.",
        "index.html: gone.png leads nowhere.",
    ]


def test_what_ansible_has_can_be_linked_to_and_nothing_else() -> None:
    targets = {(kind, name): address for kind, name, address, _title in ansible_targets()}
    assert targets["std:label", "ansible_collections.ansible.builtin.copy_module"] == (
        "collections/ansible/builtin/copy_module.html"
    )
    assert targets["std:envvar", "ANSIBLE_CACHE_PLUGIN"].endswith("config.html#envvar-ANSIBLE_CACHE_PLUGIN")
    assert ("std:label", "ansible_collections.ansible.builtin.from_yaml_filter") in targets
    assert ("std:label", "ansible_collections.ansible.builtin.rejectattr_filter") not in targets
    assert ("std:envvar", "ANSIBLE_MADE_UP") not in targets


def test_targets_are_packed_as_sphinx_reads_them() -> None:
    data = packed([("std:label", "vault", "guide/vault.html#vault", "Keeping secrets")])
    head, _mark, body = data.partition(b"with zlib.\n")
    assert head.startswith(b"# Sphinx inventory version 2\n")
    assert zlib.decompress(body) == b"vault std:label 1 guide/vault.html#vault Keeping secrets\n"


def test_a_comment_that_a_command_prints_is_no_command() -> None:
    class App:
        def add_lexer(self, name: str, lexer: Any) -> None:
            self.lexers = {name: lexer()}

    app = App()
    setup(app)
    tokens = list(app.lexers["console"].get_tokens("$ cat file\n# it isn't a command\n"))
    assert [text for kind, text in tokens if str(kind) == "Token.Generic.Prompt"] == ["$ "]
    assert [text for kind, text in tokens if str(kind) == "Token.Generic.Output"] == ["# it isn't a command\n"]
