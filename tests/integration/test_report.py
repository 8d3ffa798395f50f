# SPDX-License-Identifier: GPL-3.0-or-later
"""The role and the playbook that write reports: what is written, what is refused, and what a second run changes."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from provider_accounts import add_username_conflict

from simulator_process import Simulator

from .playbook import Outcome, Runner, runner

PLAYBOOK = "waldur.provider.report"
DAY = {"report_moment": "2026-11-23"}
EXPIRING_GRANT = {
    "user": "pm1",
    "role": "CUSTOMER.MANAGER",
    "service_provider": "Alpha Cloud Ltd",
    "expiration_time": "2026-12-05T00:00:00Z",
}
HOSTILE = "<b onclick=alert(1)>"
TRAP = "{{ lookup('ansible.builtin.pipe', 'touch %s/trapped') }}<script>alert(1)</script>"


def report(run: Runner, *options: str, **variables: Any) -> Outcome:
    """Run the playbook as people do."""
    given = json.dumps({**DAY, **variables})
    return run.command(["playbook", "-i", run.inventory(), PLAYBOOK, "--diff", "-e", given, *options])


def pages(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def changed(outcome: Outcome) -> set[str]:
    """What the tasks that changed something are about."""
    return {line["task"].rpartition(" ")[2] for line in outcome.lines if line["result"].get("changed")}


def test_pages_are_written_once_and_hold_what_waldur_says_as_text() -> None:
    with Simulator.start(edition="2026") as sim:
        run = runner(sim)
        sim.change("ServiceProvider", {}, {"description": TRAP % run.folder})
        sim.create("Grant", **EXPIRING_GRANT)
        asked: dict[str, Any] = {"service_provider": ["ALPHA", "BETA", "ALPHA"]}
        checked = report(run, "--check", **asked)
        assert checked.code == 0, checked.output
        assert "/reports/alpha-cl-1.html" in checked.output
        assert not (run.folder / "reports").exists()
        first = report(run, "-vvvv", **asked)
        assert first.code == 0, first.output
        found = pages(run.folder / "reports")
        assert list(found) == ["alpha-cl-1.html", "beta-hpc-1.html", "index.html"]
        assert (run.folder / "reports" / "index.html").stat().st_mode & 0o777 == 0o644
        alpha = html.unescape(found["alpha-cl-1.html"])
        for text in (
            "Alpha Cloud Ltd",
            "Acceptable use",
            "Not completed:",
            "manager_alpha",
            "CUSTOMER.MANAGER",
            "<svg",
        ):
            assert text in alpha
        assert TRAP % run.folder in alpha
        assert not any("<script>alert" in text or "{{" in text for text in found.values())
        assert "<script" not in alpha.replace(TRAP % run.folder, "")
        assert '<a href="index.html">All service providers</a>' in alpha
        index = found["index.html"]
        assert f'<a href="{sim.url}/">127.0.0.1</a>' in index
        numbers = {
            label: re.findall(rf'data-label="{label}" data-order="([\d.]*)"', index)
            for label in ("Compliance", "Revenue, 12 months", "Roles expiring within 30 days")
        }
        # Alpha, Beta, and the total. Beta has no checklist.
        assert numbers["Compliance"][0] == numbers["Compliance"][2] != numbers["Compliance"][1] == ""
        alpha_revenue, beta_revenue, total = (float(text) for text in numbers["Revenue, 12 months"])
        assert alpha_revenue > beta_revenue > 0
        assert total == alpha_revenue + beta_revenue
        assert numbers["Roles expiring within 30 days"] == ["1", "0", "1"]
        assert not (run.folder / "trapped").exists()
        again = report(run, **asked)
        assert again.code == 0
        assert changed(again) == set()
        sim.change("OfferingUser", {"username": "m1_alpha"}, {"state": "Error creating"})
        assert changed(report(run, "--check", **asked)) == {"alpha-cl-1.html"}
        assert pages(run.folder / "reports") == found


def test_the_section_about_accounts_shows_conflicts_and_the_numbers_that_are_left() -> None:
    with Simulator.start(edition="2026") as sim:
        run = runner(sim)
        add_username_conflict(sim)
        sim.change("OfferingUser", {"username": "m1_storage"}, {"state": "Error creating"})
        sim.change("Offering", {"name": "Alpha VM"}, {"plugin_options": {"homedir_prefix": f"/srv/{HOSTILE}/"}})
        pool = "c0000000000040008000000000000061"
        sim.create("PosixPool", uuid=pool, service_provider="Alpha Cloud Ltd", min_uid=9001, max_uid=9004)
        for number, user in enumerate(("member1", "member2", "member3", "member4")):
            sim.create("PosixIdentity", pool=pool, user=user, uid=9001 + number)
        outcome = report(run, service_provider="ALPHA")
        assert outcome.code == 0, outcome.output
        page = (run.folder / "reports" / "alpha-cl-1.html").read_text()
        for text in (
            "1 account has failed",
            "1 username conflict",
            "m1_alpha (1 offering), m1_storage (1 offering)",
            "100 % of the UIDs are used",
            "4 of 4 used",
            "users have no username",
            f"homedir_prefix: /srv/{html.escape(HOSTILE)}/",
        ):
            assert text in page
        assert HOSTILE not in page


def test_an_unreadable_provider_is_reported_and_does_not_stop_the_others(sim: Simulator) -> None:
    run = runner(sim)
    sim.change("Customer", {"abbreviation": "BETA"}, {"name": "Beta {{ 1 / 0 }}"})
    sim.fault(path="*/revenue/", method="GET", skip=1, times=None, status=400, body={"detail": "out of order"})
    outcome = report(run, service_provider=["ALPHA", "BETA", "NOBODY"], output_directory="out")
    assert outcome.code == 2
    message = outcome.of("Fail if a report could not be written")["msg"]
    assert message.startswith("The reports of 2 of 3 service providers could not be written: NOBODY, Beta {{ 1 / 0 }}.")
    found = pages(run.folder / "out" / "reports")
    assert list(found) == ["alpha-cl-1.html", "index.html"]
    assert "out of order" in found["index.html"]


def test_what_a_token_may_not_read_or_an_old_waldur_does_not_have_is_a_sentence() -> None:
    with Simulator.start(edition="2024") as sim:
        run = runner(sim)
        assert report(run, service_provider="ALPHA").code == 0
        page = (run.folder / "reports" / "alpha.html").read_text()  # it has no slugs
        assert page.count("This could not be read") == 2
        assert "does not return the state of accounts" in page


def test_without_names_those_are_reported_of_which_the_token_may_read_more_than_the_profile(sim: Simulator) -> None:
    sim.delete("ServiceProvider", {"customer__name__startswith": "Extra"})
    run = runner(sim, "owner")
    outcome = report(run)
    assert outcome.code == 0, outcome.output
    found = pages(run.folder / "reports")
    assert list(found) == ["alpha-cl-1.html", "index.html"]
    assert "The token may read only the profile of this service provider." in found["index.html"]
    sim.delete("Grant", {"service_provider__isnull": False})
    alone = runner(sim, "outsider")
    refused = report(alone)
    assert refused.code == 2
    assert (
        "No report was written: the token may not read more than the profile"
        in refused.of("Fail if there is no service provider to report on")["msg"]
    )


def test_a_report_goes_into_the_home_folder_and_warns_of_no_field_that_this_waldur_lacks(sim: Simulator) -> None:
    run = runner(sim)
    options = ["-e", "service_provider=ALPHA", "-e", "output_directory=~/out"]
    outcome = run.command(["playbook", PLAYBOOK, *options], {"HOME": str(run.folder)})
    assert outcome.code == 0, outcome.output
    assert list(pages(run.folder / "out" / "reports")) == ["alpha-cl-1.html"]
    assert "runtime_state" not in outcome.output
