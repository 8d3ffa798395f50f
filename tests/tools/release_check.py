# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection from what git knows, and checks that it is fit for release: ``release_check.py [STEP …]``.

Each step says in one line what passed; the first thing that is wrong ends it. Without names all steps run, in the
order below; ``build`` runs always. All work is done in a temporary folder with an empty home. ``release_rules.py``
holds the rules.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from tools.release_rules import (
    COLLECTION,
    REFERRED,
    dead_links,
    documentation_complaints,
    foreign_holders,
    importer_complaints,
    licence_faults,
    needless,
    oversize,
    release_faults,
    versions_added,
)

from simulator_process import Simulator

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "ansible_collections/waldur/provider"
RUN_FROM = ("meta", "plugins", "roles", "playbooks", "MANIFEST.json", "FILES.json")
IMPORTER = """\
[galaxy-importer]
check_required_tags = True
check_changelog = True
require_v1_or_greater = True
run_ansible_doc = True
run_ansible_lint = True
offline_ansible_lint = True
log_level_main = INFO
"""


class Unfit(Exception):
    """What keeps this from being released, in words."""


@dataclass(frozen=True)
class Place:
    """The folders of one check, below a temporary one."""

    top: Path

    @property
    def export(self) -> Path:
        """What git knows of the checkout, and nothing else, in a path that Ansible's tools take for a collection."""
        return self.top / "export" / FOLDER

    @property
    def installed(self) -> Path:
        """The collection as ansible-galaxy installed it."""
        return self.top / "installed" / FOLDER

    @property
    def artifact(self) -> Path:
        """The file that would be uploaded."""
        return self.top / f"waldur-provider-{self.version}.tar.gz"

    @property
    def version(self) -> str:
        """The version that galaxy.yml names."""
        return str(yaml.safe_load((self.export / "galaxy.yml").read_text(encoding="utf-8"))["version"])

    def members(self) -> dict[str, int]:
        """The sizes of the artifact's files; raises :exc:`Unfit` where anything but files and folders is in it."""
        with tarfile.open(self.artifact) as archive:
            odd = [member.name for member in archive if not (member.isfile() or member.isdir())]
            if odd:
                raise Unfit(f"links or devices are in the artifact: {', '.join(odd)}")
            return {member.name: member.size for member in archive if member.isfile()}


def environment(place: Place, collections: Path) -> dict[str, str]:
    """An environment that knows the *collections* and no other ones, an empty home folder, and no Waldur."""
    home = place.top / "home"
    home.mkdir(exist_ok=True)
    (home / "ansible.cfg").touch()
    foreign = ("ANSIBLE_", "WALDUR_", "GALAXY_", "XDG_", "PYTHON", "DEMO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_NOCOLOR": "true",
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "REUSE_ENCODING_MODULE": "charset_normalizer",  # the default wants a library of the operating system
    }


def run(place: Place, words: list[str], *, cwd: Path, collections: Path, good: bool | None = True, **more: str) -> str:
    """What a command printed; raises :exc:`Unfit` with it where it ended with 0 and *good* is false, or the reverse.

    Where *good* is None, only the text tells.
    """
    program = str(Path(sys.executable).with_name(words[0]))
    done = subprocess.run(
        [program, *words[1:]],
        cwd=cwd,
        env=environment(place, collections) | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if good is not None and (done.returncode == 0) != good:
        raise Unfit(f"{' '.join(words)} ended with {done.returncode} and said:\n{done.stdout[-6000:]}")
    return done.stdout


def demand(faults: list[str], what: str) -> None:
    """Raise :exc:`Unfit` where there are any *faults*, one a line."""
    if faults:
        raise Unfit("\n  ".join([f"{what}:", *faults]))


# --- the steps -------------------------------------------------------------------------------------------------------


def build(place: Place) -> str:
    """An artifact from what git knows, and its installation."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], check=True, stdout=subprocess.PIPE, text=True)
    names = [name for name in listed.stdout.split("\0") if name and os.path.lexists(ROOT / name)]
    for name in names:
        (place.export / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, place.export / name, follow_symlinks=False)
    nowhere = place.top / "nowhere"
    command = ["ansible-galaxy", "collection", "build", "--output-path", str(place.top)]
    run(place, command, cwd=place.export, collections=nowhere)
    target = str(place.top / "installed")
    command = ["ansible-galaxy", "collection", "install", str(place.artifact), "--offline", "-p", target]
    run(place, command, cwd=place.top, collections=nowhere)
    size = place.artifact.stat().st_size
    return f"{place.artifact.name} of {size / 1000:,.0f} kB from {len(names)} files of git, and installed"


def contents(place: Place) -> str:
    """Nothing in the artifact that users don't need, and no link that leads nowhere."""
    members = place.members()
    demand(needless(members), "the artifact holds what users don't need; see build_ignore in galaxy.yml")
    pages = [path for path in members if path.endswith((".md", ".rst"))]
    texts = {path: (place.installed / path).read_text(encoding="utf-8") for path in pages}
    demand(dead_links(texts, members), "links must be https, or lead to files of the artifact")
    demand(oversize(place.artifact.stat().st_size), "the archive is too large; see build_ignore in galaxy.yml")
    largest = max(members, key=lambda path: members[path])
    return f"{len(members)} files, the largest {largest} with {members[largest]:,} bytes; links of {len(pages)} pages"


def alone(place: Place) -> str:
    """The demo's playbook and one by its full name run with nothing but the installed plugins, roles and playbooks."""
    stage = place.top / "stage"
    for name in ("examples", "tests/simulator"):
        shutil.copytree(place.export / name, stage / name)
    shutil.copy2(place.export / "tests/simulator_process.py", stage / "tests")
    missing = run(place, ["ansible-playbook", "examples/apply.yml"], cwd=stage, collections=stage / "build", good=False)
    if f"{COLLECTION}.desired_state" not in missing:
        raise Unfit(f"without the collection its module must not be found, and ansible-playbook said:\n{missing}")
    for name in RUN_FROM:
        (stage / "build" / FOLDER).mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (place.installed / name).is_dir() else shutil.copy2
        copy(place.installed / name, stage / "build" / FOLDER / name)
    seen = [demo(place, folder) for folder in (stage, ROOT)]
    if seen[0] != seen[1]:
        raise Unfit(f"the demo of the artifact shows {seen[0]}, and that of the checkout {seen[1]}")
    return f"demo as in the checkout ({'; '.join(seen[0])}); {planned(place, stage)}"


def demo(place: Place, folder: Path) -> list[str]:
    """Return the summary that the demo in *folder* prints at its end, without the seconds that it took."""
    printed = run(place, ["python", "examples/demo/run.py"], cwd=folder, collections=folder / "build")
    told = printed.rpartition("== Summary")[2].partition("Read next:")[0]
    return [re.sub(r", in [\d.]+ s$", "", " ".join(line.split())) for line in told.splitlines()[2:] if line.strip()]


def planned(place: Place, stage: Path) -> str:
    """The playbook ``waldur.provider.plan`` with the collection in *stage*; says how many changes it planned."""
    with Simulator.start() as simulator:
        printed = run(
            place,
            ["ansible-playbook", f"{COLLECTION}.plan", "-vvvv", "-e", "providers_path=examples/gitops/providers"],
            cwd=stage,
            collections=stage / "build",
            WALDUR_API_URL=simulator.url,
            WALDUR_ACCESS_TOKEN=simulator.tokens["staff"],
        )
        writes = simulator.counts().writes
    loaded = set(re.findall(rf"Loading collection {re.escape(COLLECTION)} from (.+)", printed))
    if loaded != {str(stage / "build" / FOLDER)}:
        raise Unfit(f"the collection was loaded from {sorted(loaded)}")
    changes = len(json.loads((stage / "plan.json").read_text(encoding="utf-8"))["plan"])
    if not changes or writes:
        raise Unfit(f"the plan holds {changes} changes, and {writes} writes were sent")
    return f"{COLLECTION}.plan: {changes} changes; loaded from the installed files alone"


def licences(place: Place) -> str:
    """Every file in git has a licence and the collection's copyright holder."""
    words = ["reuse", "--root", str(place.export), "lint", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", *words],
        env=environment(place, place.top),
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout:
        raise Unfit(f"reuse said:\n{done.stderr}")
    report = json.loads(done.stdout)
    demand(licence_faults(report), "licences (reuse lint)")
    paths = [path for path in place.export.rglob("*") if path.suffix in (".py", ".yml", ".yaml", ".sh", ".j2", ".md")]
    heads = {str(path.relative_to(place.export)): path.read_text(encoding="utf-8")[:500] for path in paths}
    demand(foreign_holders(heads), "other copyright holders than that of REUSE.toml")
    return f"{len(report['files'])} files under {', '.join(report['summary']['used_licenses'])}, of one holder"


def changelog(place: Place) -> str:
    """The changelog is that of a release, and nothing that changed since is missing in it."""
    folder = place.top / "changelog" / FOLDER
    shutil.copytree(place.export, folder)
    collections = place.top / "changelog"
    run(place, ["antsibull-changelog", "lint"], cwd=folder, collections=collections)
    listed = yaml.safe_load((folder / "changelogs/changelog.yaml").read_text(encoding="utf-8"))
    fragments = [path.name for path in (folder / "changelogs").glob("fragments/*.y*ml")]
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    demand(release_faults(place.version, listed, fragments, today), "the changelog")
    # Playbooks have no documentation, so what is said of them stands in the changelog alone, and must not be removed.
    words = ["antsibull-changelog", "generate", "--reload-plugins", "--refresh-plugins", "prevent-removal"]
    run(place, words, cwd=folder, collections=collections)
    for name in ("CHANGELOG.md", "changelogs/changelog.yaml"):
        if (folder / name).read_bytes() != (place.export / name).read_bytes():
            raise Unfit(f"{name} is not what antsibull-changelog makes of the plugins and the changes: run it")
    cache = yaml.safe_load((folder / "changelogs/.plugin-cache.yaml").read_text(encoding="utf-8"))
    demand([f"{name}: {added}" for name, added in versions_added(cache, place.version).items()], "version_added")
    release = listed["releases"][place.version]
    return f"{place.version} of {release['release_date']}, {len(release['fragments'])} fragments, as generated"


def documentation(place: Place) -> str:
    """The documentation of the installed plugins and the guides, with what they refer to in any collection."""
    words = ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--check-extra-docs-refs"]
    words += ["--validate-collection-refs=all", "--disallow-unknown-collection-refs", "."]
    printed = run(place, words, cwd=place.installed, collections=place.top / "installed", good=None)
    demand(documentation_complaints(printed), "antsibull-docs")
    return f"plugins, roles and guides, with all references; {', '.join(REFERRED)} not at hand"


def ansible_lint(place: Place) -> str:
    """ansible-lint's strictest profile on what was installed, with no rule left out."""
    folder = place.top / "lint" / FOLDER
    shutil.copytree(place.installed, folder)
    words = ["ansible-lint", "--offline", "--profile", "production", "--nocolor"]
    printed = run(place, words, cwd=folder, collections=place.top / "lint")
    demand(re.findall(r"^(?:ERROR|CRITICAL).*", printed, re.MULTILINE), "ansible-lint")
    passed = re.search(r"Passed: 0 failure\(s\), 0 warning\(s\) in (\d+) files", printed)
    if not passed:
        raise Unfit(f"ansible-lint did not say that all passed:\n{printed}")
    return f"{passed.group(1)} files of the artifact, production profile, no failure and no warning"


def importer(place: Place) -> str:
    """What Galaxy does with an upload."""
    settings = place.top / "galaxy-importer.cfg"
    settings.write_text(f"{IMPORTER}ansible_local_tmp = {place.top / 'home/importer'}\n", encoding="utf-8")
    printed = run(
        place,
        ["python", "-m", "galaxy_importer.main", str(place.artifact)],
        cwd=place.top,
        collections=place.top / "nowhere",
        GALAXY_IMPORTER_CONFIG=str(settings),
    )
    playbooks = {path.stem for path in (place.installed / "playbooks").glob("*.yml")}
    demand(importer_complaints(printed, playbooks), "galaxy-importer")
    result = json.loads((place.top / "importer_result.json").read_text(encoding="utf-8"))
    return f"{printed.splitlines()[0]}: {len(result['contents'])} plugins, roles and playbooks, no warning"


STEPS: Mapping[str, Callable[[Place], str]] = {
    "build": build,
    "contents": contents,
    "licences": licences,
    "alone": alone,
    "changelog": changelog,
    "documentation": documentation,
    "ansible-lint": ansible_lint,
    "importer": importer,
}


def main(selected: list[str]) -> int:
    """Run the steps that are named, or all; returns the exit code."""
    unknown = [name for name in selected if name not in STEPS]
    if unknown:
        print(f"release_check.py: there is no step {unknown[0]}, only {', '.join(STEPS)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="release-") as scratch:
        place = Place(Path(scratch).resolve())
        for name, step in STEPS.items():
            if selected and name not in ("build", *selected):
                continue
            began = time.monotonic()
            try:
                passed = step(place)
            except Unfit as problem:
                print(f"{name}: FAILED. {problem}", flush=True)
                return 1
            print(f"{name}: {passed} ({time.monotonic() - began:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
