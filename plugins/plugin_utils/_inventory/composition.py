# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compose the variables and groups of hosts, without a template engine where none is needed."""

from __future__ import annotations

from typing import Any

from ansible.plugins.inventory import Constructable
from ansible.utils.vars import combine_vars

from ansible_collections.waldur.provider.plugins.plugin_utils._inventory import expressions
from ansible_collections.waldur.provider.plugins.plugin_utils._inventory.expressions import UNKNOWN
from ansible_collections.waldur.provider.plugins.plugin_utils._templating import IS_OLD, is_trusted


# Before 2.19 every text that is no AnsibleUnsafeText was a template.
class FastConstructable(Constructable):  # type: ignore[misc]
    """Evaluate expressions that are plain names or paths, and leave all others to Ansible.

    The results are those of the same core's template engine. Only the tag with the origin of an expression, which newer
    cores put on texts for their messages, is not set.
    """

    is_fast = True

    def __init__(self) -> None:
        super().__init__()
        self._expressions: dict[str, expressions.PathExpression | None] = {}
        self._conditions: dict[str, expressions.Condition | None] = {}
        # The value that was composed last, which Ansible's own methods do not return.
        self._last: Any = UNKNOWN

    def _compose(self, template: Any, variables: Any, *args: Any, **kwargs: Any) -> Any:
        value = self._evaluate_path(template, variables) if self.is_fast and not (args or kwargs) else UNKNOWN
        if value is UNKNOWN:
            value = super()._compose(template, variables, *args, **kwargs)
        else:
            # The name of a parent group is evaluated with these.
            self.templar.available_variables = (
                combine_vars(variables, self._vars) if self._uses_extra_vars() else variables
            )
        self._last = value
        return value

    def _evaluate_path(self, template: Any, variables: Any) -> Any:
        """Return the value of an expression, ``UNKNOWN`` where it is left to Ansible."""
        if not is_trusted(template) or variables.__class__ is not dict:
            return UNKNOWN
        text = str(template)
        if text not in self._expressions:
            self._expressions[text] = expressions.parse_expression(text)
        expression = self._expressions[text]
        if expression is None or (self._vars and expression.path[0] in self._vars and self._uses_extra_vars()):
            return UNKNOWN
        return expressions.evaluate(expression, variables, is_old=IS_OLD)

    def _uses_extra_vars(self) -> bool:
        """Return whether extra variables take part in expressions."""
        try:
            return bool(self.get_option("use_extra_vars"))
        except Exception:  # noqa: BLE001 as Ansible's own does
            return False

    def _add_host_to_composed_groups(
        self, groups: Any, variables: Any, host: Any, strict: bool = False, fetch_hostvars: bool = True
    ) -> None:
        if not self.is_fast or fetch_hostvars or not isinstance(groups, dict):
            super()._add_host_to_composed_groups(groups, variables, host, strict, fetch_hostvars)
            return
        for name, condition in groups.items():
            is_met = self._evaluate_condition(condition, variables)
            if is_met is UNKNOWN:
                super()._add_host_to_composed_groups({name: condition}, variables, host, strict, fetch_hostvars)
            elif is_met:
                self.inventory.add_child(self.inventory.add_group(self._sanitize_group_name(name)), host)

    def _evaluate_condition(self, condition: Any, variables: Any) -> Any:
        """Return whether a condition is met, ``UNKNOWN`` where it is left to Ansible."""
        if not is_trusted(condition) or variables.__class__ is not dict:
            return UNKNOWN
        text = str(condition)
        if text not in self._conditions:
            self._conditions[text] = expressions.parse_condition(text)
        parsed = self._conditions[text]
        return UNKNOWN if parsed is None else expressions.evaluate_condition(parsed, variables, is_old=IS_OLD)
