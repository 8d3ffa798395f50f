# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings as reports that CI systems show: JUnit XML and GitLab Code Quality. Both are the same for the same findings.

They hold no time, so that a report changes only when the documents do.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from xml.etree import ElementTree

from .._common.yaml_files import CONTROLS
from .findings import Finding, ValidationResult

_SUITE = "waldur.provider.validate"


def render_junit(validation: ValidationResult) -> bytes:
    """Return a JUnit report: one test case for each file, failed if it has findings."""
    by_file: dict[str, list[Finding]] = {file: [] for file in validation.files}
    for finding in validation.findings:
        by_file[finding.file].append(finding)
    failures = sum(bool(findings) for findings in by_file.values())
    counts = {"tests": str(len(by_file)), "failures": str(failures), "errors": "0"}
    root = ElementTree.Element("testsuites", {"name": _SUITE, **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": _SUITE, **counts, "skipped": "0"})
    for file, findings in by_file.items():
        # GitLab shows the attribute file and links it.
        case = ElementTree.SubElement(suite, "testcase", {"classname": _SUITE, "name": file, "file": file, "time": "0"})
        if findings:
            number = f"{len(findings)} {'error' if len(findings) == 1 else 'errors'}"
            failure = ElementTree.SubElement(case, "failure", {"message": number, "type": findings[0].rule})
            failure.text = "\n".join(_printable(str(finding)) for finding in findings)
    ElementTree.indent(root)
    text = str(ElementTree.tostring(root, "unicode"))
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def render_code_quality(validation: ValidationResult) -> bytes:
    """Return a report for GitLab Code Quality: a JSON list with one object for each finding."""
    seen: Counter[str] = Counter()
    report = []
    for finding in validation.findings:
        # Without the position, so that an error stays the same one when lines are added above it.
        identity = "\n".join((finding.file, finding.place, finding.rule, finding.message))
        seen[identity] += 1
        report.append(
            {
                "description": finding.message,
                "check_name": finding.rule,
                "fingerprint": hashlib.sha256(f"{identity}\n{seen[identity]}".encode()).hexdigest(),
                "severity": "major",
                "location": {
                    "path": finding.file,
                    "lines": {"begin": finding.line},
                    "positions": {"begin": {"line": finding.line, "column": finding.column}},
                },
            }
        )
    return json.dumps(report, indent=2, ensure_ascii=False).encode() + b"\n"


def _printable(text: str) -> str:
    """Return ``text`` without the characters that XML does not allow, which are those that YAML does not allow."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
