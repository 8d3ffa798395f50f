# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release must be like, as pure functions: each takes what was read or printed, and returns what is wrong.

``release_check.py`` reads and runs; nothing here does.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

COLLECTION = "waldur.provider"
HOLDER = "waldur.provider contributors"
LARGEST = 200_000
# Of the archive. Most of it is plugins, at 460 kB, and guides, which the Ansible package publishes, at 75 kB.
LARGEST_ARCHIVE = 660_000
# Collections that our documentation sends readers to. They are on no package index, so what is named of them can't be
# looked up; what is named of any other collection is a mistake.
REFERRED = ("ansible.posix",)
# What an artifact may hold: files by their path, folders with all that is in them.
ALLOWED = (
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "SECURITY.md",
    "changelogs/changelog.yaml",
    "docs/docsite/",
    "examples/",
    "extensions/eda/",
    "meta/",
    "playbooks/",
    "plugins/",
    "requirements.txt",
    "roles/",
)
# Pictures that pages show in the repository. Where they are not, readers see the text of the picture instead.
PICTURES = "docs/pictures/"
COMPILED = (".pyc", ".pyo", ".orig", ".rej", ".swp", ".tar.gz")

RST_TARGETS = re.compile(
    r"<(?P<link>[^<>\s]+)>`__?"
    r"|^\s*\.\. _[^:\n]+: +(?P<named>\S+)$"
    r"|^\s*\.\. (?:\|[^|]+\| )?(?:image|figure|include|literalinclude):: +(?P<file>\S+)",
    re.MULTILINE,
)
HTML_TARGETS = re.compile(r"""\b(?:href|src)\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
HEADER = re.compile(r"(?:#|//|\.\.|<!--|\{#)\s*Copyright\b:?\s*(?:\([cC]\))?\s*(?P<holder>.*?)\s*(?:-->|#\})?")


def needless(sizes: Mapping[str, int]) -> list[str]:
    """Which files of an artifact, given with their *sizes*, a user does not need, each with the reason."""
    found = []
    for path, size in sorted(sizes.items()):
        if not any(path == entry or (entry.endswith("/") and path.startswith(entry)) for entry in ALLOWED):
            found.append(f"{path} is not among what users get (ALLOWED)")
        elif "/." in f"/{path}":
            found.append(f"{path} is hidden")
        elif path.endswith(COMPILED) or "/__pycache__/" in path:
            found.append(f"{path} is what a tool left behind")
        elif size > LARGEST:
            found.append(f"{path} has {size:,} bytes, and {LARGEST:,} are allowed")
    return found


def oversize(size: int) -> list[str]:
    """Why an archive of *size* bytes is too large, if it is."""
    if size <= LARGEST_ARCHIVE:
        return []
    return [
        f"it has {size:,} bytes, and {LARGEST_ARCHIVE:,} are allowed: exclude what an installed collection needs not"
    ]


def dead_links(texts: Mapping[str, str], files: Collection[str]) -> list[str]:
    """Links of the *texts* (Markdown or reStructuredText, by path) that lead neither to https nor to one of *files*."""
    present = {parent for path in files for parent in parents(path)}
    return [
        f"{path} links to {target}"
        for path, text in sorted(texts.items())
        for target in links(path, text)
        if not alive(path, target, present)
    ]


def parents(path: str) -> Iterator[str]:
    """The *path*, and the folders that it is in."""
    while path:
        yield path
        path = posixpath.dirname(path)


def alive(path: str, target: str, present: Collection[str]) -> bool:
    """Whether a link in the file *path* leads somewhere: to https, an address, into the page, to what is *present*.

    A picture of the repository does too.
    """
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return parts.scheme in ("https", "mailto")
    if not parts.path:
        return bool(parts.fragment)
    file = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
    return file in present or (file.startswith(PICTURES) and file.endswith(".png"))


def links(path: str, text: str) -> list[str]:
    """The targets of all links and images in a page; what stands in code of Markdown is none."""
    if path.endswith(".rst"):
        return [target for match in RST_TARGETS.finditer(text) for target in match.groups() if target]
    found: list[str] = []
    for token in MarkdownIt().enable("table").parse(text):
        for part in (token, *(token.children or ())):
            found += [str(part.attrs[name]) for name in ("href", "src") if name in part.attrs]
            if part.type in ("html_block", "html_inline"):
                found += HTML_TARGETS.findall(part.content)
    return found


def importer_complaints(printed: str, playbooks: Collection[str]) -> list[str]:
    """The errors and warnings that galaxy-importer *printed*; *playbooks* are the names of those in the artifact.

    It ends with 0 also where a step failed, so only its text tells. One warning is about its own set-up: it gives
    ansible-lint the path of ``ansible_collections`` instead of the folder above, where ansible-lint looks for playbooks
    of collections, so each ``import_playbook`` of one of ours is reported as not found. That is left out where the
    playbook is there; the step ``ansible-lint`` looks with the right path.
    """
    found = []
    for line in printed.splitlines():
        if not line.startswith(("ERROR", "WARNING", "CRITICAL", "Traceback")):
            continue
        missing = re.fullmatch(rf"WARNING: ERROR +Failed to find {re.escape(COLLECTION)}\.(\w+) playbook\.", line)
        if not (missing and missing.group(1) in playbooks):
            found.append(line)
    if "Importer processing completed successfully" not in printed:
        found.append("it did not come to its end")
    return found


def documentation_complaints(printed: str) -> list[str]:
    """What antsibull-docs *printed* of the documentation, but for references to the collections in ``REFERRED``."""
    known = tuple(f"a reference to the collection {name} is not allowed" for name in REFERRED)
    return [line for line in printed.splitlines() if line.strip() and not line.endswith(known)]


def licence_faults(report: Mapping[str, Any]) -> list[str]:
    """What ``reuse lint --json`` finds, and files with another copyright holder than the collection's."""
    found = [f"{name.replace('_', ' ')}: {what}" for name, what in report["non_compliant"].items() if what]
    for file in report["files"]:
        found += [
            f"{file['path']}: {notice['value']}"
            for notice in file["copyrights"]
            if notice["value"].partition(": ")[2] != HOLDER
        ]
        found += [
            f"{file['path']}: invalid licence {licence['value']}"
            for licence in file["spdx_expressions"]
            if not licence["is_valid"]
        ]
    if not report["summary"]["compliant"] and not found:
        found.append("reuse lint is not content, and does not say why")
    return found


def foreign_holders(heads: Mapping[str, str]) -> list[str]:
    """Files, given by the text they begin with, whose header names another copyright holder than the collection's."""
    found = []
    for path, head in sorted(heads.items()):
        for line in head.splitlines():
            match = HEADER.fullmatch(line.strip())
            if match and match.group("holder") != HOLDER:
                found.append(f"{path}: {match.group('holder')}")
    return found


def release_faults(version: str, changelog: Mapping[str, Any], fragments: Sequence[str], today: str) -> list[str]:
    """Why *changelog* (``changelogs/changelog.yaml``) is not that of a release of *version* made until *today*."""
    release = changelog.get("releases", {}).get(version)
    if release is None:
        return [f"changelogs/changelog.yaml has no release {version}: run antsibull-changelog release"]
    found = []
    if not release.get("changes", {}).get("release_summary"):
        found.append(f"the release {version} has no release_summary")
    if not str(release.get("release_date", "")) or str(release["release_date"]) > today:
        found.append(f"the release {version} has the date {release.get('release_date')}, and today is {today}")
    if fragments:
        found.append(f"changes that are not in the release {version}: {', '.join(sorted(fragments))}")
    return found


def versions_added(cache: Mapping[str, Any], version: str) -> dict[str, str]:
    """What says in its documentation that it came in no version or in one after *version*.

    *cache* is what antsibull-changelog read of all plugins, modules, roles and playbooks; playbooks have no
    documentation, and are left out.
    """
    found = {}
    for kind, things in {**cache.get("plugins", {}), **cache.get("objects", {})}.items():
        for name, about in things.items():
            added = about.get("version_added")
            if kind != "playbook" and (not added or ordered(str(added)) > ordered(version)):
                found[f"{kind} {name}"] = str(added or "no version_added")
    return found


def ordered(version: str) -> tuple[int, ...]:
    """A version as numbers that can be compared; what stands after a ``-`` or ``+`` is left out."""
    return tuple(int(number) for number in re.split(r"[-+]", version)[0].split("."))
