# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of the site agent, as text and as data, without secrets (api-behaviour: site-agent-config). Pure.

Waldur puts placeholders where secrets belong. If another version puts in a secret, it is masked: the value of each key
that names one, wherever it stands in the text, and passwords in URLs.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from typing import Any

from .._common.errors import CHECK_API_URL, InvalidInput, WaldurError
from .._common.redaction import MASK, Redactor
from .._common.yaml_files import parse_yaml, scalar_spans

_NAME = "The configuration of the site agent"
_SECRET_KEY = re.compile(
    r"token|password|passwd|passphrase|secret|credential|dsn|authorization|bearer|cookie"
    r"|(?:^|[-_])(?:pass|pwd)(?![\w-])|(?:private|api|access|ssh|encryption)[-_]?key",
    re.IGNORECASE,
)
# What stands in the place of a secret: like a placeholder of Waldur, it is valid YAML.
REMOVED = "<REMOVED>"
# What Waldur writes for a value that the reader has to fill in.
_PLACEHOLDER = re.compile(r"<[A-Z_]+>")
# A comment may give a secret too, such as one that was set before. After a value it begins with a blank and a #.
_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#.*", re.MULTILINE)
_COMMENTED_KEY = re.compile(r"(?<![\w-])[\w-]+[ \t]*[:=][ \t]*")
# A password may hold a slash, and more than one @. What follows a host and its port may look like one, and is masked.
_URL_PASSWORD = re.compile(r"(://[^/\s:@\"'<>]*:)([^\s\"'<>]{1,1000})(@)")


def read_site_agent_config(text: str) -> tuple[str, dict[str, Any]]:
    """Return the text and its data with secrets masked. Raises ``WaldurError`` where it is no configuration, or holds a
    secret in a form that can't be masked."""
    config = _parse(text)
    redactor = Redactor([*_secrets(config), *_url_passwords(config)])
    masked = redactor.redact_text(_mask_comments(text)).replace(MASK, REMOVED)
    masked = _URL_PASSWORD.sub(rf"\g<1>{REMOVED}\g<3>", masked)
    # A secret of several lines, for example, stands in the text in another form than in the data.
    if any(_secrets(_parse(masked))):
        raise WaldurError(f"{_NAME} contains a secret in a form that can't be masked, so it is not shown.")
    return masked, _mask(config, redactor)


def _parse(text: str) -> dict[str, Any]:
    try:
        config = parse_yaml(text, _NAME)
    except InvalidInput as error:
        raise WaldurError(f"{error.message.rstrip('.')}: {CHECK_API_URL}.") from None
    if not isinstance(config, dict) or not isinstance(config.get("offerings"), list):
        raise WaldurError(f"{_NAME} does not have the format of Waldur: {CHECK_API_URL}.")
    return config


def _names_secret(key: object) -> bool:
    return isinstance(key, str) and _SECRET_KEY.search(key) is not None


def _is_secret(value: Any, *, is_nested: bool = False) -> bool:
    """Return whether the value of a key that names a secret is one: text or a number, and no placeholder.

    In a list or a mapping below such a key (``is_nested``) only texts are.
    """
    if isinstance(value, bool) or not isinstance(value, str if is_nested else (str, int, float)):
        return False
    return str(value) != "" and not _PLACEHOLDER.fullmatch(str(value))


def _secrets(value: Any, *, is_named: bool = False) -> Iterator[str]:
    """Yield all secrets in the data; ``is_named`` says that it stands below a key that names a secret."""
    if isinstance(value, dict):
        for key, item in value.items():
            if _names_secret(key) and _is_secret(item):
                yield str(item)
            else:
                yield from _secrets(item, is_named=is_named or _names_secret(key))
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, is_named=is_named)
    elif is_named and _is_secret(value, is_nested=True):
        yield value


def _mask(value: Any, redactor: Redactor) -> Any:
    """Return the data with secrets masked: the values of their keys, and texts that hold one."""
    if isinstance(value, dict):
        return {
            key: REMOVED if _names_secret(key) and _is_secret(item) else _mask(item, redactor)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_mask(item, redactor) for item in value]
    if not isinstance(value, str):
        return value
    return _URL_PASSWORD.sub(rf"\g<1>{REMOVED}\g<3>", redactor.redact_text(value).replace(MASK, REMOVED))


def _url_passwords(value: Any) -> Iterator[str]:
    """Yield the passwords in URLs in the data."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _url_passwords(item)
    elif isinstance(value, str):
        yield from (match[2] for match in _URL_PASSWORD.finditer(value))


def _mask_comments(text: str) -> str:
    """Return the text with the secrets in its comments masked; a # within a value begins none."""
    spans = scalar_spans(text)
    starts = [start for start, _end in spans]

    def mask(match: re.Match[str]) -> str:
        number = bisect(starts, match.start()) - 1
        is_value = number >= 0 and match.start() < spans[number][1]
        return match[0] if is_value else _mask_comment(match)

    return _COMMENT.sub(mask, text)


def _mask_comment(match: re.Match[str]) -> str:
    """Return a comment without what follows the first key that names a secret."""
    comment = match[0]
    for key in _COMMENTED_KEY.finditer(comment):
        if _names_secret(key[0]):
            value = comment[key.end() :].strip()
            return comment if not value or _PLACEHOLDER.fullmatch(value) else f"{comment[: key.end()]}{REMOVED}"
    return comment
