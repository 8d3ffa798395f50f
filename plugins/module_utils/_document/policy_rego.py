# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies in Rego, the language of Open Policy Agent, evaluated by the optional library regopy.

A policy is evaluated in a process of its own, which can be ended, and which has no environment variable that a policy
could read. It sends no request: the library has no function for that.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from .._common.errors import InvalidInput, quote
from .._common.json_values import to_plain
from .._common.rules import Rule
from .._plan.policy import Policy, ReviewedPlan, Violation

OPTION = "policy_path"
DENY = "data.waldur.deny"
# In seconds. A plan of 5,000 changes takes less than one, and 1,000 violations take two.
TIME_LIMIT = 60.0
LARGEST_MEMORY = 2 * 1000**3
# Of what the process writes: its answer, and what the policy prints.
_LARGEST_OUTPUT = 10 * 1000**2
_LONGEST = 300
# Texts are encoded, as regopy escapes no quotation marks and control characters in what functions return.
_QUERY = f"""{{
  "type": type_name({DENY}),
  "count": count([one | some one in {DENY}]),
  "texts": [base64.encode(text) | some text in {DENY}; is_string(text)],
  "objects": [[base64.encode(one.message), one.change] |
    some one in {DENY}; is_object(one); count(one) == 2; is_string(one.message); is_number(one.change)]
}}"""
# Reads the request from its input and writes the answer to a file, as policies can print.
_PROGRAM = """\
import contextlib, json, resource, sys
request = json.load(sys.stdin)
sys.path.insert(0, request["library"])
import regopy
interpreter = regopy.Interpreter()
interpreter.query("true")
limits = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": request["largest_output"]}
with contextlib.suppress(OSError):  # the library reserves much address space that it does not use
    with open("/proc/self/statm") as file:
        reserved = int(file.read().split()[0]) * resource.getpagesize()
    limits["RLIMIT_AS"] = reserved + request["largest_memory"]
for name, limit in limits.items():
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(getattr(resource, name), (limit, limit))
answer = {}
try:
    interpreter = regopy.Interpreter()
    interpreter.log_level = regopy.LogLevel.NONE
    # An error of a function would leave a rule without effect, and so a violation unnoticed.
    interpreter.strict_built_in_errors = True
    interpreter.set_input(request["input"])
    interpreter.add_module("policy", request["policy"])
    output = interpreter.query(request["query"])
    answer["ok" if output.ok() else "error"] = str(output)
except (regopy.RegoError, ValueError) as error:
    answer["error"] = str(error)
with open(request["answer"], "w", encoding="utf-8", closefd=False) as file:
    json.dump(answer, file)
"""
# An error of regopy names the file with the offset in it: (error 11:policy.rego|20|2 (errormsg 27:Invalid …)
_ERROR = re.compile(r"\(error [^|]*\|(?P<offset>\d+)\|.*?\(errormsg \d+:(?P<text>.*?)\)\n", re.DOTALL)
_EMPTY_PLAN: dict[str, Any] = {"plan": [], "summary": {}, "warnings": [], "digests": {}}


@dataclass(frozen=True)
class _Denial:
    """A violation as the policy returns it: its message, and the position of its change in the plan, if it has one."""

    message: str
    change: int | None = None


@dataclass(frozen=True)
class RegoPolicy(Policy):
    """A policy in Rego. Its input is the content of plan.json, and what is in the set ``data.waldur.deny`` rejects it.

    That is a text, or an object with a ``message`` and the index of a ``change`` in ``input.plan``.
    """

    name: str
    text: str

    def review(self, plan: ReviewedPlan) -> list[Violation]:
        """Return all violations: those of the whole plan, then by change. Raises ``InvalidInput`` where the policy
        can't be evaluated."""
        denials = self._evaluate(plan.content)
        ordered = sorted(denials, key=lambda denial: (-1 if denial.change is None else denial.change, denial.message))
        return [
            Violation(
                DENY,
                quote(denial.message, _LONGEST),
                None if denial.change is None else plan.changes[denial.change],
                self.name,
            )
            for denial in ordered
        ]

    def _evaluate(self, content: Mapping[str, Any]) -> list[_Denial]:
        answer = _query(self.name, self.text, content)
        try:
            texts = [_Denial(_decode(text)) for text in answer["texts"]]
            objects = [_Denial(_decode(text), _position(index, content)) for text, index in answer["objects"]]
        except (ValueError, TypeError, LookupError):
            raise self._odd_result() from None
        if answer["type"] != "set" or len(texts) + len(objects) != answer["count"]:
            raise self._odd_result()
        return [*texts, *objects]

    def _odd_result(self) -> InvalidInput:
        return InvalidInput(
            f"{self.name}: {DENY} must be a set of texts, or of objects with a message and the index of a change in"
            " input.plan: write rules such as deny contains message if { … }."
        )


def parse_rego(name: str, text: str) -> RegoPolicy:
    """Return the policy of a file in Rego, after evaluating it for an empty plan. Raises ``InvalidInput``."""
    policy = RegoPolicy(name, text)
    policy._evaluate(_EMPTY_PLAN)
    return policy


def _decode(text: str) -> str:
    return base64.b64decode(text).decode(errors="replace")


def _position(index: Any, content: Mapping[str, Any]) -> int:
    """Return the position of a change in the plan. Raises ``ValueError`` if it has no such change."""
    if not isinstance(index, int) or not 0 <= index < len(content["plan"]):
        raise ValueError(index)
    return index


def _query(name: str, text: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to ``_QUERY``. Raises ``InvalidInput``, with the line of an error in the policy."""
    answer = _run(name, text, content)
    if "error" in answer:
        raise _invalid(name, text, answer["error"])
    if answer["ok"] == "undefined":
        raise InvalidInput(f"{name}: does not define {DENY}: write package waldur, and rules for deny.")
    try:
        result: dict[str, Any] = json.loads(answer["ok"])["expressions"][0]
    except (ValueError, LookupError, TypeError):
        raise _invalid(name, text, answer["ok"]) from None
    return result


def _run(name: str, text: str, content: Mapping[str, Any]) -> dict[str, str]:
    """Return what the library answers for a policy: ``ok`` with its output, or ``error``. Raises ``InvalidInput``."""
    specification = importlib.util.find_spec("regopy")
    if specification is None or not specification.origin:
        message = (
            f"{OPTION}: a policy in Rego requires the Python library regopy where the task runs: pip install regopy."
        )
        raise InvalidInput(message)
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as answer:
        request = {
            "library": os.path.dirname(os.path.dirname(specification.origin)),
            "largest_memory": LARGEST_MEMORY,
            "largest_output": _LARGEST_OUTPUT,
            "input": to_plain(content),
            "policy": text,
            "query": _QUERY,
            "answer": answer.fileno(),
        }
        code = _run_program(name, json.dumps(request).encode(), printed, answer)
        if code:
            raise InvalidInput(f"{name}: could not be evaluated, {_describe_exit(code)}: simplify it.")
        if os.fstat(printed.fileno()).st_size:
            raise InvalidInput(f"{name}: prints text: remove its calls of print.")
        answer.seek(0)
        return dict(json.load(answer))


def _run_program(name: str, request: bytes, printed: IO[bytes], answer: IO[bytes]) -> int:
    """Return the exit status of the program. Raises ``InvalidInput`` if it takes too long, or does not start."""
    try:
        # AnsibleModule.run_command is not available here.
        return subprocess.run(  # pylint: disable=ansible-bad-function
            [sys.executable, "-I", "-c", _PROGRAM],
            input=request,
            stdout=printed,
            stderr=printed,
            pass_fds=[answer.fileno()],
            env={},
            timeout=TIME_LIMIT,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        raise InvalidInput(f"{name}: took longer than {TIME_LIMIT:g} seconds: simplify it.") from None
    except OSError as error:
        raise InvalidInput(f"{OPTION}: can't start {quote(sys.executable)}: {error.strerror}.") from None


def _describe_exit(code: int) -> str:
    if code > 0:
        return f"exit status {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


def _invalid(name: str, text: str, answer: str) -> InvalidInput:
    match = _ERROR.search(f"{answer}\n")
    if match is None:
        return InvalidInput(f"{name}: can't be evaluated as Rego: correct it.", rule=Rule.INVALID_VALUE)
    before = text.encode()[: int(match["offset"])].decode(errors="replace")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return InvalidInput(
        f"{name}: line {line}: is not valid Rego ({quote(match['text'], _LONGEST)}): correct it.",
        rule=Rule.INVALID_VALUE,
        position=(line, column),
    )
