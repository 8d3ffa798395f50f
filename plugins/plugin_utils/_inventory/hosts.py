# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an inventory makes of rows: things, their names, variables and groups. Pure; knows nothing of Ansible."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._common import uuids
from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import NAMES

Row = dict[str, Any]

_LONGEST = 80
_SHORT = 8
# Ansible's patterns give a meaning to these names.
_TAKEN = frozenset({"all", "localhost", "ungrouped"})
# Modules look their connection up in variables called waldur_<option>, and lookups their provider: a row must never
# redirect them.
_CONNECTION = frozenset(f"waldur_{name}" for name in (*NAMES, "service_provider"))
_MAGIC = frozenset(
    "group_names groups hostvars inventory_dir inventory_file inventory_hostname inventory_hostname_short play_hosts"
    " playbook_dir role_name role_names role_path".split()
)


@dataclass(frozen=True)
class Kind:
    """One kind of hosts: where its rows come from, and which keys say what a thing is called.

    ``customer`` is the start of the keys that tell a row's customer, nothing where the provider's customer counts, and
    None where a thing belongs to no single customer.
    """

    operation: str
    noun: str
    slugs: tuple[str, ...] = ("slug",)
    names: tuple[str, ...] = ("name",)
    customer: str | None = "customer_"


KINDS: dict[str, Kind] = {
    "service_providers": Kind("service_providers", "provider", ("customer_slug",), ("customer_name",)),
    "offerings": Kind("offerings", "offering", customer=""),
    "projects": Kind("projects", "project"),
    "customers": Kind("customers", "customer", customer=None),
    "users": Kind("users", "user", names=("username", "full_name"), customer=None),
    "course_accounts": Kind("course_accounts", "course-account", names=("username", "email", "project_name")),
    "project_service_accounts": Kind(
        "project_service_accounts", "service-account", names=("username", "preferred_identifier", "email")
    ),
}
# What include adds to users: the operation is called like the option, and its rows tell the user by this key.
INCLUDES: dict[str, str] = {"keys": "user_uuid", "project_permissions": "user_uuid"}
_CUSTOMER = ("uuid", "name", "slug", "abbreviation")


@dataclass
class Thing:
    """One host to be: its row, the providers under which it appears, and the lists that were asked for beside it."""

    row: Row
    providers: list[Row]
    included: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def uuid(self) -> str:
        """Its UUID, normalised; what can be a name of it where it is none."""
        return uuids.normalize(self.row.get("uuid")) or safe_name(self.row.get("uuid"))


@dataclass(frozen=True)
class Found:
    """What one provider answered: its own row, the rows of the kind, and the lists asked for beside them."""

    provider: Row
    rows: list[Row]
    included: Mapping[str, list[Row]] = field(default_factory=dict)


def things(founds: Iterable[Found]) -> list[Thing]:
    """Every thing once, in the order of providers and rows. One that appears under several providers has the row that
    the first of them gave, and the lists of all."""
    known: dict[str, Thing] = {}
    marks: dict[tuple[str, str], set[str]] = {}
    for found in founds:
        by_user = {name: _by_user(rows, INCLUDES[name]) for name, rows in found.included.items()}
        for row in found.rows:
            thing = Thing(row, [found.provider])
            key = thing.uuid or str(len(known))
            thing = known.setdefault(key, thing)
            if thing.providers[-1] is not found.provider:
                thing.providers.append(found.provider)
            for name, rows in by_user.items():
                _include(thing.included.setdefault(name, []), rows.get(key, []), marks, (key, name))
    return list(known.values())


def _by_user(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if uuid := uuids.normalize(row.get(key)):
            found.setdefault(uuid, []).append(row)
    return found


def _include(there: list[Row], rows: list[Row], marks: dict[tuple[str, str], set[str]], place: tuple[str, str]) -> None:
    """Add the rows that are not in the list yet. The rows of one provider differ; only those of two are compared."""
    if not (there and rows):
        there.extend(rows)
        return
    if place not in marks:
        marks[place] = set(map(_mark, there))
    for row in rows:
        mark = _mark(row)
        if mark not in marks[place]:
            marks[place].add(mark)
            there.append(row)


def _mark(row: Row) -> str:
    """A text that only equal rows share."""
    return json.dumps(row, sort_keys=True)


# --- names -----------------------------------------------------------------------------------------------------------


def host_name(kind: Kind, thing: Thing) -> str:
    """The usual name of a host: the slug, else what the thing is called with a part of its UUID."""
    for key in kind.slugs:
        if name := safe_name(thing.row.get(key)):
            return name
    called = next((name for key in kind.names if (name := safe_name(thing.row.get(key)))), kind.noun)
    return f"{called}-{thing.uuid[:_SHORT]}" if thing.uuid else called


def safe_name(value: Any) -> str:
    """``value`` as a name that means itself in every pattern: letters of ASCII, digits, ``_``, ``-``, ``.`` and ``@``,
    80 of them at most. Nothing where none are left."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    folded = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.@]+", "-", folded).strip("-.@_")
    return name[:_LONGEST].rstrip("-.@_")


def unique_names(wanted: list[tuple[str, str]], taken: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """A name for each pair of wanted name and UUID, and the wanted names that several things had.

    All of these get a part of their UUID, so that the names don't hang on the order of the rows.
    """
    reserved = _TAKEN.union(taken)
    counts = Counter(name for name, _uuid in wanted)
    names = [f"{name}-{uuid[:_SHORT]}" if counts[name] > 1 or name in reserved else name for name, uuid in wanted]
    again = Counter(names)
    names = [f"{name}-{uuid}" if again[made] > 1 else made for made, (name, uuid) in zip(names, wanted, strict=True)]
    return names, sorted(name for name, count in counts.items() if count > 1)


# --- variables -------------------------------------------------------------------------------------------------------


def fields(kind: Kind, thing: Thing) -> Row:
    """All that is told of a thing: its row, its customer, its providers, and the lists asked for beside it."""
    provider = thing.providers[0]
    found = dict(thing.row)
    if kind.customer is not None:
        for key in _CUSTOMER:
            name = f"customer_{key}"
            if found.get(name) is None:
                found[name] = provider.get(name) if kind.customer == "" or _same_customer(found, provider) else None
    found["service_provider_uuid"] = provider.get("uuid")
    found["service_provider_name"] = provider.get("customer_name")
    found["service_provider_slug"] = provider.get("customer_slug")
    found["service_providers"] = [one.get("uuid") for one in thing.providers]
    return {**found, **thing.included}


def _same_customer(row: Row, provider: Row) -> bool:
    uuid = uuids.normalize(row.get("customer_uuid"))
    return bool(uuid and uuid == uuids.normalize(provider.get("customer_uuid")))


class Variables:
    """Names of variables for keys of rows; each key is thought about once."""

    def __init__(self, prefix: str, reserved: Iterable[str] = ()) -> None:
        if not re.fullmatch(r"([A-Za-z_]\w*)?", prefix, re.ASCII) or prefix.startswith("ansible_"):
            raise InvalidInput(
                f"hostvars_prefix: '{quote(prefix)}' can't begin the names of variables: use letters, digits and _, and"
                " not ansible_."
            )
        self._prefix = prefix
        self._reserved = _MAGIC.union(_CONNECTION, reserved)
        self._names: dict[str, str] = {}

    def name(self, key: str) -> str:
        """The variable's name: the prefix and the key; where Ansible or our modules would read something else into
        that, with ``waldur_`` or ``waldur_field_`` instead of the prefix."""
        if key not in self._names:
            plain = re.sub(r"\W", "_", key, flags=re.ASCII)
            wanted = (f"{self._prefix}{plain}", f"waldur_{plain}", f"waldur_field_{plain}")
            self._names[key] = next(name for name in wanted if not self._means_more(name))
        return self._names[key]

    def _means_more(self, name: str) -> bool:
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("ansible_"):
            return True
        return name in self._reserved

    def named(self, row: Mapping[str, Any]) -> Row:
        """``row`` by names of variables."""
        known = self._names
        return {known.get(key) or self.name(key): value for key, value in row.items()}


# --- groups ----------------------------------------------------------------------------------------------------------


def groups(hosts: str, thing: Thing) -> list[str]:
    """The groups in which a thing is without being asked: by kind, providers, customer, state and type. Names are not
    made safe yet."""
    row = thing.row
    found = [f"waldur_{hosts}"]
    called = [one.get("customer_slug") or one.get("customer_name") or one.get("uuid") for one in thing.providers]
    found += [f"waldur_provider_{name}" for name in called]
    values = {"state": row.get("state"), "type": row.get("type")}
    if KINDS[hosts].customer and row is not thing.providers[0]:
        values["customer"] = row.get("customer_slug") or row.get("customer_name")
    found += [f"waldur_{name}_{value}" for name, value in values.items() if isinstance(value, str) and value]
    return found
