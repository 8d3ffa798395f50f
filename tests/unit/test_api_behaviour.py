# SPDX-License-Identifier: GPL-3.0-or-later
"""The anchors of ``docs/api-behaviour.md`` are unique, and every citation names one of them.

A citation is ``api-behaviour:`` with one anchor, or with several that are separated by commas. It may continue on the
next line, also in a comment. Text that follows is separated by another sign than a comma.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "api-behaviour.md"
FOLDERS = ("docs", "examples", "extensions", "meta", "playbooks", "plugins", "requirements", "roles", "tests")
SUFFIXES = (".cfg", ".j2", ".md", ".py", ".rst", ".sh", ".toml", ".txt", ".yaml", ".yml")
_GAP = r"(?:[ \t]+|[ \t]*\n[ \t]*(?:#[ \t]*)?)"
_ANCHOR = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_CITATION = re.compile(rf"api-behaviour:{_GAP}(?P<anchors>{_ANCHOR}(?:,{_GAP}{_ANCHOR})*)")
_UNREADABLE = re.compile(rf"api-behaviour:(?!{_GAP}{_ANCHOR})(?!{_GAP}…|`)")
_OLD = re.compile(
    rf"\bcontract,?(?:{_GAP}sections?)?{_GAP}\d"
    rf"|\b2026,?{_GAP}(?:§|sections?{_GAP}\d|\d+\.\d)"
    r"|§"
    rf"|\bsections?{_GAP}[\d.a-j,to and]+of{_GAP}the{_GAP}(?:contract|facts)"
    rf"|\bthe{_GAP}contract's{_GAP}sections?",
    re.IGNORECASE,
)


def files() -> Iterator[Path]:
    """Yield the text files of the repository that may hold citations."""
    yield from (path for path in sorted(ROOT.iterdir()) if path.is_file() and path.name != "CHANGELOG.md")
    for folder in FOLDERS:
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in SUFFIXES and path.is_file())


def texts() -> dict[str, str]:
    """Return the texts that may cite the document, by their path; neither the document nor this file."""
    own = (DOCUMENT, Path(__file__).resolve())
    readable = (path for path in files() if path not in own and (path.suffix in SUFFIXES or path.name == "Makefile"))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in readable}


def anchors() -> list[str]:
    """Return the anchors of the document in their order."""
    return re.findall(r'<a id="([^"]+)"></a>', DOCUMENT.read_text(encoding="utf-8"))


def citations(text: str) -> list[str]:
    """Return every anchor that *text* cites."""
    return [anchor for match in _CITATION.finditer(text) for anchor in re.findall(_ANCHOR, _without_gaps(match))]


def _without_gaps(match: re.Match[str]) -> str:
    return re.sub(r"\n[ \t]*#?", " ", match["anchors"])


def wrong_citations(text: str, known: frozenset[str]) -> list[str]:
    """Return the citations of *text* that lead nowhere or cannot be read, and those in the old form."""
    unknown = [anchor for anchor in citations(text) if anchor not in known]
    return unknown + _UNREADABLE.findall(text) + _OLD.findall(text)


def test_every_anchor_is_unique_and_in_kebab_case() -> None:
    assert [anchor for anchor, count in Counter(anchors()).items() if count > 1] == []
    assert [anchor for anchor in anchors() if not re.fullmatch(_ANCHOR, anchor)] == []


def test_every_link_of_the_document_leads_to_an_anchor() -> None:
    links = re.findall(r"\]\(#([^)]+)\)", DOCUMENT.read_text(encoding="utf-8"))
    assert len(links) > 100
    assert set(links) <= set(anchors())


def test_the_table_of_contents_lists_every_heading() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    headings = re.findall(r'^<a id="([^"]+)"></a>\n##+ (.+)$', text, re.MULTILINE)
    assert len(headings) == len(re.findall(r"^##+ ", text, re.MULTILINE)) - 1, (
        "every heading but Contents has an anchor"
    )
    assert re.findall(r"^ *- \[(.+)\]\(#(.+)\)$", text, re.MULTILINE) == [(title, anchor) for anchor, title in headings]


def test_every_citation_names_an_anchor_of_the_document() -> None:
    known = frozenset(anchors())
    wrong = {path: faults for path, text in texts().items() if (faults := wrong_citations(text, known))}
    assert wrong == {}


def test_the_repository_cites_the_document() -> None:
    cited = {path: len(citations(text)) for path, text in texts().items()}
    assert sum(cited.values()) > 300
    assert any(path.startswith("plugins/") for path, count in cited.items() if count)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("Grants (api-behaviour: role-grants-duplicate).", []),
        ("# see api-behaviour: role-grants-duplicate,\n    # role-grants-update; and more", []),
        ("api-behaviour: role-grants-duplicate, role-grants-update", []),
        ("Grants (api-behaviour: role-grants-twice).", ["role-grants-twice"]),
        ("# see api-behaviour: role-grants-duplicate,\n    # role-grants-twice", ["role-grants-twice"]),
        ("api-behaviour: role-grants-duplicate, and more", ["and"]),
        ("api-behaviour:role-grants-duplicate", ["api-behaviour:"]),
        ("api-behaviour: 3.a", ["3"]),
        ("what counts (contract 3.a)", ["contract 3"]),
        ("what counts (contract, section 2.6)", ["contract, section 2"]),
        ("what counts (2026 §2.5)", ["2026 §"]),
        ("what counts (2026\n    # section 2.5)", ["2026\n    # section 2"]),
        ("what counts (2026 5.4)", ["2026 5.4"]),
        ("as in section 3.j of the contract", ["section 3.j of the contract"]),
        ("# RFC 4253, section 6.6", []),
        ("the contract of November 2025, Waldur of 2026", []),
    ],
)
def test_a_wrong_citation_is_detected(text: str, faults: list[str]) -> None:
    assert wrong_citations(text, frozenset(("role-grants-duplicate", "role-grants-update"))) == faults
