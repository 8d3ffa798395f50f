# SPDX-License-Identifier: GPL-3.0-or-later
"""Redaction: values are masked in every form they can have; keys, our own words and UUIDs stay readable."""

from __future__ import annotations

import html
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote as percent_encoded
from urllib.parse import quote_plus

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils._common import redaction
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import WaldurError, quote
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import Redactor

TOKEN = "0123456789abcdef0123456789abcdef01234567"
ODD = 'a+b/c=d"e&f<g %h\\i'
UUID = "e182aaedb6ae4541956a3c14629abc02"
DASHED = "e182aaed-b6ae-4541-956a-3c14629abc02"


@pytest.mark.parametrize(
    "form",
    [
        ODD,
        percent_encoded(ODD),
        percent_encoded(ODD, safe=""),
        quote_plus(ODD),
        percent_encoded(ODD, safe="")
        .replace("%2B", "%2b")
        .replace("%2F", "%2f")
        .replace("%3D", "%3d")
        .replace("%3C", "%3c"),
        percent_encoded(percent_encoded(ODD, safe=""), safe=""),
        json.dumps(ODD)[1:-1],
        json.dumps(ODD)[1:-1].replace("/", r"\/"),
        repr(ODD)[1:-1],
        html.escape(ODD),
    ],
)
def test_a_secret_is_masked_in_every_form_that_it_can_have_in_a_url_in_json_and_in_html(form: str) -> None:
    for text in (form, f"https://waldur.example.org/api/?token={form}&x=1", f"<{form}>"):
        assert Redactor({ODD}).redact_text(text) == text.replace(form, "********")
        assert Redactor({ODD}).redact_message(text) == text.replace(form, "********")
        assert Redactor({ODD}).redact_data({"a": [text]}) == {"a": [text.replace(form, "********")]}


@pytest.mark.parametrize("key", [TOKEN, f"x-{TOKEN}", percent_encoded(ODD, safe="")])
def test_a_secret_is_masked_where_the_server_or_a_user_makes_a_key_of_it(key: str) -> None:
    places: list[Any] = [{key: 1}, {"account_options": {key: {"a": 1}}}, [{"x": {key: []}}]]
    for data in places:
        shown = json.dumps(Redactor({TOKEN, ODD}).redact_data(data))
        assert key not in shown
        assert "********" in shown


RESULT: dict[str, Any] = {
    "changed": True,
    "service_provider": {"description": "old", "customer_name": "Alpha", "state": "present", "uuid": UUID},
    "plan": [{"kind": "service_provider", "action": "set_username", "name": "Alpha", "id": {"customer": UUID}}],
    "diff": [{"before": "Alpha: description: old\n", "after": "Alpha: description: new\n"}],
    "warnings": ["customer: the description is missing on the service provider."],
    "count": 1,
}


@pytest.mark.parametrize(
    "word", ["description", "customer_name", "service_provider", "set_username", "customer", "provider", "scription"]
)
def test_a_secret_that_is_a_word_of_ours_damages_no_key_and_no_sentence_of_a_result(word: str) -> None:
    assert Redactor({word}).redact_data(RESULT) == RESULT


@pytest.mark.parametrize("word", ["changed", "name", "state", "old", "a", "e"])
def test_a_short_secret_damages_no_key_and_no_part_of_a_word(word: str) -> None:
    shown = Redactor({word}).redact_data(RESULT)
    assert list(shown) == list(RESULT)
    assert list(shown["service_provider"]) == list(RESULT["service_provider"])
    assert shown["service_provider"]["customer_name"] == "Alpha"
    assert shown["plan"] == RESULT["plan"]


@pytest.mark.parametrize("word", ["description", "customer_name", "changed", "name", "qwrtzpsd", "zq7x"])
def test_a_secret_is_masked_as_a_value_even_where_it_is_a_word_of_ours(word: str) -> None:
    data = {"x": word, "y": [f"it is {word}."], "z": {"account_options": {"secret": word}}}
    mask = "********"
    assert Redactor({word}).redact_data(data) == {
        "x": mask,
        "y": [f"it is {mask}."],
        "z": {"account_options": {"secret": mask}},
    }
    assert Redactor({word}).redact_text(f"Waldur said {word}") == f"Waldur said {mask}"


@pytest.mark.parametrize("word", ["description", "customer", "provider", "state"])
def test_an_error_keeps_its_own_words_and_masks_what_it_quotes(word: str) -> None:
    error = WaldurError(
        f"{word}: there is no {word} '{word}': give the {word}.", errors=[f"{word}: '{word}' is not known."], applied=[]
    )
    Redactor({word}).redact_error(error)
    assert error.message == f"{word}: there is no {word} '********': give the {word}."
    assert error.details == {"errors": [message("key_not_known", option=word, key_name="********")], "applied": []}
    assert error.args == (error.message,)


@pytest.mark.parametrize("text", [TOKEN, "qwrtzpsdfg", "Zq7-x_w9"])
def test_any_other_secret_is_masked_in_all_of_an_error(text: str) -> None:
    error = WaldurError(f"{text}: no {text} '{text}' at https://x/{text}/.", errors=[text], applied=[{text: text}])
    Redactor({text}).redact_error(error)
    assert text not in json.dumps([error.message, error.details, *error.args])


@pytest.mark.parametrize("secret", ["e182aaed", "4541956a", "14629abc02", "6a3c1462"])
def test_a_uuid_that_holds_a_short_secret_stays(secret: str) -> None:
    for text in (UUID, DASHED, UUID.upper(), f"https://waldur.example.org/api/users/{UUID}/", f"Alpha ({UUID}): no."):
        assert Redactor({secret}).redact_text(text) == text
        assert Redactor({secret}).redact_data({"uuid": text}) == {"uuid": text}
    assert Redactor({secret}).redact_text(f"{secret} {UUID} {secret}") == f"******** {UUID} ********"


@pytest.mark.parametrize("text", [UUID, DASHED, f"{UUID}abcdef01", f"https://x/{UUID}/"])
def test_a_secret_that_is_a_uuid_or_longer_than_one_is_masked(text: str) -> None:
    secret = text.removeprefix("https://x/").removesuffix("/")
    assert secret not in Redactor({secret}).redact_text(text)


@pytest.mark.parametrize("kept", [4, 12, 20, 39])
@pytest.mark.parametrize("longest", [100, 300])
def test_a_message_that_was_cut_within_a_token_does_not_show_the_half_of_it(kept: int, longest: int) -> None:
    for token in (TOKEN, TOKEN.upper()):
        text = quote("x" * (longest - 1 - kept) + token + "y" * 300, longest)
        assert text.endswith(f"{token[:kept]}…")
        error = WaldurError(f"Waldur gave no valid name ('{text}').", errors=[text])
        Redactor({TOKEN}).redact_error(error)
        for shown in (error.message, error.details["errors"][0], Redactor({TOKEN}).redact_data({"a": [text]})["a"][0]):
            assert token[:kept] not in shown
            assert "********…" in shown


def test_a_text_of_very_many_cuts_is_masked_in_time() -> None:
    begin = time.monotonic()
    assert Redactor({TOKEN}).redact_text("0123…" * 200_000) == "********…" * 200_000
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("kept", [4, 300])
@pytest.mark.parametrize("secret", ["x" * 500_000, "ab" * 250_000], ids=["one character", "two characters"])
def test_the_beginning_of_a_very_long_secret_is_masked_in_time(secret: str, kept: int) -> None:
    begin = time.process_time()
    for text in (f"'{secret[:kept]}…'", f"'-{secret[:kept].upper()}…' and '{secret[:kept]}…'"):
        assert secret[:kept] not in Redactor({secret}).redact_text(text).lower()
        assert Redactor({secret}).redact_text(f"'{secret[1:kept]}-…'") == f"'{secret[1:kept]}-…'"
    assert time.process_time() - begin < 1


def test_a_long_secret_takes_no_group_for_each_encoded_character() -> None:
    secret = "{" * 1000
    for text in (secret, percent_encoded(secret), percent_encoded(secret).lower()):
        assert Redactor({secret}).redact_text(f"<{text}>") == "<********>"
    # The parser of ``re`` takes many times longer for groups than for characters.
    assert redaction._Matcher(frozenset({secret})).pattern.pattern.count("(") < 10


def test_a_token_in_another_case_of_letters_is_masked() -> None:
    for text in (TOKEN.upper(), TOKEN[:20].upper() + TOKEN[20:], percent_encoded(ODD, safe="").upper()):
        assert Redactor({TOKEN, ODD}).redact_text(f"<{text}>") == "<********>"
        assert Redactor({TOKEN, ODD}).redact_data({"a": text}) == {"a": "********"}


@pytest.mark.parametrize(
    "secret",
    ["arning", "e", "warnings", "arnings", "WARNINGS", "hange", "changed", "_provider", "service_", "_provider_uuid"],
)
def test_a_secret_code_that_is_a_part_of_a_key_damages_no_key_of_a_result(secret: str) -> None:
    result = {"changed": True, "warnings": [], "service_provider": {"service_provider_uuid": UUID, "state": "present"}}
    assert Redactor({secret}).redact_data(result) == result
    assert Redactor({secret}).redact_data({**result, "x": secret}) == {**result, "x": "********"}


def test_data_without_a_secret_is_not_copied() -> None:
    data = {"a": [{"b": "c"}]}
    assert Redactor({TOKEN}).redact_data(data) is data
    assert Redactor().redact_data(data) is data


def test_a_secret_that_is_added_later_is_masked_from_then_on() -> None:
    redactor = Redactor({TOKEN})
    assert redactor.redact_text(f"{TOKEN} {ODD}") == f"******** {ODD}"
    redactor.add(ODD)
    redactor.add("")
    assert redactor.secrets == {TOKEN, ODD}
    assert redactor.redact_text(f"{TOKEN} {ODD}") == "******** ********"


def test_secrets_that_several_threads_add_are_all_masked() -> None:
    redactor, secrets = Redactor(), [f"secret-code-{number:04}" for number in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(redactor.add, secrets))
    assert redactor.secrets == set(secrets)


def test_only_the_secrets_that_are_to_be_revealed_stay() -> None:
    redactor = Redactor({TOKEN, ODD})
    assert redactor.without({ODD}).redact_data({"a": [ODD, TOKEN]}) == {"a": [ODD, "********"]}
    assert redactor.redact_data({"a": [ODD, TOKEN]}) == {"a": ["********", "********"]}
