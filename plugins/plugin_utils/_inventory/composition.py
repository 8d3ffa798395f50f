# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Composed variables and groups of an inventory, without a template engine where none is needed."""

from __future__ import annotations

from typing import Any

from ansible import template as template_engine
from ansible.plugins.inventory import Constructable
from ansible.utils.vars import combine_vars

from ansible_collections.waldur.provider.plugins.plugin_utils._inventory import expressions
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.expressions import UNKNOWN

# Before 2.19 every text that is no AnsibleUnsafeText was a template.
OLD = not hasattr(template_engine, "is_trusted_as_template")


def is_trusted(value: Any) -> bool:
    """Whether Ansible would evaluate it."""
    return isinstance(value, str) if OLD else bool(template_engine.is_trusted_as_template(value))


def trusted(value: str) -> str:
    """A text of ours, which Ansible may evaluate."""
    found: str = value if OLD else template_engine.trust_as_template(value)
    return found


class PlainNames(Constructable):  # type: ignore[misc]
    """Answers expressions that are plain names itself, and leaves the rest to Ansible.

    The results are those of the same core's template engine; only the tag that tells where an expression stands, which
    newer cores put on texts for their messages, is not made anew.
    """

    fast = True

    def __init__(self) -> None:
        super().__init__()
        self._expressions: dict[str, expressions.Plain | None] = {}
        self._conditions: dict[str, expressions.Condition | None] = {}
        self._last: Any = UNKNOWN

    def _compose(self, template: Any, variables: Any, *args: Any, **kwargs: Any) -> Any:
        found = self._named(template, variables) if self.fast and not (args or kwargs) else UNKNOWN
        if found is UNKNOWN:
            found = super()._compose(template, variables, *args, **kwargs)
        else:
            # The name of a parent group is evaluated with these.
            self.templar.available_variables = (
                combine_vars(variables, self._vars) if self._uses_extra_vars() else variables
            )
        self._last = found
        return found

    def _named(self, template: Any, variables: Any) -> Any:
        if not is_trusted(template) or variables.__class__ is not dict:
            return UNKNOWN
        text = str(template)
        if text not in self._expressions:
            self._expressions[text] = expressions.expression(text)
        found = self._expressions[text]
        if found is None or (self._vars and found.path[0] in self._vars and self._uses_extra_vars()):
            return UNKNOWN
        return expressions.value_of(found, variables, old=OLD)

    def _uses_extra_vars(self) -> bool:
        try:
            return bool(self.get_option("use_extra_vars"))
        except Exception:  # noqa: BLE001 as Ansible's own does
            return False

    def _add_host_to_composed_groups(
        self, groups: Any, variables: Any, host: Any, strict: bool = False, fetch_hostvars: bool = True
    ) -> None:
        if not self.fast or fetch_hostvars or not isinstance(groups, dict):
            super()._add_host_to_composed_groups(groups, variables, host, strict, fetch_hostvars)
            return
        for name, condition in groups.items():
            found = self._true(condition, variables)
            if found is UNKNOWN:
                super()._add_host_to_composed_groups({name: condition}, variables, host, strict, fetch_hostvars)
            elif found:
                self.inventory.add_child(self.inventory.add_group(self._sanitize_group_name(name)), host)

    def _true(self, condition: Any, variables: Any) -> Any:
        if not is_trusted(condition) or variables.__class__ is not dict:
            return UNKNOWN
        text = str(condition)
        if text not in self._conditions:
            self._conditions[text] = expressions.condition(text)
        found = self._conditions[text]
        return UNKNOWN if found is None else expressions.truth_of(found, variables, old=OLD)
