# SPDX-License-Identifier: GPL-3.0-or-later
"""UUIDs and the URLs that hold them, in every form that people and servers write."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common import uuids

HEX = "0123456789abcdef0123456789abcdef"
DASHED = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize("written", [HEX, DASHED, HEX.upper(), DASHED.upper(), f"  {DASHED}\n"])
def test_dashes_case_and_blanks_around_do_not_count(written: str) -> None:
    assert uuids.normalize(written) == HEX


@pytest.mark.parametrize(
    "other",
    [
        "",
        "alice",
        HEX[:-1],
        HEX + "0",
        "g" * 32,
        f"{{{DASHED}}}",
        f"{DASHED}\n{DASHED}",
        "0-1" * 12,
        f"https://waldur.example.org/api/users/{HEX}/",
        None,
        7,
        UUID(HEX),
        [HEX],
    ],
)
def test_what_is_not_the_text_of_a_uuid_is_none(other: Any) -> None:
    assert uuids.normalize(other) is None


@given(st.uuids())
def test_all_spellings_of_a_uuid_are_one(uuid: UUID) -> None:
    spellings = [str(uuid), uuid.hex, str(uuid).upper(), uuid.hex.upper()]
    assert {uuids.normalize(spelling) for spelling in spellings} == {uuid.hex}


@given(st.text())
def test_a_text_is_32_digits_or_no_uuid(text: str) -> None:
    found = uuids.normalize(text)
    assert found is None or UUID(found).hex == found


@pytest.mark.parametrize(
    "url",
    [
        f"https://waldur.example.org/api/customers/{HEX}/",
        f"https://waldur.example.org/api/customers/{HEX}",
        f"https://waldur.example.org/api/customers/{DASHED.upper()}/",
        f"http://other.example.org:8080/api/customers/{HEX}/",
        f"https://example.org/waldur/api/customers/{HEX}/",
        f"/api/customers/{HEX}/",
        f"  /api/customers/{HEX}/ ",
    ],
)
def test_only_the_path_of_a_url_counts(url: str) -> None:
    assert uuids.from_url(url, "customers") == HEX


@pytest.mark.parametrize(
    "url",
    [
        f"https://waldur.example.org/api/users/{HEX}/",
        f"https://waldur.example.org/api/customers/{HEX}/users/",
        f"https://waldur.example.org/api/customers/?uuid={HEX}",
        f"https://waldur.example.org/customers/{HEX}/",
        f"https://waldur.example.org/?next=/api/customers/{HEX}/",
        f"ftp://waldur.example.org/api/customers/{HEX}/",
        "https://waldur.example.org/api/customers/acme/",
        f"api/customers/{HEX}/",
        HEX,
        "",
        None,
        7,
    ],
)
def test_the_url_of_something_else_is_none(url: Any) -> None:
    assert uuids.from_url(url, "customers") is None
