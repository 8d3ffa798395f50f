# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows and expressions of every kind, and an inventory that evaluates them in our way or in Ansible's own."""

from __future__ import annotations

import re
from typing import Any

from ansible.inventory.data import InventoryData
from ansible.template import Templar
from ansible.utils.unsafe_proxy import wrap_var
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.inventory.inventory import InventoryModule
from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD, trust

# Names of fields, and those that mean something to Python, Jinja or Ansible.
NAMES = (
    "a b name state result Name x_1 _x l_0_a items keys get real copy upper range dict now lookup omit self loop vars"
    " true None context environment namespace is not caller inventory_hostname"
).split()
TEXTS = (
    *(
        "|plain|True|False|true|None|5|1.5|[1]|[|{a}|{'a': 1}|{{ a }}|{{ nowhere }}|{% if %}|{# c #}|#jinja2: x"
        "| spaced |ünï ☃|it's|back\\slash|a}}b"
    ).split("|"),
    "line\n",
    "\n",
    "#jinja2:lstrip_blocks:True\nx",
)

texts = st.sampled_from(TEXTS) | st.text(max_size=4)
scalars = st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats(allow_nan=False) | texts
keys = st.sampled_from([*NAMES, "0", "two words"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)
spaces = st.sampled_from(["", " ", "  ", "\t", "\n"])


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row as the plugin hands it to expressions; on older cores also with texts that nobody marked."""
    row = draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=6))
    return wrap_var(row) if IS_OLD and draw(st.integers(0, 3)) else row


@st.composite
def paths(draw: st.DrawFn) -> str:
    """A name or a dotted path."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3))
    found: str = names[0] + "".join(f"{draw(spaces)}.{draw(spaces)}{name}" for name in names[1:])
    return found


@st.composite
def quoted(draw: st.DrawFn) -> str:
    """A text in quotes, as people write it; now and then one that ends too early."""
    expected = draw(st.sampled_from("'\""))
    return f"{expected}{draw(texts)}{expected}"


@st.composite
def defaults(draw: st.DrawFn) -> str:
    """A path with a default value."""
    name = draw(st.sampled_from(["default", "d", "default", "upper"]))
    gap = draw(spaces)
    return f"{draw(paths())}{gap}|{draw(spaces)}{name}{gap}({gap}{draw(quoted())}{draw(spaces)})"


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    """A path compared with a text."""
    return f"{draw(paths())}{draw(spaces)}{draw(st.sampled_from(['==', '!=', '<']))}{draw(spaces)}{draw(quoted())}"


others = st.sampled_from(
    ["", " ", "a.0", "a['b']", "a | upper", "a == b", "a ~ b", "1", "'text'", "a.b()", "[a]", "a."]
)
expressions = st.builds("{}{}{}".format, spaces, paths() | defaults() | comparisons() | others, spaces)
conditions = st.builds("{}{}{}".format, st.sampled_from(["", "not ", "not\t"]), expressions, spaces)


class Inventory(InventoryModule):
    """Only what evaluates expressions, without a file and a server."""

    _load_name = "waldur.provider.inventory"

    def __init__(self, *, fast: bool, extra: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__()
        self.is_fast = fast
        self.settings = {"use_extra_vars": bool(extra), **options}
        self._vars = extra or {}
        self.templar = Templar(loader=None)
        self.inventory = InventoryData()

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        """As it was given."""
        return self.settings.get(option)

    def built(self) -> Any:
        """All of the inventory, to be compared."""
        return (
            {name: add_types(host.vars) for name, host in self.inventory.hosts.items()},
            {
                _without_address(name): (
                    sorted(host.name for host in group.get_hosts()),
                    sorted(child.name for child in group.child_groups),
                )
                for name, group in self.inventory.groups.items()
            },
        )


def outcome(plugin: Inventory, expression: str, row: dict[str, Any]) -> Any:
    """What an expression gives, told to the type; for every error the same."""
    try:
        return add_types(plugin._compose(trust(expression), row))
    except Exception:  # noqa: BLE001 Jinja's own errors come through as they are
        return "error"


def add_types(value: Any) -> Any:
    """Return a value with the types of all that is in it, as 1, True and 1.0 are equal."""
    if isinstance(value, dict):
        return (value.__class__.__name__, [(add_types(key), add_types(item)) for key, item in value.items()])
    if isinstance(value, list):
        return (value.__class__.__name__, [add_types(item) for item in value])
    return (value.__class__.__name__, _without_address(str(value)))


def _without_address(text: str) -> str:
    """Where something lies in memory is part of what older engines tell of methods."""
    return re.sub(r"0x[0-9a-f]{6,}", "0x", text)
