# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse public SSH keys and lines of authorized_keys (sshd(8), AUTHORIZED_KEYS FILE FORMAT). Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterator
from typing import Any

# The number of fields of a key by type. OpenSSH itself rejects DSA, and a certificate is not a key.
_FIELDS = {
    "ssh-ed25519": 2,
    "ssh-rsa": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ssh-ed25519@openssh.com": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
}
# An option of a key, and what follows it: a comma before the next one, or white space before the key.
_OPTION = re.compile(r'(?P<option>(?P<name>[A-Za-z0-9-]+)(?:="(?:[^"\\]|\\.)*")?)(?P<end>,|[ \t]+)')


def parse_public_key(text: Any) -> str:
    """Return type and base64 of the one public key in ``text``, without its comment.

    Raises ``ValueError`` with the reason for anything but one well-formed key, such as options before it.
    """
    key, _comment = _split_key(_to_line(text))
    return key


def parse_authorized_key(text: Any, allowed_options: Collection[str] = ()) -> tuple[str, list[str]]:
    """Return the line of authorized_keys for ``text``, and the names of the options that were dropped.

    Options before the key are dropped unless their names, in lower case, are in ``allowed_options``. Raises
    ``ValueError`` with the reason for anything but one well-formed key.
    """
    line, options = _to_line(text), []
    # An option never looks like a type of keys, which contains no "=" and is followed by base64.
    while line.split(maxsplit=1)[:1] and line.split(maxsplit=1)[0] not in _FIELDS:
        match = _OPTION.match(line)
        if match is None:
            raise ValueError("it does not begin with a known key type")
        options.append((match["name"].lower(), match["option"]))
        line = line[match.end() :]
        if match["end"] != ",":
            break
    key, comment = _split_key(line)
    kept = ",".join(option for name, option in options if name in allowed_options)
    dropped = [name for name, _option in options if name not in allowed_options]
    return " ".join(filter(None, (kept, key, to_printable(comment)))), dropped


def to_printable(value: Any) -> str:
    """Return ``value`` as printable text on one line, without braces, which could make a template."""
    text = "".join(c if c.isprintable() and c not in "{}" else " " for c in str(value or ""))
    return " ".join(text.split())


def _to_line(text: Any) -> str:
    line = text.strip(" \t\r\n") if isinstance(text, str) else ""
    if not line.replace("\t", " ").isprintable():
        raise ValueError("it is more than one line, or contains control characters")
    return line


def _split_key(line: str) -> tuple[str, str]:
    """Return type and base64 of a key, and its comment."""
    kind, encoded, comment, *_padding = [*line.split(maxsplit=2), "", "", ""]
    if kind not in _FIELDS:
        raise ValueError("it does not begin with a known key type")
    try:
        blob = base64.b64decode(encoded, validate=True)
        fields = list(_split_fields(blob))
    except ValueError as error:
        raise ValueError("its base64 is invalid") from error
    if fields[:1] != [kind.encode()] or len(fields) != _FIELDS[kind] or not all(fields[1:2]):
        raise ValueError("its base64 does not encode a key of its type")
    return f"{kind} {base64.b64encode(blob).decode()}", comment


def _split_fields(blob: bytes) -> Iterator[bytes]:
    """Yield the length-prefixed fields of an encoded key (RFC 4253, section 6.6)."""
    while blob:
        end = 4 + int.from_bytes(blob[:4], "big")
        if len(blob) < end:
            raise ValueError
        yield blob[4:end]
        blob = blob[end:]
