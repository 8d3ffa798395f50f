# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential type and the project for AWX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

AWX = Path(__file__).resolve().parents[1] / "extensions" / "awx"
PROJECT = AWX / "project"
TYPE: dict[str, Any] = yaml.safe_load((AWX / "credential_type.yml").read_text(encoding="utf-8"))
FIELDS: dict[str, dict[str, Any]] = {field["id"]: field for field in TYPE["inputs"]["fields"]}
FILES: dict[str, str] = TYPE["injectors"]["file"]
VARIABLES: dict[str, str] = TYPE["injectors"]["env"]
