# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the pages of the collection, guides and reference, into ``build/docs``: ``build_docs.py``.

Anything that Sphinx or antsibull-docs warns of fails it, so do a plugin without a page and a link that leads nowhere.
No network is needed: what links to Ansible's documentation is checked against the ansible-core that is installed,
and the few sections of it that are named here.
"""

from __future__ import annotations

import html
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
sys.path.insert(0, str(ROOT / "tests"))
chromium = importlib.import_module("chromium")
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
/* A word of a name may be broken only where nothing else fits. */
.rst-content code.literal, .rst-content a { overflow-wrap: break-word; }
.rst-content code.literal { white-space: normal; max-width: 100%; }
@media screen and (min-width: 769px) {
  .rst-content code.literal .pre { white-space: nowrap; }
  .rst-content code.literal wbr, .rst-content table.ansible-option-table .pre { white-space: normal; }
}
.rst-content table.docutils td { overflow-wrap: break-word; }
.rst-content .figure, .rst-content figure { margin: 0 0 24px; }
.rst-content figure img { max-width: 100%; height: auto; border: 1px solid #e1e4e5; }
/* On paper nothing can be scrolled, and the address of a page on this disk helps nobody. */
@media print {
  .rst-content .wy-table-responsive { overflow: visible; }
  .rst-content table.docutils td, .rst-content table.docutils th { white-space: normal !important; }
  .rst-content a.internal[href]::after { content: none; }
  .rst-content pre { white-space: pre-wrap; }
}
/* On a phone, tables are read by scrolling down, not sideways: each row is a block, each cell below its heading. */
@media screen and (max-width: 768px) {
  .rst-content table.labelled, .rst-content table.labelled tbody, .rst-content table.labelled tr,
  .rst-content table.labelled td, .rst-content table.labelled caption { display: block; width: 100%; }
  .rst-content table.labelled thead, .rst-content table.labelled colgroup { display: none; }
  .rst-content table.labelled tr { padding: 8px 0; }
  .rst-content table.labelled td { border: 0 !important; padding: 2px 12px; white-space: normal !important; }
  .rst-content table.labelled td[data-label]::before {
    content: attr(data-label); display: block; font-size: 80%; font-weight: 700;
  }
  .rst-content table.labelled td:empty { display: none; }
  .rst-content table.ansible-option-table code.literal { overflow-wrap: anywhere; }
}
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
    wrong = [*without_page(PAGES, plugins(ROOT)), *broken_links(PAGES), *foreign_files(PAGES), *search_faults(PAGES)]
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
        index, tasks = SOURCE / "index.rst", SOURCE / "docsite" / "guide_tasks.rst"
        text = with_tasks(tidied(index.read_text(encoding="utf-8")), tasks.read_text(encoding="utf-8"))
        index.write_text(text, encoding="utf-8")
        shutil.copytree(ROOT / "docs" / "pictures", SOURCE / "pictures")
        for guide in (SOURCE / "docsite").glob("*.rst"):
            guide.write_text(with_pictures(guide.read_text(encoding="utf-8")), encoding="utf-8")
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


def with_tasks(index: str, guide: str) -> str:
    """The first page with what the guide on tasks says, above what antsibull-docs writes of the collection."""
    contents = re.compile(r"^\.\. contents::\n(?:   .*\n)+\n", re.MULTILINE)
    body = contents.sub("", re.split(r"^=+\n", guide, maxsplit=1, flags=re.MULTILINE)[1])
    return contents.sub("", index).replace("Description\n-----------\n", f"{body}\nDescription\n-----------\n", 1)


def with_pictures(guide: str) -> str:
    """The guide with its pictures. They are in the repository alone, so in guides each is a comment with its text."""
    return _PICTURE.sub(r".. figure:: /pictures/\1-light.png\n   :alt: \2\n\n   \2", guide)


_PICTURE = re.compile(r"^\.\. picture: ([\w-]+): (.+)$", re.MULTILINE)


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


def label_cells(table: Any) -> None:
    """Gives each cell of a table the text of its column's heading, which phones show above it."""
    nodes = importlib.import_module("docutils.nodes")
    heads = [[entry.astext() for entry in row.findall(nodes.entry)] for row in table.findall(nodes.thead)]
    # Ansible's tables of options have their own form for phones.
    if not heads or "ansible-option-table" in table["classes"]:
        return
    table["classes"].append("labelled")
    for body in table.findall(nodes.tbody):
        for row in body.children:
            for entry, label in zip(row.children, heads[0], strict=False):
                entry["label"] = label


def translator() -> type:
    """Sphinx's writer of HTML, which also writes the labels of cells, and where a name in a cell may be broken."""
    base = importlib.import_module("sphinx.writers.html5").HTML5Translator
    entry = importlib.import_module("docutils.nodes").entry

    def visit_entry(self: Any, node: Any) -> None:
        start = len(self.body)
        base.visit_entry(self, node)
        if "label" in node:
            label = f' data-label="{html.escape(node["label"])}"'
            self.body[start] = re.sub(r"^<\w+", lambda tag: tag[0] + label, self.body[start])

    def visit_Text(self: Any, node: Any) -> None:  # noqa: N802 # the name that docutils gives it
        start = len(self.body)
        base.visit_Text(self, node)
        if any(isinstance(parent, entry) for parent in parents(node)):
            self.body[start:] = map(breakable, self.body[start:])

    return type("Translator", (base,), {"visit_entry": visit_entry, "visit_Text": visit_Text})


def parents(node: Any) -> Iterator[Any]:
    """The nodes that *node* is in."""
    while node.parent is not None:
        node = node.parent
        yield node


def breakable(text: str) -> str:
    """HTML of a text whose long names may be broken behind underscores and dots, instead of anywhere."""
    return re.sub(r"(?<=\w)([_.])(?=\w)", r"\1<wbr>", text)


def label_tables(_app: Any, document: Any, _name: str) -> None:
    """Labels the cells of all tables of a page."""
    for table in document.findall(importlib.import_module("docutils.nodes").table):
        label_cells(table)


def setup(app: Any) -> None:
    """Tells Sphinx how tables and commands are shown.

    Commands follow ``$`` alone: for Pygments ``#`` is a prompt too, and comments are printed.
    """
    app.set_translator("html", translator(), override=True)
    app.connect("doctree-resolved", label_tables)
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


def without_page(pages: Path, names: Iterable[str]) -> list[str]:
    """A sentence for each page that is wanted and not there."""
    return [f"{name}.html: is missing: describe it." for name in names if not (pages / f"{name}.html").is_file()]


def foreign_files(pages: Path) -> list[str]:
    """A sentence for each script, style and picture that a page would load from elsewhere."""
    return [
        f"{path.relative_to(pages)}: loads {address} from elsewhere."
        for path in sorted(pages.rglob("*.html"))
        for address in sorted(set(_LOADED.findall(path.read_text(encoding="utf-8"))))
    ]


_LOADED = re.compile(r'<(?:script|img|link(?=[^>]*stylesheet))\b[^>]*?\b(?:href|src)="((?:https?:)?//[^"]*)"')
# A word that several guides contain, and one that none contains.
_WORDS = {"expiry": True, "nowhere-in-these-pages": False}


def search_faults(pages: Path) -> list[str]:
    """A sentence for each thing that the search lacks, and for each word whose results, by file://, are wrong.

    The words are tried with Chromium; without it, they are left out, and a line says so.
    """
    files = ("search.html", "searchindex.js", "_static/searchtools.js", "_static/language_data.js")
    missing = [f"{name}: is missing, so the search can't work." for name in files if not (pages / name).is_file()]
    if missing:
        return missing
    if chromium.find() is None:
        print(f"The search was not tried. {chromium.MISSING}")
        return []
    return [
        f"search.html: {'finds nothing' if has_results else 'finds something'} for {word}."
        for word, has_results in _WORDS.items()
        if bool(search(pages, word)) is not has_results
    ]


def search(pages: Path, word: str) -> list[str]:
    """The pages that the search finds for *word*, without a server."""
    page = chromium.dump_dom(f"{(pages / 'search.html').as_uri()}?q={word}")
    results = page.partition('class="search"')[2].partition("</ul>")[0]
    return re.findall(r'href="([^"]*)"', results)


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
