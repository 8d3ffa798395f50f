# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection options: from the task, variables, profiles and the environment, in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .._common import input_files
from .._common.errors import LONGEST_PATH, InvalidInput, quote
from .connection import Connection
from .transport import PROXY_VARIABLES, choose_proxies

OPTIONS = (
    "api_url",
    "access_token",
    "auth_scheme",
    "validate_certs",
    "ca_path",
    "client_cert",
    "client_key",
    "proxy",
    "timeout",
    "retries",
)
_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
_TEXTS = [name for name in OPTIONS if name not in ("validate_certs", "timeout", "retries")]
# All that a task, a variable or a plugin may set; a profile holds the others.
NAMES = (*OPTIONS, "profile")
_LARGEST_PROFILES = input_files.MEGABYTE
_SHORTEST_TOKEN = 8
_DEFAULT_PROFILES = "~/.config/waldur/profiles.yml"


@dataclass(frozen=True)
class Source:
    """One place that options can come from; ``name`` says in messages which."""

    name: str
    values: Mapping[str, Any]


def resolve(
    options: Mapping[str, Any],
    variables: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    place: str = "the task",
) -> dict[str, Any]:
    """Every connection option that is set anywhere, from the first place that has it.

    ``options`` are those of ``place``, ``variables`` those named ``waldur_<option>`` (by option). Order: option,
    variable, a profile that option or variable name, environment, the profile that ``WALDUR_PROFILE`` names. Raises
    ``InvalidInput``, also where the token comes from a place that does not agree on the URL: no site's token may go
    to another.
    """
    sources = [Source(place, _given(options)), Source("variables", _given(variables))]
    named = next((source.values["profile"] for source in sources if source.values.get("profile")), None)
    if named:
        sources.append(_profile(named, environment))
    sources.append(Source("the environment", _of_environment(environment)))
    if not named and environment.get("WALDUR_PROFILE"):
        sources.append(_profile(environment["WALDUR_PROFILE"], environment))
    found = {name: source for name in OPTIONS for source in reversed(sources) if name in source.values}
    # The first source that has the option wins: the reversed walk above lets it write last.
    _agree(found, place)
    return {name: source.values[name] for name, source in found.items()}


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in NAMES if values.get(name) not in (None, "")}


def _of_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {name: environment.get(f"WALDUR_{name.upper()}") for name in OPTIONS}
    found["access_token"] = found["access_token"] or environment.get("WALDUR_API_TOKEN")
    return {name: value for name, value in found.items() if value}


def _profile(name: Any, environment: Mapping[str, str]) -> Source:
    path = environment.get("WALDUR_PROFILES_FILE") or _DEFAULT_PROFILES
    if not isinstance(name, str):
        raise InvalidInput(f"profile: '{quote(name)}' is not text: give the name of a section of {path}, quoted.")
    profiles = _read_profiles(path)
    path = quote(path, LONGEST_PATH)
    if not isinstance(profiles, Mapping) or name not in profiles:
        known = ", ".join(sorted(map(str, profiles))) if isinstance(profiles, Mapping) else ""
        raise InvalidInput(f"profile: {path} has no profile '{quote(name)}'{': it has ' + known if known else ''}.")
    values = profiles[name]
    if not isinstance(values, Mapping):
        raise InvalidInput(f"profile: '{quote(name)}' in {path} must be a mapping of connection options.")
    for key in values:
        if key not in OPTIONS:
            known = ", ".join(OPTIONS)
            raise InvalidInput(f"profile: '{quote(key)}' in '{quote(name)}' of {path} is not known; known are {known}.")
        if key in _TEXTS and not isinstance(values[key], (str, type(None))):
            # Its value is not shown, as it may be a token: 0012 is the number 10, and not what was meant.
            raise InvalidInput(f"profile: {key} in '{quote(name)}' of {path} is not text: quote it as it is written.")
    return Source(f"profile '{name}'", _given(values))


def _read_profiles(path: str) -> Any:
    from .._common.yaml_files import read_yaml

    # The file holds tokens, so messages show no values of it.
    shown = f"profile: {quote(path, LONGEST_PATH)}"
    advice = "; set WALDUR_PROFILES_FILE"
    content = read_yaml(path, shown, "profile", spelled=False, quoting=False, limit=_LARGEST_PROFILES, advice=advice)
    return content or {}


def _agree(found: Mapping[str, Source], place: str) -> None:
    for name in ("api_url", "access_token"):
        if name not in found:
            other = " or WALDUR_API_TOKEN" if name == "access_token" else ""
            raise InvalidInput(
                f"{name}: is missing: set it in {place}, as variable waldur_{name}, as WALDUR_{name.upper()}{other} in"
                " the environment, or in a profile."
            )
    url, token = found["api_url"], found["access_token"]
    if url is token:
        return
    there = token.values.get("api_url")
    if there is None or base_url(there) != base_url(url.values["api_url"]):
        says = f"names another URL ({quote(there)})" if there else "names no URL"
        raise InvalidInput(
            f"access_token: comes from {token.name}, which {says}, and api_url comes from {url.name}: set both in the"
            " same place, so that no site's token goes to another."
        )


def base_url(value: Any) -> str:
    """The URL without a trailing slash or ``/api/``."""
    text = str(value).strip()
    if "?" in text or "#" in text:
        raise InvalidInput(
            "api_url: must not hold a query string (after '?') or a fragment (after '#'): give the address alone, like"
            " https://waldur.example.org/api/; it is not shown, as it may hold a secret."
        )
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and _is_host(parts.hostname)
        usable = usable and (parts.port is None or parts.port > 0)
        # Python 3.10 takes any name in brackets, where only an IPv6 address may stand.
        usable = usable and ("[" not in parts.netloc or ":" in str(parts.hostname))
    except ValueError:  # brackets or a port that no URL has
        usable = False
    if not usable:
        raise InvalidInput(
            f"api_url: '{quote(_without_login(text))}' is not a valid URL: write one like https://waldur.example.org/api/."
        )
    if parts.username or parts.password:
        raise InvalidInput("api_url: must not hold a user or password: use access_token.")
    path = parts.path.rstrip("/")
    path = path[: -len("/api")] if path.endswith("/api") else path
    return f"{parts.scheme}://{parts.netloc.lower()}{path.rstrip('/')}"


def _without_login(text: str) -> str:
    return text.rpartition("@")[2]


def connect(values: Mapping[str, Any], environment: Mapping[str, str]) -> Connection:
    """Checked values as a ``Connection``; what is not set gets its default. Raises ``InvalidInput``."""
    for name in _TEXTS:
        if isinstance(values.get(name), (dict, list, tuple)):
            raise InvalidInput(f"{name}: must be text, and a list or mapping was given.")
    url = base_url(values["api_url"])
    token = str(values["access_token"]).strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput(
            "access_token: holds characters that no token has (space, line end, umlaut): check the value."
        )
    if len(token) < _SHORTEST_TOKEN:
        # Each text that equals the token is masked in all output, and a few letters stand in any word.
        raise InvalidInput(
            f"access_token: is shorter than {_SHORTEST_TOKEN} characters, and those of Waldur have 40 or more: check"
            " the value."
        )
    scheme = str(values.get("auth_scheme", "Token"))
    if scheme not in ("Token", "Bearer"):
        raise InvalidInput(f"auth_scheme: must be Token or Bearer, and '{quote(scheme)}' was given.")
    return Connection(
        url,
        token,
        scheme,
        _verify(url, values, environment),
        _certificate(values),
        _proxies(url, values, environment),
        _number("timeout", values.get("timeout", 30), 0.1, 3600),
        int(_number("retries", values.get("retries", 4), 0, 20)),
        str(values["proxy"]) if values.get("proxy") else None,
        tuple(
            (name, value)
            for name in PROXY_VARIABLES
            if (value := environment.get(name) or environment.get(name.upper()))
        ),
    )


def _number(name: str, value: Any, least: float, most: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not least <= number <= most or (name == "retries" and number != int(number)):
        raise InvalidInput(f"{name}: must be a number from {least:g} to {most:g}, and '{quote(value)}' was given.")
    return number


def _verify(url: str, values: Mapping[str, Any], environment: Mapping[str, str]) -> bool | str:
    word = str(values.get("validate_certs", True)).strip().lower()
    if word not in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        raise InvalidInput(f"validate_certs: must be true or false, and '{quote(word)}' was given.")
    if word in ("false", "no", "off", "0"):
        return False
    if values.get("ca_path"):
        return input_files.readable_path("ca_path", str(values["ca_path"]), folder_allowed=True)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if environment.get(variable):
            # Not looked at without TLS, so a stale one does no harm there.
            used = url.startswith("https:")
            path = environment[variable]
            return input_files.readable_path(variable, path, folder_allowed=True) if used else path
    return True


def _certificate(values: Mapping[str, Any]) -> str | tuple[str, str] | None:
    if values.get("client_key") and not values.get("client_cert"):
        raise InvalidInput("client_key: needs client_cert, the certificate that the key belongs to.")
    if not values.get("client_cert"):
        return None
    certificate = input_files.readable_path("client_cert", str(values["client_cert"]))
    if not values.get("client_key"):
        return certificate
    return certificate, input_files.readable_path("client_key", str(values["client_key"]))


def _proxies(url: str, values: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The proxies for ``url`` (see ``choose_proxies``). Raises ``InvalidInput`` that names the option or variable."""
    found = choose_proxies(url, values.get("proxy"), environment)
    for scheme, proxy in found:
        names = ("proxy",) if values.get("proxy") else (f"{scheme}_proxy", "all_proxy")
        holds = (name for name in names if proxy in (environment.get(name), environment.get(name.upper())))
        _check_proxy(next(holds, names[0]), proxy)
    return found


def _check_proxy(option: str, value: str) -> None:
    """Raise ``InvalidInput`` where ``value`` is no URL of a proxy; without a scheme it counts as one of HTTP."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        usable = parts.scheme in _PROXY_SCHEMES and _is_host(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput(
            f"{option}: '{quote(_without_login(value))}' is not a valid URL: write one like http://proxy.example.org:3128."
        )


def _is_host(name: str | None) -> bool:
    """Whether a host can have that name: no part of it is empty or longer than 63 characters."""
    try:
        return bool(name and name.isprintable() and " " not in name and name.encode("idna"))
    except UnicodeError:
        return False
