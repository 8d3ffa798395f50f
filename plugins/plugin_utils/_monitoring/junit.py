# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drift as JUnit XML: each service provider is a test suite, and each difference a case that fails. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import escape_invisible
from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import escape_block
from ansible_collections.waldur.provider.plugins.plugin_utils._monitoring.drift_report import parse_report
from ansible_collections.waldur.provider.plugins.plugin_utils._plan_text.differences import render_line, render_values

_TITLE = "Waldur service providers"
_CHECK = "Compare Waldur with the document"
_MATCHES = "matches the document"


def render_junit(drift: Any, service_providers: Any = None) -> str:
    """Return drift as JUnit XML. Raises ``InvalidInput`` for what is not the content of ``drift.json``.

    A provider without drift has one case that passes. A check that was not possible is one case with an error.
    """
    report = parse_report(drift, service_providers)
    root = Element("testsuites", name=_TITLE)
    if report.has_failed:
        case = _add_case(_add_suite(root, _TITLE), _TITLE, _CHECK)
        SubElement(case, "error", message=_clean(report.message), type="error").text = _clean(report.message)
    names = Counter(name for name, _uuid in report.changes)
    for (name, uuid), changes in report.changes.items() if not report.has_failed else ():
        label = _clean(f"{name} ({uuid})" if names[name] > 1 else name)
        suite = _add_suite(root, label)
        for change in changes:
            case = _add_case(suite, label, change.kind.describe_one(change.action, change.name))
            message = _clean(render_values(change) or change.action.label)
            line = _clean(render_line(change, set()))
            SubElement(case, "failure", message=message, type=change.action.name).text = line
        if not changes:
            _add_case(suite, label, _MATCHES)
    for element in [root, *root.findall("testsuite")]:
        _add_counts(element)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add_suite(root: Element, name: str) -> Element:
    return SubElement(root, "testsuite", name=name)


def _add_case(suite: Element, class_name: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=class_name, name=_clean(name))


def _add_counts(element: Element) -> None:
    element.set("tests", str(len(list(element.iter("testcase")))))
    element.set("failures", str(len(list(element.iter("failure")))))
    element.set("errors", str(len(list(element.iter("error")))))


def _clean(text: str) -> str:
    """Return text without the characters that XML can't represent, and without the marks of a template."""
    return escape_block(escape_invisible(text))
