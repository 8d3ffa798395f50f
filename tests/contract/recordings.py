# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded exchanges: one JSON object a line, in the order in which they were sent."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from typing import Any
from urllib.parse import urlsplit

RECORDED = pathlib.Path(__file__).with_name("recordings.jsonl")
# The server that was recorded; its URLs stand in requests and answers.
RECORDED_HOST = "http://127.0.0.1:8000"
UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back: ``headers`` by lower-case name, ``body`` parsed where it is JSON and text elsewhere."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclasses.dataclass(frozen=True)
class Exchange:
    """One line of a file. ``line`` is the request as it was written down, ``answer`` is None where only the request is.

    ``fresh`` says that the world was put back to its start just before.
    """

    seq: int
    name: str
    method: str
    path: str
    fresh: bool
    line: dict[str, Any]
    answer: Answer | None

    @property
    def route(self) -> str:
        """Method and path without its values, such as ``GET /api/roles/{uuid}/``."""
        return f"{self.method} {UUID.sub('{uuid}', urlsplit(self.path).path)}"


def load(file: pathlib.Path = RECORDED) -> list[Exchange]:
    """The exchanges of *file*; raises ``OSError``, ``ValueError`` or ``KeyError`` when it is not such a file."""
    return [_exchange(json.loads(text)) for text in file.read_text(encoding="utf-8").splitlines() if text.strip()]


def _exchange(line: dict[str, Any]) -> Exchange:
    answer = line.pop("answer", None)
    if answer is not None:
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        answer = Answer(answer["status"], headers, answer["body"])
    fresh = line.get("world") == "fresh"
    return Exchange(line["seq"], line["name"], line["method"], line["path"], fresh, line, answer)
