# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options: where each is taken from, and that no site's token goes to another."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from messages import begins, ends, mentions, message

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import OPTIONS, base_url, resolve

TOKEN = "0123456789abcdef0123456789abcdef01234567"
OTHER_TOKEN = "fedcba9876543210fedcba9876543210fedcba98"
HERE = {"api_url": "https://here.example.org/api/", "access_token": TOKEN}

Profiles = Callable[..., dict[str, str]]


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    """Writes a file of profiles and gives the environment that names it."""

    def write(content: Any) -> dict[str, str]:
        file = tmp_path / "profiles.yml"
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return {"WALDUR_PROFILES_FILE": str(file)}

    return write


def refusal(*places: Any) -> str:
    with pytest.raises(InvalidInput) as told:
        resolve(*places)
    assert TOKEN not in told.value.message
    assert OTHER_TOKEN not in told.value.message
    return told.value.message


# --- the order of places ---------------------------------------------------------------------------------------------

PLACES = ["option", "variable", "named profile", "environment", "profile of WALDUR_PROFILE"]
VALUES: dict[str, tuple[Any, ...]] = {
    "auth_scheme": ("Token", "Bearer", "Token ", "Bearer ", " Token"),
    "validate_certs": (False, True, "no", "yes", "on"),
    "ca_path": ("/a", "/b", "/c", "/d", "/e"),
    "client_cert": ("/a", "/b", "/c", "/d", "/e"),
    "client_key": ("/a", "/b", "/c", "/d", "/e"),
    "proxy": ("http://a", "http://b", "http://c", "http://d", "http://e"),
    "timeout": (1, 2, 3, "4", 5),
    "retries": (0, 1, 2, "3", 4),
}
CASES = [
    (name, present)
    for name in VALUES
    for size in (1, 2, 3, 4)
    for present in itertools.combinations(range(5), size)
    # A profile named by option or variable replaces the one that WALDUR_PROFILE names.
    if not {2, 4} <= set(present)
]


@pytest.mark.parametrize(
    ("name", "present"), CASES, ids=[f"{name}: {', '.join(PLACES[p] for p in present)}" for name, present in CASES]
)
def test_the_first_place_that_has_an_option_decides(name: str, present: tuple[int, ...], profiles: Profiles) -> None:
    value = VALUES[name]
    options: dict[str, Any] = {**HERE, **({name: value[0]} if 0 in present else {})}
    variables = {name: value[1]} if 1 in present else {}
    environment = profiles({"site": {name: value[2] if 2 in present else value[4]}})
    if 2 in present:
        variables["profile"] = "site"
    if 3 in present:
        environment[f"WALDUR_{name.upper()}"] = str(value[3])
    if 4 in present:
        environment["WALDUR_PROFILE"] = "site"
    found = resolve(options, variables, environment)[name]
    expected = value[present[0]]
    assert found == (str(expected) if present[0] == 3 else expected)


def test_what_is_set_nowhere_is_left_out_so_that_it_gets_its_default() -> None:
    assert resolve(HERE, {}, {}) == HERE
    assert resolve({**HERE, **dict.fromkeys(set(OPTIONS) - set(HERE))}, {}, {}) == HERE


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_value_is_no_value(empty: str | None) -> None:
    found = resolve({**HERE, "proxy": empty}, {"proxy": empty}, {"WALDUR_PROXY": "http://p"})
    assert found["proxy"] == "http://p"


@pytest.mark.parametrize(("name", "value"), [("validate_certs", False), ("retries", 0)])
def test_false_and_zero_are_values(name: str, value: Any) -> None:
    assert resolve({**HERE, name: value}, {name: 7}, {})[name] is value


def test_all_of_the_environment_is_read() -> None:
    names = set(OPTIONS) - {"token_file", "token_command"}
    environment = {f"WALDUR_{name.upper()}": f"value of {name}" for name in names}
    environment["WALDUR_API_URL"] = HERE["api_url"]
    found = resolve({}, {}, environment)
    assert found == {**{name: f"value of {name}" for name in names}, "api_url": HERE["api_url"]}


@pytest.mark.parametrize("option", ["token_file", "token_command"])
def test_the_environment_can_name_a_file_or_a_command_for_the_token(option: str) -> None:
    environment = {"WALDUR_API_URL": HERE["api_url"], f"WALDUR_{option.upper()}": "/run/token"}
    assert resolve({}, {}, environment) == {"api_url": HERE["api_url"], option: "/run/token"}


def test_the_token_has_a_second_name_in_the_environment_that_comes_second() -> None:
    environment = {"WALDUR_API_URL": HERE["api_url"], "WALDUR_API_TOKEN": OTHER_TOKEN}
    assert resolve({}, {}, environment)["access_token"] == OTHER_TOKEN
    assert resolve({}, {}, {**environment, "WALDUR_ACCESS_TOKEN": TOKEN})["access_token"] == TOKEN


# --- profiles --------------------------------------------------------------------------------------------------------


def test_a_profile_holds_any_of_the_options(profiles: Profiles) -> None:
    values = {**HERE, "timeout": 5, "validate_certs": False}
    assert resolve({"profile": "site"}, {}, profiles({"site": values})) == values


def test_a_profile_of_the_option_comes_before_one_of_the_variable_and_of_the_environment(profiles: Profiles) -> None:
    environment = profiles({name: {**HERE, "timeout": name} for name in ("a", "b", "c")})
    environment["WALDUR_PROFILE"] = "c"
    assert resolve({"profile": "a"}, {"profile": "b"}, environment)["timeout"] == "a"
    assert resolve({}, {"profile": "b"}, environment)["timeout"] == "b"
    assert resolve({}, {}, environment)["timeout"] == "c"


def test_a_named_profile_comes_before_the_environment_and_the_profile_of_the_environment_after_it(
    profiles: Profiles,
) -> None:
    environment = profiles({"site": {**HERE, "timeout": 5}})
    environment["WALDUR_TIMEOUT"] = "7"
    assert resolve({"profile": "site"}, {}, environment)["timeout"] == 5
    assert resolve({}, {}, {**environment, "WALDUR_PROFILE": "site"})["timeout"] == "7"


def test_a_profile_that_is_not_used_is_not_read() -> None:
    assert resolve({**HERE, "profile": ""}, {}, {"WALDUR_PROFILES_FILE": "/nowhere", "WALDUR_PROFILE": ""}) == HERE


def test_without_a_file_named_profiles_lie_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".config" / "waldur").mkdir(parents=True)
    (tmp_path / ".config" / "waldur" / "profiles.yml").write_text(yaml.safe_dump({"site": HERE}))
    assert resolve({"profile": "site"}, {}, {}) == HERE


def test_a_missing_file_of_profiles_is_reported_with_its_path_and_what_to_set(tmp_path: Path) -> None:
    told = refusal({"profile": "site"}, {}, {"WALDUR_PROFILES_FILE": str(tmp_path / "none.yml")})
    assert told.startswith(f"profile: can't read {tmp_path / 'none.yml'}: No such file")
    assert "WALDUR_PROFILES_FILE" in told


def test_an_unknown_profile_is_reported_with_those_that_there_are(profiles: Profiles) -> None:
    told = refusal({"profile": "sit"}, {}, profiles({"site": HERE, "other": HERE}))
    assert "has no profile 'sit': it has other, site" in told


@pytest.mark.parametrize("content", ["", "- site", "site", "7"])
def test_a_file_without_profiles_has_none(content: str, profiles: Profiles) -> None:
    assert "has no profile 'site'" in refusal({"profile": "site"}, {}, profiles(content))


@pytest.mark.parametrize("values", [None, "x", 7, [HERE]])
def test_a_profile_must_be_a_mapping(values: Any, profiles: Profiles) -> None:
    told = refusal({"profile": "site"}, {}, profiles({"site": values}))
    assert told.startswith("profile: 'site' in ")
    assert mentions(told, "profile_invalid")


@pytest.mark.parametrize("key", ["token", "api_token", "url", "profile", "verify"])
def test_an_unknown_key_of_a_profile_is_reported_and_its_value_is_not(key: Any, profiles: Profiles) -> None:
    told = refusal({"profile": "site"}, {}, profiles({"site": {**HERE, key: OTHER_TOKEN}}))
    assert told.startswith(f"profile: '{key}' in 'site' of ")
    assert "is not known; known are api_url, access_token" in told


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (f"site:\n  access_token: {TOKEN}\n bad: [", message("yaml_syntax_error", place="line 3")),
        (f"site: {{access_token: {TOKEN}", message("yaml_syntax_error", place="line 2")),
        (f"site: !!python/{TOKEN} {{access_token: {TOKEN}}}", "line 1: site: the tag … is not supported: remove it."),
        (f"[*{TOKEN}]", "line 1: [0]: the alias *… has no anchor &… before it: correct its name."),
    ],
)
def test_a_file_that_is_no_yaml_is_reported_without_a_word_of_what_it_holds(
    content: str, end: str, profiles: Profiles
) -> None:
    assert refusal({"profile": "site"}, {}, profiles(content)).endswith(f"profiles.yml: {end}")


def test_a_file_that_is_no_text_is_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_bytes(b"\xff\xfe\x00site")
    told = refusal({"profile": "site"}, {}, {"WALDUR_PROFILES_FILE": str(tmp_path / "p.yml")})
    assert ends(told, "file_is_utf16")


def test_profiles_without_a_reader_of_yaml_are_reported_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    told = refusal({"profile": "site"}, {}, {"WALDUR_PROFILES_FILE": "/nowhere"})
    assert begins(told, "pyyaml_missing", option="profile", purpose="reading")


# --- URL and token go together ---------------------------------------------------------------------------------------

THERE = {"api_url": "https://there.example.org/", "access_token": OTHER_TOKEN}
WITHIN = {"api_url": "WALDUR_API_URL", "access_token": "WALDUR_ACCESS_TOKEN"}


def split(place: int, key: str, values: dict[str, str], profiles: Profiles) -> tuple[dict[str, Any], ...]:
    """One option alone in one place, and a whole connection in the environment (or in the profile it names)."""
    given: list[dict[str, Any]] = [{}, {}]
    if place < 2:
        given[place] = {key: values[key]}
    environment = profiles({"site": {key: values[key]} if place == 2 else THERE})
    if place == 2:
        given[0] = {"profile": "site"}
    environment.update({WITHIN[name]: THERE[name] for name in THERE})
    return given[0], given[1], environment


@pytest.mark.parametrize("place", [0, 1, 2], ids=PLACES[:3])
@pytest.mark.parametrize("key", ["api_url", "access_token"])
def test_a_token_never_goes_to_the_url_of_another_place(place: int, key: str, profiles: Profiles) -> None:
    told = refusal(*split(place, key, HERE, profiles))
    assert told.startswith("access_token: comes from ")
    assert mentions(told, "token_of_another_place")


@pytest.mark.parametrize("place", [0, 1, 2], ids=PLACES[:3])
@pytest.mark.parametrize(
    "url", ["https://there.example.org", "https://THERE.example.org/api/", "https://there.example.org/api"]
)
def test_places_that_agree_on_the_url_may_share(place: int, url: str, profiles: Profiles) -> None:
    found = resolve(*split(place, "api_url", {"api_url": url}, profiles))
    assert (found["api_url"], found["access_token"]) == (url, OTHER_TOKEN)


@pytest.mark.parametrize(
    "url",
    [
        "http://there.example.org/",
        "https://there.example.org:8443/",
        "https://there.example.org/waldur/",
        "https://x.there.example.org",
    ],
)
def test_another_scheme_port_path_or_host_is_another_url(url: str, profiles: Profiles) -> None:
    told = refusal(*split(0, "api_url", {"api_url": url}, profiles))
    assert "sets another URL (https://there.example.org/)" in told


def test_a_token_from_a_place_without_url_is_refused(profiles: Profiles) -> None:
    told = refusal({"api_url": HERE["api_url"]}, {}, {"WALDUR_ACCESS_TOKEN": TOKEN})
    assert told.startswith(
        "access_token: comes from the environment, which sets no URL, but api_url comes from the task"
    )


def test_a_token_from_another_place_that_names_its_url_too_is_taken() -> None:
    found = resolve({"api_url": HERE["api_url"]}, {**HERE}, {})
    assert found["access_token"] == TOKEN


@pytest.mark.parametrize(("key", "hint"), [("api_url", "WALDUR_API_URL"), ("access_token", "WALDUR_API_TOKEN")])
def test_a_missing_url_or_token_is_reported_with_every_place_to_set_it(key: str, hint: str) -> None:
    told = refusal({name: value for name, value in HERE.items() if name != key}, {}, {})
    assert begins(told, "option_missing", option=key, variable=key, environment=f"WALDUR_{key.upper()}")
    assert hint in told
    assert "profile" in told


# --- the URL ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("https://waldur.example.org", "https://waldur.example.org"),
        ("https://waldur.example.org/", "https://waldur.example.org"),
        ("https://waldur.example.org/api", "https://waldur.example.org"),
        ("https://waldur.example.org/api/", "https://waldur.example.org"),
        ("https://waldur.example.org//api//", "https://waldur.example.org"),
        (" https://Waldur.Example.ORG/api/\n", "https://waldur.example.org"),
        ("HTTPS://waldur.example.org", "https://waldur.example.org"),
        ("http://127.0.0.1:8000/api/", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/api/", "http://[::1]:8000"),
        ("https://example.org/waldur/api/", "https://example.org/waldur"),
        ("https://example.org/Waldur/", "https://example.org/Waldur"),
        ("https://example.org/myapi", "https://example.org/myapi"),
    ],
)
def test_a_url_counts_with_or_without_a_trailing_api(written: str, base: str) -> None:
    assert base_url(written) == base
    assert base_url(base) == base


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "waldur.example.org",
        "//waldur.example.org",
        "ftp://waldur.example.org",
        "https://",
        "https:///api/",
        "https://waldur.example.org/?x=1",
        "https://waldur.example.org/api/#top",
        "https://[::1",
        "https://[waldur]/",
        7,
        None,
    ],
)
def test_what_is_no_url_is_refused(bad: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^api_url: "):
        base_url(bad)


@pytest.mark.parametrize(
    "bad", ["https://me:s3cret@example.org/", "https://me@example.org", "ftp://me:s3cret@example.org"]
)
def test_a_url_with_a_login_is_refused_and_not_shown(bad: str) -> None:
    with pytest.raises(InvalidInput) as told:
        base_url(bad)
    assert told.value.message.startswith("api_url: ")
    assert "s3cret" not in told.value.message
    assert "me:" not in told.value.message


@pytest.mark.parametrize(
    "bad",
    [
        "https://waldur.example.org/api/?token=s3cret",
        "https://waldur.example.org/api/#s3cret",
        "https://waldur.example.org?s3cret",
        "waldur.example.org/?access_token=s3cret",
        "https://me@example.org/?x=a@s3cret",
        "ftp://waldur.example.org/#s3cret",
        "?s3cret",
    ],
)
def test_a_url_with_a_query_or_a_fragment_is_refused_and_not_shown(bad: str) -> None:
    with pytest.raises(InvalidInput) as told:
        base_url(bad)
    assert begins(told.value.message, "url_with_query")
    assert "s3cret" not in told.value.message


def test_a_url_of_another_place_with_a_query_is_not_shown_either() -> None:
    environment = {"WALDUR_API_URL": "https://there.example.org/?s3cret", "WALDUR_ACCESS_TOKEN": OTHER_TOKEN}
    assert "s3cret" not in refusal({"api_url": HERE["api_url"]}, {}, environment)


# --- one option for the token ----------------------------------------------------------------------------------------

TOKEN_SETTINGS: dict[str, Any] = {"access_token": TOKEN, "token_file": "/run/token", "token_command": ["vault", "read"]}


@pytest.mark.parametrize("option", TOKEN_SETTINGS)
@pytest.mark.parametrize("later", TOKEN_SETTINGS)
def test_the_first_source_that_sets_any_option_for_the_token_decides(option: str, later: str) -> None:
    first = {"api_url": HERE["api_url"], option: TOKEN_SETTINGS[option]}
    assert resolve(first, {**HERE, "access_token": OTHER_TOKEN}, {}) == first
    assert resolve({}, first, {"WALDUR_API_URL": HERE["api_url"], f"WALDUR_{later.upper()}": "x"}) == first


@pytest.mark.parametrize(
    ("first", "second"),
    [("access_token", "token_file"), ("access_token", "token_command"), ("token_file", "token_command")],
)
@pytest.mark.parametrize("place", ["the task", "variables", "profile 'site'", "the environment"])
def test_two_options_for_the_token_in_one_source_are_an_error_that_names_both(
    first: str, second: str, place: str, profiles: Profiles
) -> None:
    values = {"api_url": HERE["api_url"], **{name: TOKEN_SETTINGS[name] for name in (first, second)}}
    options, variables, environment = {}, {}, profiles({"site": values})
    if place == "the task":
        options = values
    elif place == "variables":
        variables = values
    elif place == "the environment":
        environment |= {f"WALDUR_{name.upper()}": str(value) for name, value in values.items()}
    else:
        options = {"profile": "site"}
    expected = message("token_options_in_one_place", first=first, second=second, place=place)
    assert refusal(options, variables, environment) == expected


def test_the_second_name_of_the_token_counts_as_a_token_too() -> None:
    environment = {"WALDUR_API_URL": HERE["api_url"], "WALDUR_API_TOKEN": TOKEN, "WALDUR_TOKEN_FILE": "/run/token"}
    expected = message("token_options_in_one_place", first="access_token", second="token_file", place="the environment")
    assert refusal({}, {}, environment) == expected


@pytest.mark.parametrize("option", ["token_file", "token_command"])
def test_a_token_from_a_file_or_a_command_never_goes_to_the_url_of_another_place(option: str) -> None:
    told = refusal({"api_url": HERE["api_url"]}, {"api_url": THERE["api_url"], option: "x"}, {})
    expected = message(
        "token_of_another_place",
        option=option,
        token_place="variables",
        other=f"another URL ({THERE['api_url']})",
        url_place="the task",
    )
    assert told == expected
