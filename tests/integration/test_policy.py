# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies, in-process and as modules: an error names rule, change, file and line, and nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from messages import mentions, message

from simulator_process import Simulator

from .playbook import EXECUTIONS, runner

DOCUMENT = """\
service_providers:
  - customer: ALPHA
    users:
      - user: manager_alpha
      - user: member1
        expiration_time: never
"""
REGO = """\
package waldur

deny contains {"message": "no grants", "change": index} if {
  some index, change in input.plan
  change.action == "grant"
}
"""
FILES = {
    "providers/alpha.yml": DOCUMENT,
    "strict.yml": "permanent_role_users: [manager_alpha]\nmax_changes: 0\n",
    "lenient.yml": "permanent_role_users: [member1]\nforbidden_email_domains: [example.com]\n",
    "misspelt.yml": "max_chnges: 1\n",
    "strict.rego": REGO,
}
GRANT = "grant member1 as CUSTOMER.MANAGER (Alpha Cloud Ltd)"
PLACE = "service_providers[0].users[1]"


def task(name: str, check: bool = True, **options: Any) -> dict[str, Any]:
    arguments = {"providers_path": "providers", **options}
    return {"name": name, "waldur.provider.desired_state": arguments, "check_mode": check, "ignore_errors": True}


def data_task(name: str, document: list[dict[str, Any]]) -> dict[str, Any]:
    arguments = {"service_providers": document, "policy_path": "strict.yml"}
    return {"name": name, "waldur.provider.desired_state": arguments, "ignore_errors": True}


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_plan_is_applied_only_if_it_follows_the_policy(sim: Simulator, execution: str) -> None:
    run = runner(sim, execution=execution)
    for name, text in FILES.items():
        path: Path = run.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    outcome = run.play(
        [
            task("Plan", policy_path="strict.yml"),
            task("Apply", check=False, policy_path="strict.yml"),
            task("Rego", policy_path="strict.rego"),
            data_task("Data", [{"customer": "ALPHA", "users": [{"user": "member1"}]}]),
            task("Report", policy_path="strict.yml", policy_mode="report"),
            task("Report and apply", check=False, policy_path="strict.yml", policy_mode="report"),
            task("Misspelt", policy_path="misspelt.yml"),
            task("Empty", policy_path=""),
            task("Missing", policy_path="nowhere.yml"),
        ]
    )
    assert outcome.code == 0, outcome.output
    assert sim.counts().writes == 0
    for name in ("Plan", "Apply"):
        rejected = outcome.of(name)
        assert mentions(rejected["msg"], "policy_rejects", file="strict.yml", violations="2 violations"), rejected
        rows = [(row["rule"], row["file"], row["line"], row["place"]) for row in rejected["policy_violations"]]
        assert rows == [
            ("max_changes", "strict.yml", 2, None),
            ("permanent_role_users", "providers/alpha.yml", 5, f"providers/alpha.yml: {PLACE}"),
        ]
        assert f"(2) providers/alpha.yml: line 5: {PLACE}: {GRANT}: " in rejected["msg"]
        assert rejected["policy_violations"][1]["message"] in rejected["msg"]
        assert rejected["policy_violations"][1]["change"]["action"] == "grant"
    assert (
        f"(1) providers/alpha.yml: line 5: {PLACE}: {GRANT}: no grants [data.waldur.deny]." in outcome.of("Rego")["msg"]
    )
    in_data = outcome.of("Data")["policy_violations"][1]
    assert (in_data["file"], in_data["line"], in_data["place"]) == (None, None, "service_providers[0].users[0]")
    reported = outcome.of("Report")
    assert not reported.get("failed")
    assert len(reported["plan"]) == 1
    assert reported["policy_violations"] == outcome.of("Plan")["policy_violations"]
    assert mentions(" ".join(reported["warnings"]), "policy_rejects", file="strict.yml", violations="2 violations")
    assert outcome.of("Report and apply")["msg"] == message("policy_report_only")
    assert outcome.of("Misspelt")["msg"].startswith(
        "misspelt.yml: 'max_chnges' is not known. Did you mean 'max_changes'?"
    )
    assert outcome.of("Empty")["msg"] == message("policy_path_empty")
    assert "policy_path: there is no file or folder nowhere.yml" in outcome.of("Missing")["msg"]
    allowed = run.play([task("Apply", check=False, policy_path="lenient.yml")]).of("Apply")
    assert (allowed["changed"], allowed["policy_violations"]) == (True, [])
    assert sim.counts().writes == 1
