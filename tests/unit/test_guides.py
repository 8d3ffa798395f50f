# SPDX-License-Identifier: GPL-3.0-or-later
"""How guides are parsed and run, and which errors are reported where a guide does not agree with the result."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from guide_runner import (
    GUIDES_FOLDER,
    Command,
    Edition,
    File,
    Guide,
    GuideError,
    GuideRunner,
    find_missing_line,
    parse_guide,
    read_guides,
    split_ansible_command,
    undo_old_format,
)

TOKEN = "a1b2c3d4e5"


def guide(text: str) -> Guide:
    return parse_guide("made_up", textwrap.dedent(text))


def test_files_commands_and_editions_are_read_in_their_order_with_their_lines() -> None:
    parsed = guide("""\
        .. simulator: 2024

        Title
        =====

        .. code-block:: yaml
           :caption: group_vars/all.yml

           ---
           list:
             - 1

        * In a list:

          .. code-block:: console

             $ ansible localhost \\
                 -m ping

             localhost | SUCCESS
             ...
             $ false
             # exit code: 1

        .. code-block:: shell

           export NOT=run
        """)
    assert parsed.steps == (
        Edition(1, "2024"),
        File(6, "group_vars/all.yml", "---\nlist:\n  - 1\n"),
        Command(17, "ansible localhost -m ping", 0, ("localhost | SUCCESS",)),
        Command(22, "false", 1),
    )
    assert parsed.installs_collection is False


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (".. code-block:: console\n\n   no prompt\n", "line 3: a console block begins with a command"),
        (".. code-block::\n\n   x\n", "line 1: only code-block with a language"),
        (".. code:: console\n\n   $ true\n", "line 1: only code-block with a language"),
        (".. code-block:: yaml\n   :caption: ../x\n\n   x\n", "line 1: the file ../x must lie in the reader's folder"),
        (".. code-block:: yaml\n   :caption: /etc/x\n\n   x\n", "line 1: the file /etc/x must lie in"),
    ],
)
def test_a_block_that_would_silently_not_be_run_is_refused(block: str, why: str) -> None:
    with pytest.raises(GuideError, match=why):
        guide(block)


OUTPUT = "\nPLAY [one] *****\n\n  changed:   true\n  by: alice at 12:31\nPLAY RECAP **\n"


@pytest.mark.parametrize(
    ("expected_lines", "first_missing"),
    [
        (("PLAY [one] *****", "PLAY RECAP **"), None),
        (("  changed: true",), None),
        (("  by: alice at ...", "PLAY ... **"), None),
        (("PLAY RECAP **", "PLAY [one] *****"), "PLAY [one] *****"),
        (("PLAY RECAP **", "PLAY RECAP **"), "PLAY RECAP **"),
        (("changed: true",), "changed: true"),
        (("PLAY [o...",), None),
        (("PLAY [o",), "PLAY [o"),
        (("PLAY .one. *****",), "PLAY .one. *****"),
    ],
)
def test_output_must_contain_the_expected_lines_in_their_order(
    expected_lines: tuple[str, ...], first_missing: str | None
) -> None:
    assert find_missing_line(expected_lines, OUTPUT) == first_missing


def test_the_old_format_of_ansible_is_undone() -> None:
    output = """\
[WARNING]: fields: no row has the field 'customer_slug', so it is null in all
rows.
localhost | FAILED! => {"msg": "set it to {user: \\"member1\\"}."}
[WARNING]: short
TASK [Next]
"""
    assert undo_old_format(output).splitlines() == [
        "[WARNING]: fields: no row has the field 'customer_slug', so it is null in all rows.",
        'localhost | FAILED! => {"msg": "set it to {user: "member1"}."}',
        "[WARNING]: short",
        "TASK [Next]",
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("ansible localhost -a 'a=1 b=2'", ({}, ["ansible", "localhost", "-a", "a=1 b=2"])),
        ("ansible-playbook x.yml -e @y.yml", ({}, ["ansible-playbook", "x.yml", "-e", "@y.yml"])),
        ("A=1 B='c d' ansible-playbook x.yml", ({"A": "1", "B": "c d"}, ["ansible-playbook", "x.yml"])),
        ("ansible-playbook x.yml > plan.txt", None),
        ("ansible-playbook $FILE", None),
        ("ansible-playbook ~/x.yml", None),
        ("A=$B ansible-playbook x.yml", None),
        ("A=1 cat x.yml", None),
        ("A=1", None),
        ("ansible-galaxy collection list", None),
        ("cat x.yml", None),
    ],
)
def test_only_an_ansible_command_without_shell_syntax_runs_without_a_shell(
    command: str, expected: tuple[dict[str, str], list[str]] | None
) -> None:
    assert split_ansible_command(command) == expected


@dataclass
class Waldur:
    url: str
    tokens: dict[str, str]

    def token(self, alias: str) -> str:
        return self.tokens[alias]


def print_arguments(command: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Return the arguments, the folder and the URL as output."""
    return 0, f"{' '.join(command)} in {folder.name} of {environment['WALDUR_API_URL']}\n"


def make_runner(folder: Path) -> GuideRunner:
    def start_simulator(year: str) -> Waldur:
        return Waldur(f"http://127.0.0.1:{year}", {"staff": TOKEN, "owner": "f6g7h8i9j0"})

    return GuideRunner(folder, {"PATH": os.environ["PATH"]}, start_simulator, print_arguments)


def test_a_guide_starts_with_an_empty_home_and_keeps_the_environment_between_commands(tmp_path: Path) -> None:
    make_runner(tmp_path).run(
        guide("""\
        .. code-block:: yaml
           :caption: ~/.config/waldur/profiles.yml

           url: https://waldur.example.org/api/
           token: token-of-owner

        .. code-block:: console

           $ cat "$HOME/.config/waldur/profiles.yml" | sed "s/: f6.*/: hidden/"
           url: https://waldur.example.org/api/
           token: hidden
           $ ls -A ~
           .ansible
           .config
           $ mkdir deep && cd deep && export KEPT=yes
           $ echo "$KEPT" && pwd && echo "$WALDUR_API_URL"
           yes
           .../folder/deep
           https://waldur.example.org
           $ ansible all
           adhoc all in deep of https://waldur.example.org
           $ exit 3
           # exit code: 3
        """)
    )
    assert "f6g7h8i9j0" in (tmp_path / "home/.config/waldur/profiles.yml").read_text()


def test_a_guide_that_installs_the_collection_starts_with_a_checkout_only(tmp_path: Path) -> None:
    make_runner(tmp_path).run(
        guide("""\
        .. code-block:: console

           $ ls -A ~ | wc -l && echo ansible-galaxy collection install
           0
           $ cat ansible-waldur-provider/galaxy.yml
           namespace: waldur
        """)
    )


def test_the_edition_that_a_guide_names_is_used_for_the_steps_after_it(tmp_path: Path) -> None:
    make_runner(tmp_path).run(
        guide("""\
        .. code-block:: console

           $ echo ${WALDUR_API_URL#http} | tr . -
           ://127-0-0-1:2025

        .. simulator: 2024

        .. code-block:: console

           $ echo ${WALDUR_API_URL#http} | tr . -
           ://127-0-0-1:2024
        """)
    )


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("echo yes\n   no", "line 3: $ echo yes\nThis line is not in what it printed, or not at its place:\nno\n"),
        ("exit 2", "line 3: $ exit 2\nIt ends with 2, and the guide says 0."),
        ("true\n   # exit code: 4", "line 3: $ true\nIt ends with 0, and the guide says 4."),
        ("echo $WALDUR_ACCESS_TOKEN", "line 3: $ echo $WALDUR_ACCESS_TOKEN\nA token was printed."),
        ("echo token-of-owner > file", "a token is in folder/file at its end."),
    ],
)
def test_what_is_not_as_the_guide_says_is_reported_with_its_line_and_without_tokens(
    tmp_path: Path, command: str, why: str
) -> None:
    with pytest.raises(GuideError) as caught:
        make_runner(tmp_path).run(guide(f".. code-block:: console\n\n   $ {command}\n"))
    assert why in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_every_guide_begins_as_antsibull_and_readers_expect() -> None:
    paths = sorted(GUIDES_FOLDER.glob("*.rst"))
    assert paths
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert any("License-Identifier: GPL-3.0-or-later" in line for line in lines[:4]), path.name
        assert f".. _ansible_collections.waldur.provider.docsite.{path.stem}:" in lines, path.name
        at = lines.index(".. contents::")
        assert lines[at + 1 : at + 3] == ["   :local:", "   :depth: 2"], path.name
    assert read_guides()


@pytest.mark.parametrize("parsed", read_guides(), ids=lambda parsed: parsed.name)
def test_every_guide_says_where_it_needs_a_fresh_simulator_and_how_to_get_it(parsed: Guide) -> None:
    lines = (GUIDES_FOLDER / f"guide_{parsed.name}.rst").read_text(encoding="utf-8").splitlines()
    text = "\n".join(lines)
    assert "fresh" in text
    assert "``make simulator``" in text
    # The simulator prints twenty tokens.
    assert "the token of ``staff``" in text or "a staff token" in text
    for step in parsed.steps:
        if isinstance(step, Edition):
            assert "fresh simulator" in lines[step.line - 3]
            assert f"``make simulator EDITION={step.year}``" in lines[step.line - 3]


def test_make_simulator_takes_the_year_that_guides_give_it() -> None:
    makefile = (GUIDES_FOLDER.parents[2] / "Makefile").read_text(encoding="utf-8")
    assert "-m simulator --shell $(if $(EDITION),--edition $(EDITION))" in makefile


def test_every_guide_is_in_the_list_of_guides_once() -> None:
    listed = yaml.safe_load((GUIDES_FOLDER.parent / "extra-docs.yml").read_text(encoding="utf-8"))
    names = [name for section in listed["sections"] for name in section["toctree"]]
    assert sorted(names) == sorted(path.stem for path in GUIDES_FOLDER.glob("*.rst"))
