# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of ``waldur.provider.validate_playbook``, which needs the variables of the run."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.utils.vars import load_extra_vars

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, quote, suggest_closest
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.declarations import (
    Playbook,
    load_playbooks,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.documents import (
    check_approved_plan,
    check_documents,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.target_hosts import (
    LOCALHOST,
    check_target_hosts,
)
from ansible_collections.waldur.provider.plugins.plugin_utils._playbooks.variables import (
    check_names,
    check_required,
    check_values,
    is_left_out,
    list_ineffective,
)

# A variable that must not be left out by mistake, as nothing would check the plan then.
_NEVER_LEFT_OUT = ("policy_path",)


class PlaybookValidation(ActionBase):
    """Validate the variables of a playbook and its hosts, before it does anything."""

    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return an unchanged result, or the first error."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            playbook = self._read_playbook()
            values = self._read_values(playbook, variables)
            known = {name for playbook in load_playbooks().values() for name in playbook.variables}
            extra_variables = load_extra_vars(self._loader)
            # A variable of hosts that is misspelt or missing selects none, which would be the less helpful error.
            check_names(playbook, extra_variables, known)
            check_required(playbook, values)
            self._check_hosts(playbook, values, variables)
            check_values(playbook, values)
            if playbook.documents:
                check_documents(playbook.documents, values)
            check_approved_plan(values)
        except InvalidInput as error:
            return {"failed": True, "msg": error.message, **error.details}
        return {"changed": False, "warnings": list_ineffective(playbook, extra_variables, known)}

    def _read_playbook(self) -> Playbook:
        arguments = dict(self._task.args)
        name = str(arguments.pop("playbook", ""))
        if arguments:
            raise InvalidInput(f"{quote(next(iter(arguments)))}: is not an option: only playbook is.")
        playbooks = load_playbooks()
        if name not in playbooks:
            hint = suggest_closest(name, playbooks)
            raise InvalidInput(f"playbook: '{quote(name)}' is not one of {', '.join(playbooks)}.{hint}")
        return playbooks[name]

    def _read_values(self, playbook: Playbook, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the values of the playbook's variables that are defined.

        A variable that is made of one that is not defined counts as left out, so that a workflow can pass on the plan
        of a job that did not run. A policy is an error then, as its rules would not be checked.
        """
        values = {}
        # Documents can't be used in some playbooks, which say so.
        for name in {**playbook.variables, "service_providers": None} if playbook.documents else playbook.variables:
            if name in variables:
                try:
                    values[name] = self._templar.template(variables[name])
                except AnsibleError as error:
                    if name in _NEVER_LEFT_OUT:
                        reason = quote(error.message, 1000)
                        raise InvalidInput(f"{name}: can't be evaluated ({reason}): correct it.") from None
                    continue
        return values

    def _check_hosts(self, playbook: Playbook, values: dict[str, Any], variables: dict[str, Any]) -> None:
        """Raise ``InvalidInput`` if no host of the playbook is left."""
        pattern = values.get(playbook.hosts)
        if not playbook.hosts or is_left_out(playbook.variables[playbook.hosts], pattern):
            pattern = LOCALHOST
        lookup = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        matching = lookup.run([pattern], variables=variables)
        check_target_hosts(playbook, str(pattern), matching, variables.get("ansible_play_hosts_all", ()))
