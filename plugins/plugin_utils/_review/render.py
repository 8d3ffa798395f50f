# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Render an access review as Markdown, CSV and HTML, so that text of others stays text in each. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from ansible_collections.waldur.provider.plugins.plugin_utils._markdown import escape_block, escape_prose, format_code
from ansible_collections.waldur.provider.plugins.plugin_utils._report.templates import make_environment, render_page
from ansible_collections.waldur.provider.plugins.plugin_utils._report.values import (
    NOTHING,
    format_count,
    format_name,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._review.grants import Review, ReviewedGrant

DEFAULT_TITLE = "Access review"
NO_DOCUMENT = "The review was made without a document."
_ENVIRONMENT = make_environment(Path(__file__).parent)
# The places behind the characters at which long names can be broken.
_WORDS = re.compile(r"(?<=[._@])")
# What spreadsheets take for a formula at the start of a cell, in full width too, and the characters before it that
# they skip.
_FORMULA = tuple("=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}")
_FORMULA += ("\N{FULLWIDTH COMMERCIAL AT}",)
_COLUMNS = ("Service provider", "User", "E-mail", "Role", "Since", "Until", "Days left", "In the document", "Planned")


def render_csv(review: Review) -> str:
    """Return one line for each role grant, below a line with the names of the columns.

    A text that a spreadsheet would take for a formula starts with an apostrophe.
    """
    file = StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([field.name for field in fields(ReviewedGrant)])
    for row in review.as_rows():
        writer.writerow([_format_cell(value) for value in row.values()])
    return escape_block(file.getvalue())


def _format_cell(value: str | int | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value)
    # A number of ours may be negative.
    return f"'{text}" if isinstance(value, str) and text.lstrip().startswith(_FORMULA) else text


def render_markdown(review: Review, *, title: str, read_at: str, soon: str) -> str:
    """Return a table of what ends within *soon*, of what is not in the document, and of all role grants."""
    parts = [
        f"# {escape_prose(title) or DEFAULT_TITLE}",
        f"Read from Waldur on {read_at}: {summarize(review)}.",
        *_unread_section(review),
        f"## Ended, or ends within {soon}",
        _table(review.ending) or f"No role grant ends within {soon}.",
        "## Not in the document",
        _table(review.not_in_document) or _explain_none(review),
        "## All role grants",
        _table(review.grants) or "There are no role grants.",
    ]
    return "\n\n".join(parts) + "\n"


def summarize(review: Review) -> str:
    """Return the numbers of role grants and service providers in words."""
    grants = format_count(len(review.grants), "role grant", "role grants")
    return f"{grants} on {format_count(len(review.providers), 'service provider', 'service providers')}"


def _explain_none(review: Review) -> str:
    return "The document keeps every role grant." if review.has_document else NO_DOCUMENT


def _unread_section(review: Review) -> Iterator[str]:
    if review.unread:
        yield "## Could not be read"
        yield "\n".join(f"- {format_code(provider.name)}: {format_code(provider.reason)}" for provider in review.unread)


def _table(grants: Sequence[ReviewedGrant]) -> str:
    """Return a table of role grants, an empty text for none."""
    if not grants:
        return ""
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    lines += ["| " + " | ".join(_cells(grant)) + " |" for grant in grants]
    return "\n".join(lines)


def _cells(grant: ReviewedGrant) -> Iterator[str]:
    user = format_code(grant.user)
    yield format_code(grant.service_provider)
    yield user if grant.username in ("", grant.user) else f"{user} ({format_code(grant.username)})"
    yield format_code(grant.email) or NOTHING
    yield format_code(grant.role)
    yield format_day(grant.granted)
    yield format_day(grant.expiration_time, "never")
    yield describe_days(grant) or NOTHING
    yield {True: "yes", False: "**no**", None: NOTHING}[grant.in_document]
    yield format_code(grant.planned) or NOTHING


def format_day(timestamp: str | None, missing: str = NOTHING) -> str:
    """Return the day of a timestamp of a review, with the time unless that is midnight."""
    if not timestamp:
        return missing
    day, _separator, time = timestamp.partition("T")
    return day if time == "00:00:00Z" else f"{day} {time[:5]}"


def describe_days(grant: ReviewedGrant) -> str:
    """Return the days until a role grant ends, or that it has ended."""
    if grant.days_left is None:
        return ""
    return "ended" if grant.status == "ended" else f"{grant.days_left:,}"


def break_words(name: str) -> Markup:
    """Return a name as HTML that a browser breaks after dots, underscores and at signs, if it must break it."""
    return Markup("<wbr>").join(escape(word) for word in _WORDS.split(name))


def render_html(review: Review, *, title: str, read_at: str, soon: str) -> str:
    """Return a page of HTML that needs no other file."""
    context: dict[str, Any] = {
        "title": format_name(title) or DEFAULT_TITLE,
        "read_at": read_at,
        "soon": soon,
        "review": review,
        "summary": summarize(review),
        "explain_none": _explain_none(review),
        "break_words": break_words,
        "format_day": format_day,
        "describe_days": describe_days,
        "providers": review.by_provider(),
    }
    return render_page(_ENVIRONMENT, "review.html.j2", context)
