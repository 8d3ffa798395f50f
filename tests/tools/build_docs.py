# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the pages of the collection, guides and reference, into ``build/docs``: ``build_docs.py``.

Anything that Sphinx or antsibull-docs warns of fails it, so do a plugin without a page and a link that leads nowhere.
No network is needed: what links to Ansible's documentation is checked against the ansible-core that is installed,
and the few sections of it that are named here.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SOURCE, PAGES = BUILD / "docs-source", BUILD / "docs"
COLLECTION = "waldur.provider"

ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
# Labels of Ansible's documentation that no plugin and no setting has, with the page and the title there.
SECTIONS = {
    "action_plugins": ("plugins/action.html#action-plugins", "Action plugins"),
    "ansible_collections.ansible.posix.authorized_key_module": (
        "collections/ansible/posix/authorized_key_module.html",
        "ansible.posix.authorized_key",
    ),
    "ansible_configuration_settings": (
        "reference_appendices/config.html#ansible-configuration-settings",
        "Ansible Configuration Settings",
    ),
    "common_return_values": ("reference_appendices/common_return_values.html#common-return-values", "Return Values"),
}
# Plugins that have no documentation of their own: modules have it for their actions.
NO_PAGES = ("action", "doc_fragments", "module_utils", "plugin_utils")
WITH_YAML = ("filter", "test")

SETTINGS: dict[str, Any] = {
    "project": COLLECTION,
    "copyright": "the contributors of waldur.provider",
    "extensions": ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"],
    "highlight_language": "YAML+Jinja",
    "html_theme": "sphinx_ansible_theme",
    "html_title": "waldur.provider",
    "html_short_title": "waldur.provider",
    "html_css_files": ["collection.css"],
    "html_static_path": ["_static"],
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_sphinx": False,
    "html_use_index": False,
    "default_role": "any",
    "nitpicky": True,
}
THEME = {"navigation_depth": 2, "show_rtd_ethical_ads": False, "topbar_links": {}}
CSS = """\
/* The captions of lists belong into the sidebar: the page has headings. */
.toctree-wrapper > p.caption { display: none; }
/* The names of files begin where the files do. */
.rst-content .literal-block-wrapper .code-block-caption { text-align: left; }
/* On a phone, text in tables is read by scrolling down, not sideways. */
.wy-table-responsive table td, .wy-table-responsive table th { white-space: normal !important; }
"""


def main() -> int:
    """Builds the pages and tells what is wrong with them. Returns the exit code."""
    for folder in (SOURCE, PAGES):
        shutil.rmtree(folder, ignore_errors=True)
    # antsibull-docs refuses a folder that others may write to.
    SOURCE.mkdir(mode=0o755, parents=True)
    code = reference() or sphinx()
    if code:
        return code
    wrong = [*without_page(PAGES, plugins(ROOT)), *broken_links(PAGES)]
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    if not wrong:
        print(f"{len(list(PAGES.rglob('*.html')))} pages: {(PAGES / 'index.html').relative_to(ROOT)}")
    return 1 if wrong else 0


# --- the reference ---------------------------------------------------------------------------------------------------


def reference() -> int:
    """Writes the reference and the guides into the source. Returns the exit code of antsibull-docs."""
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    command = [str(Path(sys.executable).parent / "antsibull-docs"), "collection", *options, "--dest-dir", str(SOURCE)]
    done = subprocess.run([*command, COLLECTION], env=environment(), check=False)
    if done.returncode == 0:
        index = SOURCE / "index.rst"
        index.write_text(tidied(index.read_text(encoding="utf-8")), encoding="utf-8")
    return done.returncode


def environment() -> dict[str, str]:
    """Where this checkout is the only collection there is, and HOME is not written to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_CONFIG": str(BUILD / "ansible.cfg"),
        "HOME": str(BUILD),
        # Beside ansible-doc.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def tidied(index: str) -> str:
    """The first page as antsibull-docs writes it, with a sidebar that can be read: headings, and names alone."""
    lines: list[str] = []
    heading = ""
    for line, following in zip(index.splitlines(), [*index.splitlines()[1:], ""], strict=True):
        if re.fullmatch(r"([=~-])\1+", following) and len(following) == len(line):
            heading = line
        entry = re.fullmatch(r"    (\w+)_(\w+)", line)
        lines.append(f"    {entry[1]} <{line.strip()}>" if entry else line)
        if line == ".. toctree::" and heading:
            lines.append(f"    :caption: {heading}")
    last = ".. toctree::\n    :hidden:\n    :caption: Index\n\n    environment_variables\n"
    text = "\n".join(lines).replace(COLLECTION.title(), COLLECTION, 1)
    return f"{text}\n\n{last}"


# --- the pages -------------------------------------------------------------------------------------------------------


def sphinx() -> int:
    """Makes HTML of the source, and fails on any warning. Returns Sphinx's exit code."""
    inventory = BUILD / "docs-ansible.inv"
    inventory.write_bytes(packed(ansible_targets()))
    (SOURCE / "_static").mkdir()
    (SOURCE / "_static" / "collection.css").write_text(CSS, encoding="utf-8")
    settings = {**SETTINGS, "intersphinx_mapping": {"ansible": (ANSIBLE, str(inventory))}}
    about = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    settings["html_theme_options"] = {**THEME, "documentation_home_url": about["homepage"]}
    lines = [f"{name} = {value!r}\n" for name, value in settings.items()]
    (SOURCE / "conf.py").write_text("".join([*lines, "from build_docs import setup\n"]), encoding="utf-8")
    with_warnings = ["--fail-on-warning", "--keep-going", "--quiet"]
    doctrees = ["-d", str(BUILD / "docs-doctrees"), "--fresh-env"]
    command = [sys.executable, "-m", "sphinx", "-b", "html", *with_warnings, *doctrees, str(SOURCE), str(PAGES)]
    given = {**environment(), "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.run(command, env=given, check=False).returncode


def setup(app: Any) -> None:
    """Tells Sphinx that commands follow ``$`` alone: for Pygments ``#`` is a prompt too, and comments are printed."""
    lexer = importlib.import_module("pygments.lexers.shell").BashSessionLexer
    app.add_lexer("console", type("Commands", (lexer,), {"_ps1rgx": re.compile(r"(\$ )(.*\n?)")}))


def ansible_targets() -> Iterator[tuple[str, str, str, str]]:
    """What of Ansible's documentation can be linked to: kind, name, address there, and title."""
    for label, (address, title) in SECTIONS.items():
        yield "std:label", label, address, title
    ansible = Path(str(importlib.import_module("ansible").__file__)).parent
    for kind, name in (*documented(ansible / "plugins"), *documented(ansible, ["modules"])):
        page = f"{name}_{kind}"
        address = f"collections/ansible/builtin/{page}.html"
        yield "std:label", f"ansible_collections.ansible.builtin.{page}", address, f"ansible.builtin.{name} {kind}"
    settings = yaml.safe_load((ansible / "config" / "base.yml").read_text(encoding="utf-8"))
    for variable in sorted({env["name"] for setting in settings.values() for env in setting.get("env") or []}):
        yield "std:envvar", variable, f"reference_appendices/config.html#envvar-{variable}", variable


def packed(targets: Iterable[tuple[str, str, str, str]]) -> bytes:
    """Targets in the format that Sphinx calls an inventory."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: latest\n# The rest is compressed with zlib.\n"
    lines = (f"{name} {kind} 1 {address} {title}\n" for kind, name, address, title in targets)
    return head.encode() + zlib.compress("".join(lines).encode())


# --- what must be there ----------------------------------------------------------------------------------------------


def documented(folder: Path, kinds: Iterable[str] | None = None) -> Iterator[tuple[str, str]]:
    """Kind and name of the plugins below a folder of plugins that have documentation in a file of their own."""
    for kind in sorted(kinds or (path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "_")):
        if kind in NO_PAGES:
            continue
        for path in sorted((folder / kind).glob("*.yml" if kind in WITH_YAML else "*.py")):
            if not path.name.startswith("_"):
                yield ("module" if kind == "modules" else kind), path.stem


def plugins(root: Path) -> list[str]:
    """The pages that there must be: of every module, plugin and role of the collection below *root*."""
    found = {f"{name}_{kind}" for kind, name in documented(root / "plugins")}
    found |= {f"{name}_filter" for name in filters(root)}
    return sorted(found | {f"{path.name}_role" for path in (root / "roles").iterdir() if path.is_dir()})


def filters(root: Path) -> Iterator[str]:
    """The filters that there really are, also those that nobody has described."""
    sys.path.insert(0, str(BUILD))
    for path in sorted((root / "plugins" / "filter").glob("*.py")):
        module = importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.filter.{path.stem}")
        yield from module.FilterModule().filters()


def without_page(pages: Path, wanted: Iterable[str]) -> list[str]:
    """A sentence for each page that is wanted and not there."""
    return [f"{name}.html: is missing: describe it." for name in wanted if not (pages / f"{name}.html").is_file()]


_LINK = re.compile(r'<(?:a|img|link|script)\b[^>]*?\b(?:href|src)="([^"]*)"')
_PLACE = re.compile(r'\b(?:id|name)="([^"]*)"')


def broken_links(pages: Path) -> list[str]:
    """A sentence for each link between the pages whose page or place is not there."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(pages.rglob("*.html"))}
    places = {path: set(_PLACE.findall(text)) for path, text in texts.items()}
    return [
        f"{path.relative_to(pages)}: {link} leads nowhere."
        for path, text in texts.items()
        for link in sorted(set(_LINK.findall(text)))
        if not leads_somewhere(path, link, places)
    ]


def leads_somewhere(path: Path, link: str, places: Mapping[Path, set[str]]) -> bool:
    """Whether the link of a page leads to another site, or to a file and a place in it that are there."""
    parts = urlsplit(link.replace("&amp;", "&"))
    if parts.scheme or parts.netloc or link == "#":
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return False
    return not parts.fragment or target not in places or unquote(parts.fragment) in places[target]


if __name__ == "__main__":
    sys.exit(main())
