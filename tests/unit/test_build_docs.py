# SPDX-License-Identifier: GPL-3.0-or-later
"""The building of the pages: what makes it fail, and the parts that need neither antsibull-docs nor Sphinx."""

from __future__ import annotations

import importlib
import re
import zlib
from pathlib import Path
from typing import Any

import chromium
import pytest
from tools.build_docs import (
    ROOT,
    ansible_targets,
    breakable,
    broken_links,
    foreign_files,
    label_tables,
    packed,
    plugins,
    search_faults,
    setup,
    tidied,
    with_pictures,
    with_tasks,
    without_page,
)

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
        set_translator = connect = staticmethod(lambda *_, **__: None)

        def add_lexer(self, name: str, lexer: Any) -> None:
            self.lexers = {name: lexer()}

    app = App()
    setup(app)
    tokens = list(app.lexers["console"].get_tokens("$ cat file\n# it isn't a command\n"))
    assert [text for kind, text in tokens if str(kind) == "Token.Generic.Prompt"] == ["$ "]
    assert [text for kind, text in tokens if str(kind) == "Token.Generic.Output"] == ["# it isn't a command\n"]


def test_the_first_page_begins_with_the_tasks() -> None:
    index = "Name\n====\n\n.. contents::\n   :local:\n\nDescription\n-----------\n\nText\n"
    guide = ".. _label:\n\nWhat\n====\n\nFind it.\n\n.. contents::\n   :local:\n\nStart\n-----\n\nRows\n"
    page = with_tasks(index, guide)
    assert page == "Name\n====\n\n\nFind it.\n\nStart\n-----\n\nRows\n\nDescription\n-----------\n\nText\n"


def test_a_picture_is_a_comment_in_a_guide_and_a_figure_on_its_page() -> None:
    page = with_pictures("Text\n\n.. picture: plan: A plan.\n\nMore\n")
    assert page == "Text\n\n.. figure:: /pictures/plan-light.png\n   :alt: A plan.\n\n   A plan.\n\nMore\n"


@pytest.mark.parametrize("guide", sorted((ROOT / "docs/docsite/rst").glob("*.rst")), ids=lambda path: path.stem)
def test_the_pictures_of_the_guides_are_there(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    names = re.findall(r"^\.\. picture: ([\w-]+): ", text, re.MULTILINE)
    assert text.count("picture: ") == len(names)
    assert all((ROOT / "docs/pictures" / f"{name}-light.png").is_file() for name in names)


def test_a_script_style_or_picture_from_elsewhere_is_reported_and_a_link_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<script src="https://x.example/a.js"></script><link rel="stylesheet" href="//x.example/b.css">'
        '<img alt="" src="http://x.example/c.png"><a href="https://x.example">1</a><script src="_static/d.js"></script>'
        '<link rel="index" href="https://x.example/e.html"><link rel="stylesheet" href="_static/f.css">'
    )
    addresses = ["//x.example/b.css", "http://x.example/c.png", "https://x.example/a.js"]
    assert foreign_files(tmp_path) == [f"a.html: loads {address} from elsewhere." for address in addresses]


def make_search(pages: Path, finds: str) -> None:
    """Write a search page that finds one page for the words that the expression of JavaScript selects."""
    (pages / "_static").mkdir()
    for name in ("searchindex.js", "_static/searchtools.js", "_static/language_data.js"):
        (pages / name).touch()
    (pages / "search.html").write_text(
        '<ul class="search"></ul><script>const word = new URLSearchParams(location.search).get("q");'
        f'if ({finds}) document.querySelector("ul").innerHTML = "<li><a href=a.html>A</a></li>";</script>'
    )


def test_a_search_without_its_index_is_reported(tmp_path: Path) -> None:
    make_search(tmp_path, "true")
    (tmp_path / "searchindex.js").unlink()
    assert search_faults(tmp_path) == ["searchindex.js: is missing, so the search can't work."]


@pytest.mark.skipif(chromium.find() is None, reason=chromium.MISSING)
@pytest.mark.parametrize(
    ("finds", "faults"),
    [
        ('word === "expiry"', []),
        ("false", ["search.html: finds nothing for expiry."]),
        ("true", ["search.html: finds something for nowhere-in-these-pages."]),
    ],
)
def test_a_search_that_finds_nothing_or_everything_is_reported(tmp_path: Path, finds: str, faults: list[str]) -> None:
    make_search(tmp_path, finds)
    assert search_faults(tmp_path) == faults


def test_without_chromium_the_search_is_not_tried_and_a_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_search(tmp_path, "false")
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    assert search_faults(tmp_path) == []
    assert capsys.readouterr().out == f"The search was not tried. {chromium.MISSING}\n"


def publish(text: str) -> str:
    """Return the tree that docutils makes of a table, with the labels of cells."""
    document = importlib.import_module("docutils.core").publish_doctree(text)
    label_tables(None, document, "")
    return str(document)


def test_each_cell_of_a_table_has_the_heading_of_its_column() -> None:
    rows = ".. list-table::\n   :header-rows: 1\n{}\n   * - Module\n     - Text\n   * - ``a``\n     - b & c\n"
    assert re.findall(r'<entry label="(\w+)">', publish(rows.format(""))) == ["Module", "Text"]
    assert "label=" not in publish(rows.format("   :class: ansible-option-table\n"))
    assert "label=" not in publish(rows.replace("   :header-rows: 1\n", "").format(""))


def test_a_long_name_in_a_cell_is_broken_between_its_words() -> None:
    assert breakable("waldur.provider.user_role and user") == "waldur.<wbr>provider.<wbr>user_<wbr>role and user"
    assert breakable("_ ends. Begins ...") == "_ ends. Begins ..."
