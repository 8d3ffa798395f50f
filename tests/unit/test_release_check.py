# SPDX-License-Identifier: GPL-3.0-or-later
"""What is demanded of a release: the files, the links, the licences, the changelog, and what Galaxy says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import release_check
from tools.release_check import ROOT, STEPS, Place, Unfit, environment, main
from tools.release_rules import (
    HOLDER,
    LARGEST,
    LARGEST_ARCHIVE,
    dead_links,
    documentation_complaints,
    foreign_holders,
    importer_complaints,
    licence_faults,
    links,
    needless,
    oversize,
    release_faults,
    versions_added,
)

END = "Importer processing completed successfully\n"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("tests/simulator/app.py", "is not among what users get"),
        ("Makefile", "is not among what users get"),
        ("LICENSE.bak", "is not among what users get"),
        ("extensions/molecule/default/converge.yml", "is not among what users get"),
        ("plugins/.coverage", "is hidden"),
        ("examples/.env", "is hidden"),
        ("plugins/modules/__pycache__/user_role.cpython-312.pyc", "is what a tool left behind"),
        ("roles/drift/tasks/main.yml.orig", "is what a tool left behind"),
    ],
)
def test_a_file_that_users_do_not_need_is_named_with_the_reason(path: str, why: str) -> None:
    assert [fault.startswith(f"{path} {why}") for fault in needless({path: 1})] == [True]


def test_a_file_may_be_as_large_as_allowed_and_not_larger() -> None:
    assert needless({"docs/docsite/house.png": LARGEST}) == []
    assert needless({"docs/docsite/house.png": LARGEST + 1}) == [
        "docs/docsite/house.png has 200,001 bytes, and 200,000 are allowed"
    ]


def test_the_archive_may_be_as_large_as_allowed_and_not_larger() -> None:
    assert oversize(LARGEST_ARCHIVE) == []
    [fault] = oversize(LARGEST_ARCHIVE + 1)
    assert fault.startswith("it has 660,001 bytes, and 660,000 are allowed")


@pytest.mark.parametrize(
    "target",
    ["https://waldur.com", "mailto:a@example.org", "#connection", "../LICENSE", "guide.md#top", "./a%20b.md", ".."],
)
def test_a_link_may_lead_to_https_into_the_page_and_to_files_and_folders_of_the_artifact(target: str) -> None:
    files = ["LICENSE", "docs/page.md", "docs/guide.md", "docs/a b.md", "README.md", "docs/deep/er.md"]
    path = "docs/deep/er.md" if target == ".." else "docs/page.md"
    assert dead_links({path: f"[x]({target})"}, files) == []


def test_a_page_may_show_a_picture_of_the_repository() -> None:
    assert dead_links({"README.md": '<img src="docs/pictures/plan.png">'}, ["README.md"]) == []
    assert dead_links({"README.md": "[x](docs/pictures/plan.md)"}, ["README.md"]) != []


@pytest.mark.parametrize(
    "target", ["http://waldur.com", "ftp://x/y", "//waldur.com/x", "missing.md", "/LICENSE", "../../LICENSE", "lice"]
)
def test_any_other_link_is_dead(target: str) -> None:
    assert dead_links({"docs/page.md": f"[x]({target})"}, ["LICENSE", "docs/page.md"]) == [
        f"docs/page.md links to {target}"
    ]


def test_links_of_markdown_are_found_in_every_form_and_not_in_code() -> None:
    text = """# A [one](a.md)
| table |
|---|
| [two][2] and ![three](c.png) |

<img src="d.png"> <https://e>

    [none](code.md)

`[none](span.md)`

[2]: b.md
"""
    assert links("x.md", text) == ["a.md", "b.md", "c.png", "d.png", "https://e"]


def test_links_of_restructured_text_are_found_in_every_form_and_references_are_none() -> None:
    text = """
See `Waldur <https://waldur.com>`_, `this <a.rst>`__ and :ref:`that <label>`.

.. image:: house.png
.. |x| image:: small.png
.. literalinclude:: ../code.yml
.. _named: b.rst
.. _label:

.. code-block:: yaml

   key: <value>
"""
    assert links("x.rst", text) == [
        "https://waldur.com",
        "a.rst",
        "house.png",
        "small.png",
        "../code.yml",
        "b.rst",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: The import failed for the following reason: no tags",
        "WARNING: No changelog found. Add a CHANGELOG.rst",
        "WARNING: roles/drift/tasks/main.yml:3: name[casing]",
        "WARNING: ERROR    Failed to find waldur.provider.lost playbook.",
        "Traceback (most recent call last):",
    ],
)
def test_each_error_and_warning_of_the_importer_counts(line: str) -> None:
    assert importer_complaints(f"Importing\n{line}\n{END}", {"plan"}) == [line]


def test_the_importer_s_own_wrong_path_is_no_complaint_where_the_playbook_is_there() -> None:
    assert (
        importer_complaints(f"WARNING: ERROR    Failed to find waldur.provider.plan playbook.\n{END}", {"plan"}) == []
    )


def test_an_importer_that_did_not_come_to_its_end_is_a_complaint() -> None:
    assert importer_complaints("Importing with galaxy-importer 0.4.44\n", ()) == ["it did not come to its end"]


def test_documentation_may_refer_to_one_other_collection_and_to_no_second() -> None:
    text = "x.py:0:0: DOCUMENTATION -> seealso[3]: a reference to the collection {} is not allowed"
    assert documentation_complaints(text.format("ansible.posix") + "\n\n") == []
    assert documentation_complaints(text.format("ansible.postfix")) == [text.format("ansible.postfix")]
    assert documentation_complaints("x.rst:3:1: no such option") == ["x.rst:3:1: no such option"]


# What follows is no licence of this file. REUSE-IgnoreStart
def reuse_report(**changed: Any) -> dict[str, Any]:
    """What ``reuse lint --json`` tells of one file that is as it should be, with changes."""
    file = {
        "path": "a.py",
        "copyrights": [{"value": f"SPDX-FileCopyrightText: {HOLDER}"}],
        "spdx_expressions": [{"value": "GPL-3.0-or-later", "is_valid": True}],
    }
    summary = {"compliant": changed.pop("compliant", True)}
    missing = changed.pop("missing", [])
    return {"non_compliant": {"missing_licensing_info": missing}, "files": [file | changed], "summary": summary}


@pytest.mark.parametrize(
    ("report", "faults"),
    [
        (reuse_report(), []),
        (reuse_report(missing=["a.py"], compliant=False), ["missing licensing info: ['a.py']"]),
        (reuse_report(compliant=False), ["reuse lint is not content, and does not say why"]),
        (
            reuse_report(copyrights=[{"value": "SPDX-FileCopyrightText: Somebody"}]),
            ["a.py: SPDX-FileCopyrightText: Somebody"],
        ),
        (
            reuse_report(spdx_expressions=[{"value": "GPL or so", "is_valid": False}], compliant=False),
            ["a.py: invalid licence GPL or so"],
        ),
    ],
)
def test_licences_and_holders_that_are_not_the_collection_s_are_named(
    report: dict[str, Any], faults: list[str]
) -> None:
    assert licence_faults(report) == faults


def test_a_header_with_another_holder_is_found_and_text_about_copyright_is_not() -> None:
    heads = {
        "a.py": f"#!/usr/bin/python\n# Copyright: {HOLDER}\n",
        "b.py": "# Copyright: (c) Somebody Else\n",
        "c.md": f"<!-- Copyright (C) {HOLDER} -->\nCopyright is what authors have.\n",
    }
    assert foreign_holders(heads) == ["b.py: Somebody Else"]


# REUSE-IgnoreEnd


def test_the_holder_is_the_one_that_the_plugins_headers_and_reuse_name() -> None:
    assert f"# Copyright: {HOLDER}" in (ROOT / "plugins/modules/user_role.py").read_text().splitlines()
    assert f'"{HOLDER}"' in (ROOT / "REUSE.toml").read_text()


def released(**changed: Any) -> dict[str, Any]:
    """A changelog with the release 1.0.0."""
    release = {"changes": {"release_summary": "The first."}, "release_date": "2026-11-23"} | changed
    return {"releases": {"1.0.0": release}}


@pytest.mark.parametrize(
    ("changelog", "fragments", "fault"),
    [
        ({"releases": {}}, [], "changelogs/changelog.yaml has no release 1.0.0: run antsibull-changelog release"),
        (released(changes={}), [], "the release 1.0.0 has no release_summary"),
        (released(release_date="2026-11-25"), [], "the release 1.0.0 has the date 2026-11-25, and today is 2026-11-24"),
        (released(), ["7-b.yml", "7-a.yml"], "changes that are not in the release 1.0.0: 7-a.yml, 7-b.yml"),
    ],
)
def test_a_changelog_that_is_not_that_of_the_release_is_refused(
    changelog: dict[str, Any], fragments: list[str], fault: str
) -> None:
    assert release_faults("1.0.0", released(), [], "2026-11-24") == []
    assert release_faults("1.0.0", changelog, fragments, "2026-11-24") == [fault]


def test_a_plugin_of_no_version_or_a_later_one_is_named() -> None:
    cache = {
        "plugins": {
            "module": {"old": {"version_added": "1.0.0"}, "new": {"version_added": "1.10.0"}},
            "filter": {"bare": {"version_added": None}},
        },
        "objects": {"role": {"drift": {"version_added": "1.9.0"}}, "playbook": {"plan": {"version_added": None}}},
    }
    assert versions_added(cache, "1.9.0") == {"module new": "1.10.0", "filter bare": "no version_added"}


def test_galaxy_yml_names_a_tag_that_certified_content_requires_and_leaves_out_what_is_not_allowed() -> None:
    about = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    assert {"cloud", "infrastructure"} <= set(about["tags"])
    assert {"tests", "Makefile", "requirements", "changelogs/fragments"} <= set(about["build_ignore"])


def test_commands_see_no_other_collection_no_home_and_no_waldur(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_ROLES_PATH", "/somewhere")
    monkeypatch.setenv("WALDUR_ACCESS_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "tests")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere")
    seen = environment(Place(tmp_path), tmp_path / "here")
    assert {"ANSIBLE_ROLES_PATH", "WALDUR_ACCESS_TOKEN", "PYTHONPATH", "XDG_CONFIG_HOME"}.isdisjoint(seen)
    assert seen["HOME"] == str(tmp_path / "home")
    assert os.listdir(seen["HOME"]) == ["ansible.cfg"]
    assert seen["ANSIBLE_COLLECTIONS_PATH"] == str(tmp_path / "here")


def test_the_first_step_that_fails_ends_the_check_red(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_place: Place) -> str:
        raise Unfit("a link leads nowhere")

    steps = {"build": lambda _place: "one file", "contents": fails, "licences": lambda _place: "never seen"}
    monkeypatch.setattr(release_check, "STEPS", steps)
    assert main([]) == 1
    assert capsys.readouterr().out == "build: one file (0 s)\ncontents: FAILED. a link leads nowhere\n"


def test_an_unknown_step_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contents", "sanity"]) == 2
    assert capsys.readouterr().err == f"release_check.py: there is no step sanity, only {', '.join(STEPS)}\n"
