# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulator prints when it is ready."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]


def test_the_lines_for_a_shell_set_the_url_and_the_token_of_staff(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "--until-eof", "--shell"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=TESTS, text=True) as process:
        assert process.stdin
        assert process.stdout
        first = [process.stdout.readline() for _line in range(4)]
        process.stdin.close()
        lines = [*first, *process.stdout]
    assert [line.split("=")[0] for line in lines if not line.startswith("#")] == [
        "export WALDUR_API_URL",
        "export WALDUR_ACCESS_TOKEN",
    ]
    assert any(line.split()[1:2] == ["owner"] for line in lines)
    pasted = tmp_path / "pasted.sh"
    pasted.write_text("".join(lines) + 'echo "$WALDUR_API_URL $WALDUR_ACCESS_TOKEN"\n')
    shell = ["sh", "-eu", str(pasted)]
    url, token = subprocess.run(shell, capture_output=True, text=True, check=True).stdout.split()
    assert url.startswith("http://127.0.0.1:")
    assert token not in ("", "staff")
    assert sum(token in line for line in lines) == 1, "two users with one token"
