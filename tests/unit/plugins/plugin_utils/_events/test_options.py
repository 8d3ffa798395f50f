# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the event source: what is accepted, and which error names what is wrong."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from messages import message, prefix

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.plugin_utils._events.options import OPTIONS, Settings, parse_settings

GIVEN = {"api_url": "https://waldur.example.org/api/", "access_token": "token-of-staff", "cursor": "/state/c.json"}


def parse(**options: Any) -> Settings:
    return parse_settings({**GIVEN, **options}, {})


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = parse()
    assert settings == Settings(settings.connection, "/state/c.json")
    assert settings.owner.as_dict() == {
        "api_url": "https://waldur.example.org",
        "service_providers": None,
        "kinds": None,
    }


def test_all_options_are_read() -> None:
    settings = parse(
        service_providers=["ACME", "Beta", "ACME"],
        kinds="role",
        first_run="replay",
        interval="5",
        max_interval=2,
        overlap=3,
        full_interval=4,
        commit_delay=6,
        expiring_within="12h",
    )
    assert settings.service_providers == ("ACME", "Beta")
    assert settings.kinds == ("role",)
    assert settings.is_replayed
    numbers = (
        settings.interval,
        settings.max_interval,
        settings.overlap,
        settings.full_interval,
        settings.commit_delay,
    )
    assert numbers == (5, 5, 3, 4, 6)
    assert settings.expiring_within == timedelta(hours=12)


def test_null_and_the_empty_text_mean_that_an_option_is_not_set() -> None:
    """A rulebook passes such values on from its variables."""
    assert parse(service_providers=None, kinds="", expiring_within="", interval=None) == parse()


def test_options_of_ansible_rulebook_itself_are_no_errors() -> None:
    assert parse(feedback=True, eda_feedback_queue=object()) == parse()


def test_a_relative_cursor_starts_in_the_working_directory_and_a_tilde_at_home() -> None:
    assert parse(cursor="c.json").cursor == os.path.abspath("c.json")
    assert parse(cursor="~/c.json").cursor == os.path.expanduser("~/c.json")


def test_the_connection_may_come_from_the_environment() -> None:
    environment = {"WALDUR_API_URL": "https://other.example.org", "WALDUR_ACCESS_TOKEN": "token-of-owner"}
    assert parse_settings({"cursor": "c"}, environment).connection.api_url == "https://other.example.org"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"intervall": 5},
            message(
                "key_unknown",
                option="waldur.provider.changes",
                key_name="intervall",
                suggestion="interval",
                known=", ".join(OPTIONS),
            ),
        ),
        ({"cursor": None}, message("cursor_missing")),
        ({"kinds": ["account"], "expiring_within": "14d"}, message("expiring_without_roles")),
        ({"service_providers": []}, message("selection_empty", option="service_providers")),
        ({"kinds": []}, message("selection_empty", option="kinds")),
        ({"interval": "1.5"}, message("whole_number_required", option="interval", value="'1.5'")),
    ],
)
def test_an_option_that_can_not_be_used_is_named(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(**options)
    assert caught.value.message == expected


@pytest.mark.parametrize(
    ("option", "value", "choices"),
    [
        ("kinds[1]", ["role", "roles"], "service_provider or role or account or provider_account"),
        ("first_run", "loud", "silent or replay"),
    ],
)
def test_an_unknown_choice_is_an_error(option: str, value: Any, choices: str) -> None:
    wrong = value[-1] if isinstance(value, list) else value
    with pytest.raises(InvalidInput, match=prefix("choice_invalid", option=option, choices=choices, value=wrong)):
        parse(**{option.partition("[")[0]: value})


def test_a_missing_token_says_where_to_set_it() -> None:
    with pytest.raises(InvalidInput, match=prefix("source_without_connection", option="access_token")):
        parse_settings({"cursor": "c", "api_url": "https://waldur.example.org"}, {})


def test_a_duration_that_is_not_valid_is_an_error() -> None:
    with pytest.raises(InvalidInput, match=prefix("duration_invalid", option="expiring_within", value="soon")):
        parse(expiring_within="soon")
