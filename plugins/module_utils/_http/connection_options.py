# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolve the connection options from the task, variables, profiles and the environment, and check them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .._common import input_files
from .._common.errors import LONGEST_PATH, InvalidInput, quote
from .._common.values import boolean
from .connection import Connection
from .token_sources import TOKEN_OPTIONS, check_token, find_source
from .transport import PROXY_VARIABLES, choose_proxies

OPTIONS = (
    "api_url",
    "access_token",
    "token_file",
    "token_command",
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
_TEXT_OPTIONS = [name for name in OPTIONS if name not in ("token_command", "validate_certs", "timeout", "retries")]
# What a task, a variable or a plugin may set; a profile may set all but "profile".
NAMES = (*OPTIONS, "profile")
_PROFILES_LIMIT = input_files.MEGABYTE
_DEFAULT_PROFILES = "~/.config/waldur/profiles.yml"


@dataclass(frozen=True)
class Source:
    """A place that sets options; ``name`` is its name in messages, ``values`` holds only the options that are set."""

    name: str
    values: Mapping[str, Any]


def resolve(
    options: Mapping[str, Any],
    variables: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    source_name: str = "the task",
) -> dict[str, Any]:
    """Return every connection option that is set, by its name, from the first source that sets it.

    ``options`` are those of the task or plugin, which messages call ``source_name``; ``variables`` are those named
    ``waldur_<option>``, by option; ``environment`` holds the ``WALDUR_*`` variables. The order of the sources is:
    options, variables, the profile that an option or a variable names, the environment, the profile that
    ``WALDUR_PROFILE`` names.

    Of ``access_token``, ``token_file`` and ``token_command``, only the one of the first source that sets any is
    returned. Raises ``InvalidInput`` for a profile that is not valid, for a missing ``api_url`` or token, for two
    options for the token in that source, and for a token whose source does not set the same URL, as the token of one
    site must never be sent to another.
    """
    sources = [Source(source_name, _select_set_options(options)), Source("variables", _select_set_options(variables))]
    profile = next((source.values["profile"] for source in sources if source.values.get("profile")), None)
    if profile:
        sources.append(_load_profile(profile, environment))
    sources.append(Source("the environment", _read_environment(environment)))
    if not profile and environment.get("WALDUR_PROFILE"):
        sources.append(_load_profile(environment["WALDUR_PROFILE"], environment))
    # The first source that sets an option wins, so it is written last.
    source_by_option = {name: source for name in OPTIONS for source in reversed(sources) if name in source.values}
    _keep_one_token_option(source_by_option, sources)
    _check_url_and_token(source_by_option, source_name)
    return {name: source.values[name] for name, source in source_by_option.items()}


def _keep_one_token_option(source_by_option: dict[str, Source], sources: Sequence[Source]) -> None:
    """Remove the options for the token that come from later sources than the first that sets any.

    Raises ``InvalidInput`` where that one sets several.
    """
    for source in sources:
        names = [name for name in TOKEN_OPTIONS if name in source.values]
        if len(names) > 1:
            raise InvalidInput(f"{names[0]}: must not be set with {names[1]} in {source.name}: set one of them.")
        if names:
            for name in set(TOKEN_OPTIONS) - {*names}:
                source_by_option.pop(name, None)
            return


def _select_set_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are set; null and the empty text mean that one is not."""
    return {name: values[name] for name in NAMES if values.get(name) not in (None, "")}


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the options that ``WALDUR_<OPTION>`` sets; ``WALDUR_API_TOKEN`` is another name of the token."""
    values = {name: environment.get(f"WALDUR_{name.upper()}") for name in OPTIONS}
    values["access_token"] = values["access_token"] or environment.get("WALDUR_API_TOKEN")
    return {name: value for name, value in values.items() if value}


def _load_profile(name: Any, environment: Mapping[str, str]) -> Source:
    """Return the options of the profile ``name`` of the profiles file. Raises ``InvalidInput``."""
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
        if key in _TEXT_OPTIONS and not isinstance(values[key], (str, type(None))):
            # The value may be a token, so it is not shown. YAML reads 0012 as the number 10.
            raise InvalidInput(f"profile: {key} in '{quote(name)}' of {path} is not text: put it in quotes.")
    return Source(f"profile '{name}'", _select_set_options(values))


def _read_profiles(path: str) -> Any:
    """Return the content of the profiles file; an empty mapping for an empty file. Raises ``InvalidInput``."""
    from .._common.yaml_files import read_yaml  # only here, as most runs read no YAML

    # The file holds tokens, so messages show no values of it.
    shown = f"profile: {quote(path, LONGEST_PATH)}"
    advice = "; set WALDUR_PROFILES_FILE"
    content = read_yaml(path, shown, "profile", spelled=False, quoting=False, limit=_PROFILES_LIMIT, advice=advice)
    return content or {}


def _check_url_and_token(source_by_option: Mapping[str, Source], source_name: str) -> None:
    """Raise ``InvalidInput`` where the URL or the token is missing, or the token's source sets another URL or none."""
    token_option = next((name for name in TOKEN_OPTIONS if name in source_by_option), "access_token")
    for name in ("api_url", token_option):
        if name not in source_by_option:
            alias = " or WALDUR_API_TOKEN" if name == "access_token" else ""
            others = ", or use token_file or token_command" if name == "access_token" else ""
            raise InvalidInput(
                f"{name}: is missing: set it in {source_name}, as variable waldur_{name}, as"
                f" WALDUR_{name.upper()}{alias} in the environment, or in a connection profile{others}."
            )
    url_source, token_source = source_by_option["api_url"], source_by_option[token_option]
    if url_source is token_source:
        return
    token_url = token_source.values.get("api_url")
    if token_url is None or base_url(token_url) != base_url(url_source.values["api_url"]):
        description = f"sets another URL ({quote(token_url)})" if token_url else "sets no URL"
        raise InvalidInput(
            f"{token_option}: comes from {token_source.name}, which {description}, but api_url comes from"
            f" {url_source.name}: set both in the same source, so that a token is never sent to another server."
        )


def base_url(value: Any) -> str:
    """Return the URL without a trailing slash or ``/api/``, its host in lower case.

    Raises ``InvalidInput`` for one that is not a valid URL, and for one with a login, a query or a fragment.
    """
    text = str(value).strip()
    if "?" in text or "#" in text:
        raise InvalidInput(
            "api_url: must not contain a query string (after '?') or a fragment (after '#'): give the address alone,"
            " like https://waldur.example.org/api/; it is not shown, as it may contain a secret."
        )
    try:
        parts = urlsplit(text)
        is_valid = parts.scheme in ("http", "https") and _is_host_name(parts.hostname)
        is_valid = is_valid and (parts.port is None or parts.port > 0)
        # Python 3.10 accepts any name in brackets; only an IPv6 address is valid there.
        is_valid = is_valid and ("[" not in parts.netloc or ":" in str(parts.hostname))
    except ValueError:  # brackets or a port that are not valid
        is_valid = False
    if not is_valid:
        raise InvalidInput(
            f"api_url: '{quote(_remove_login(text))}' is not a valid URL: write one like https://waldur.example.org/api/."
        )
    if parts.username or parts.password:
        raise InvalidInput("api_url: must not contain a user or password: use access_token.")
    path = parts.path.rstrip("/")
    path = path[: -len("/api")] if path.endswith("/api") else path
    return f"{parts.scheme}://{parts.netloc.lower()}{path.rstrip('/')}"


def _remove_login(text: str) -> str:
    """Return a URL without all that may be a user or a password, for messages."""
    return text.rpartition("@")[2]


def connect(values: Mapping[str, Any], environment: Mapping[str, str]) -> Connection:
    """Return resolved ``values`` as a checked ``Connection``; an option that is not set gets its default.

    ``environment`` is used for proxies, certificate bundles and the command of ``token_command``. Sends nothing, and
    reads no token. Raises ``InvalidInput`` that names
    the option.
    """
    for name in _TEXT_OPTIONS:
        if isinstance(values.get(name), (dict, list, tuple)):
            raise InvalidInput(f"{name}: must be text, and a list or mapping was given.")
    url = base_url(values["api_url"])
    source = find_source(values, environment)
    return Connection(
        url,
        check_token(values["access_token"]) if source is None else "",
        _check_auth_scheme(values.get("auth_scheme", "Token")),
        _resolve_verification(url, values, environment),
        _resolve_client_certificate(values),
        _resolve_proxies(url, values, environment),
        _check_number("timeout", values.get("timeout", 30), 0.1, 3600),
        int(_check_number("retries", values.get("retries", 4), 0, 20)),
        str(values["proxy"]) if values.get("proxy") else None,
        tuple(
            (name, value)
            for name in PROXY_VARIABLES
            if (value := environment.get(name) or environment.get(name.upper()))
        ),
        source,
    )


def read_token(values: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return resolved ``values`` with the token itself in place of ``token_file`` or ``token_command``.

    ``environment`` is that of the command. Raises ``InvalidInput``.
    """
    source = find_source(values, environment)
    if source is None:
        return dict(values)
    others = {name: value for name, value in values.items() if name not in TOKEN_OPTIONS}
    return {**others, "access_token": source.read()}


def _check_auth_scheme(value: Any) -> str:
    scheme = str(value)
    if scheme not in ("Token", "Bearer"):
        raise InvalidInput(f"auth_scheme: must be Token or Bearer, and '{quote(scheme)}' was given.")
    return scheme


def _check_number(name: str, value: Any, least: float, most: float) -> float:
    """Return the option ``name`` as a number from ``least`` to ``most``; ``retries`` must be whole."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not least <= number <= most or (name == "retries" and number != int(number)):
        raise InvalidInput(f"{name}: must be a number from {least:g} to {most:g}, and '{quote(value)}' was given.")
    return number


def _resolve_verification(url: str, values: Mapping[str, Any], environment: Mapping[str, str]) -> bool | str:
    """Return how requests verifies certificates: false for not at all, a path of CA certificates, or true.

    The path is ``ca_path``, else that of ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE``.
    """
    if not boolean("validate_certs", values.get("validate_certs", True), letters_allowed=False):
        return False
    if values.get("ca_path"):
        return input_files.resolve_readable_path("ca_path", str(values["ca_path"]), folder_allowed=True)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if environment.get(variable):
            # Without TLS the file is not used, so an outdated variable must not fail.
            is_used = url.startswith("https:")
            path = environment[variable]
            return input_files.resolve_readable_path(variable, path, folder_allowed=True) if is_used else path
    return True


def _resolve_client_certificate(values: Mapping[str, Any]) -> str | tuple[str, str] | None:
    """Return the client certificate as requests takes it: a path, or the paths of certificate and key."""
    if values.get("client_key") and not values.get("client_cert"):
        raise InvalidInput("client_key: needs client_cert, the certificate that the key belongs to.")
    if not values.get("client_cert"):
        return None
    certificate = input_files.resolve_readable_path("client_cert", str(values["client_cert"]))
    if not values.get("client_key"):
        return certificate
    return certificate, input_files.resolve_readable_path("client_key", str(values["client_key"]))


def _resolve_proxies(
    url: str, values: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Return the proxies for ``url`` (see ``choose_proxies``). Raises ``InvalidInput`` naming option or variable."""
    proxies = choose_proxies(url, values.get("proxy"), environment)
    for scheme, proxy in proxies:
        names = ("proxy",) if values.get("proxy") else (f"{scheme}_proxy", "all_proxy")
        sources = (name for name in names if proxy in (environment.get(name), environment.get(name.upper())))
        _check_proxy(next(sources, names[0]), proxy)
    return proxies


def _check_proxy(option: str, value: str) -> None:
    """Raise ``InvalidInput`` where ``value`` is not a valid URL of a proxy; without a scheme it means http://."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        is_valid = parts.scheme in _PROXY_SCHEMES and _is_host_name(parts.hostname)
        is_valid = is_valid and (parts.port is None or parts.port > 0)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise InvalidInput(
            f"{option}: '{quote(_remove_login(value))}' is not a valid URL: write one like http://proxy.example.org:3128."
        )


def _is_host_name(name: str | None) -> bool:
    """Return whether ``name`` is valid for a host: no label of it is empty or longer than 63 characters."""
    try:
        return bool(name and name.isprintable() and " " not in name and name.encode("idna"))
    except UnicodeError:
        return False
