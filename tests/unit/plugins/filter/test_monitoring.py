# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports for the widgets of GitLab and for monitoring, each read back by a parser that is not ours."""

from __future__ import annotations

from io import StringIO
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite
from messages import message
from prometheus_client.parser import text_fd_to_metric_families

from ansible_collections.waldur.provider.plugins.filter.drift_junit import FilterModule as Junit
from ansible_collections.waldur.provider.plugins.filter.drift_metrics import FilterModule as Metrics
from ansible_collections.waldur.provider.plugins.filter.plan_gitlab import FilterModule as GitLab

from ..helpers.sample_plans import ALPHA, BETA, HOSTILE, PLANS, TEXTS, USUAL, change, until

gitlab = GitLab().filters()["plan_gitlab"]
junit = Junit().filters()["drift_junit"]
metrics = Metrics().filters()["drift_metrics"]

PROVIDERS = [{"name": "Alpha Cloud Ltd", "customer_uuid": ALPHA, "uuid": None}, {"name": "Beta", "customer_uuid": BETA}]
CLEAN = {"status": "clean", "message": "", "plan": []}
FAILED = {"status": "error", "message": "Waldur\nis down: <b>\x1b & {{ 1 }}", "plan": []}
ROWS = st.lists(st.fixed_dictionaries({"name": TEXTS.filter(bool), "customer_uuid": st.sampled_from([ALPHA, BETA])}))


def drift(plan: list[Any]) -> dict[str, Any]:
    return {"status": "drift", "message": "Waldur differs", "plan": plan}


# --- GitLab's widget --------------------------------------------------------------------------------------------------


def test_gitlab_gets_the_numbers_of_created_updated_and_deleted_objects() -> None:
    assert gitlab(USUAL) == {"create": 2, "update": 5, "delete": 3}
    assert gitlab([]) == {"create": 0, "update": 0, "delete": 0}
    assert gitlab([change("delete", "A", None, None), change("create", "B", None, {"x": 1})]) == {
        "create": 1,
        "update": 0,
        "delete": 1,
    }
    assert gitlab([change("rotate", "code", None, None)])["update"] == 1


# --- JUnit ------------------------------------------------------------------------------------------------------------


def suites(text: str) -> dict[str, list[TestCase]]:
    """The test cases by suite, as junitparser reads them; the counts are those of the cases."""
    root = JUnitXml.fromstring(text.encode())
    found: dict[str, list[TestCase]] = {}
    totals = [0, 0, 0]
    for suite in root:
        assert isinstance(suite, TestSuite)
        cases = list(suite)
        results = [result for case in cases for result in case.result]
        counts = [len(cases), *(sum(isinstance(one, kind) for one in results) for kind in (Failure, Error))]
        assert counts == [suite.tests, suite.failures, suite.errors]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        assert suite.name not in found
        found[suite.name] = cases
    assert totals == [root.tests, root.failures, root.errors]
    return found


def test_each_provider_is_a_test_suite_and_each_difference_a_failing_case() -> None:
    found = suites(junit(drift(USUAL), [*PROVIDERS, {"name": "Delta", "customer_uuid": "d" * 32}]))
    assert {name: len(cases) for name, cases in found.items()} == {
        "Alpha Cloud Ltd": 7,
        "Beta": 2,
        "Delta": 1,
        "Gamma": 1,
    }
    case = found["Alpha Cloud Ltd"][3]
    assert case.name == "shorten role member3 as CUSTOMER.SUPPORT"
    assert case.classname == "Alpha Cloud Ltd"
    (failure,) = case.result
    assert failure.message == "expiration_time: never -> 2027-06-30"
    assert failure.type == "shorten"
    assert failure.text == f"Alpha Cloud Ltd: shorten member3 as CUSTOMER.SUPPORT: {failure.message}"
    assert [(case.name, case.result) for case in found["Delta"]] == [("matches the document", [])]


def test_a_check_that_was_not_possible_is_an_error_and_no_provider_counts_as_clean() -> None:
    [(name, (case,))] = list(suites(junit(FAILED, PROVIDERS)).items())
    (error,) = case.result
    assert isinstance(error, Error)
    assert (name, case.name) == ("Waldur service providers", "Compare Waldur with the document")
    assert error.message == "Waldur\\nis down: <b>\\x1b & {\u200b{ 1 }}"


def test_providers_of_one_name_are_two_suites() -> None:
    twins = [{"name": "A", "customer_uuid": uuid} for uuid in (ALPHA, BETA)]
    assert list(suites(junit(CLEAN, twins))) == [f"A ({ALPHA})", f"A ({BETA})"]


# --- Prometheus -------------------------------------------------------------------------------------------------------


def samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """The samples by metric, as the parser of Prometheus' client reads them; all are gauges with a description."""
    found = {}
    for family in text_fd_to_metric_families(StringIO(text)):
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        found[family.name] = [(sample.labels, sample.value) for sample in family.samples]
    return found


def label(name: str = "Alpha Cloud Ltd", uuid: str = ALPHA, **more: str) -> dict[str, str]:
    return {"service_provider": name, "customer_uuid": uuid, **more}


EXPIRING = [
    {"service_provider": "Beta", "kind": "user_role", "name": f"u{n} as X", "id": {"customer": BETA}} for n in range(3)
]
POOLS = [
    {
        "uuid": "1" * 32,
        "customer_name": "Beta",
        "customer_uuid": BETA,
        "uid_utilization": 12.5,
        "gid_utilization": None,
        "group_gid_utilization": 100,
    }
]


def test_metrics_show_drift_changes_by_kind_expiries_pools_and_the_time_of_the_check() -> None:
    plan = [change("grant", f"u{n}", None, until(None)) for n in range(2)] + [change("revoke", "o", until(None), None)]
    assert samples(metrics(drift(plan), PROVIDERS, 1_800_000_000.5, EXPIRING, POOLS)) == {
        "waldur_drift_check_success": [({}, 1)],
        "waldur_drift_last_check_timestamp_seconds": [({}, 1_800_000_000.5)],
        "waldur_drift": [(label(), 1), (label("Beta", BETA), 0)],
        "waldur_drift_changes": [
            (label(kind="user_role", action="grant"), 2),
            (label(kind="user_role", action="revoke"), 1),
        ],
        "waldur_expiring_soon": [(label(kind="user_role"), 0), (label("Beta", BETA, kind="user_role"), 3)],
        "waldur_posix_id_pool_utilization_ratio": [
            (label("Beta", BETA, pool="1" * 32, range="uid"), 0.125),
            (label("Beta", BETA, pool="1" * 32, range="group_gid"), 1),
        ],
    }


def test_a_pool_that_is_given_twice_has_one_sample_of_each_range() -> None:
    again = {**POOLS[0], "uuid": f"{'1' * 8}-{'-'.join(['1' * 4] * 3)}-{'1' * 12}"}
    once = metrics(CLEAN, PROVIDERS, 1, [], POOLS)
    assert metrics(CLEAN, PROVIDERS, 1, [], [*POOLS, *POOLS]) == once
    found = samples(metrics(CLEAN, PROVIDERS, 1, [], [*POOLS, again]))["waldur_posix_id_pool_utilization_ratio"]
    assert len(found) == 2


@pytest.mark.parametrize("number", [10**400, float("nan"), float("inf"), True, "12"])
def test_an_impossible_share_of_a_pool_is_no_metric_and_the_others_are_there(number: Any) -> None:
    found = samples(metrics(CLEAN, PROVIDERS, 1, [], [{**POOLS[0], "uid_utilization": number}]))
    shown = [(label("Beta", BETA, pool="1" * 32, range="group_gid"), 1)]
    assert found["waldur_posix_id_pool_utilization_ratio"] == shown


def test_what_was_not_read_is_no_metric() -> None:
    assert set(samples(metrics(CLEAN, PROVIDERS, 1))) == {
        "waldur_drift",
        "waldur_drift_check_success",
        "waldur_drift_last_check_timestamp_seconds",
    }
    assert samples(metrics(FAILED, None, "5")) == {
        "waldur_drift_check_success": [({}, 0)],
        "waldur_drift_last_check_timestamp_seconds": [({}, 5)],
    }


def test_the_name_of_a_provider_is_read_back_from_its_label() -> None:
    name = 'back\\slash, "quotes" and }'
    ((labels, value),) = samples(metrics(CLEAN, [{"name": name, "customer_uuid": ALPHA}], 1))["waldur_drift"]
    assert (labels["service_provider"], value) == (name, 0)


# One test, as making random plans takes longer than reading them.
@given(plan=PLANS, providers=ROWS)
def test_every_report_is_valid_and_counts_each_change_once_whatever_users_wrote(
    plan: list[dict[str, Any]], providers: list[dict[str, Any]]
) -> None:
    counts = gitlab(plan)
    assert list(counts) == ["create", "update", "delete"]
    assert sum(counts.values()) == len(plan)

    xml = junit(drift(plan), providers)
    root = fromstring(xml)
    assert len(list(root.iter("failure"))) == len(plan)
    assert {element.tag for element in root.iter()} <= {"testsuites", "testsuite", "testcase", "failure"}

    text = metrics(drift(plan), providers, 1)
    assert sum(value for _labels, value in samples(text).get("waldur_drift_changes", [])) == len(plan)
    assert all(line.isprintable() or "\u200b" in line for line in text.split("\n"))
    assert not [mark for mark in ("{{", "{%", "{#") if mark in xml or mark in text]


def test_no_report_holds_a_secret_or_the_name_of_a_user_in_a_metric() -> None:
    for made in (junit(drift(HOSTILE)), metrics(drift(HOSTILE), None, 1), str(gitlab(HOSTILE))):
        assert "must-not-be-seen" not in made
    assert "member1" not in metrics(drift(USUAL), PROVIDERS, 1, EXPIRING)
    assert "u0 as X" not in metrics(drift(USUAL), PROVIDERS, 1, EXPIRING)


@pytest.mark.parametrize(
    ("name", "run", "expected"),
    [
        ("plan_gitlab", lambda: gitlab("x"), "_input: must be the list 'plan'"),
        ("drift_junit", lambda: junit([]), message("report_is_no_drift")),
        ("drift_junit", lambda: junit({"status": "fine"}), message("report_is_no_drift")),
        ("drift_junit", lambda: junit(CLEAN, "x"), message("report_without_providers")),
        ("drift_junit", lambda: junit(CLEAN, [{"name": "A"}]), message("report_without_providers")),
        ("drift_metrics", lambda: metrics(drift([7]), None, 1), "_input[0]: is not a valid change"),
        ("drift_metrics", lambda: metrics(CLEAN), message("report_without_time")),
        ("drift_metrics", lambda: metrics(CLEAN, None, "nan"), message("report_without_time")),
        ("drift_metrics", lambda: metrics(CLEAN, None, 1, [{"kind": "x"}]), message("report_without_expiring")),
        ("drift_metrics", lambda: metrics(CLEAN, None, 1, None, ["x"]), message("report_without_pools")),
    ],
)
def test_invalid_data_is_refused_in_one_sentence(name: str, run: Any, expected: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        run()
    assert str(caught.value).startswith(f"waldur.provider.{name}: {expected.removesuffix('.')}")
