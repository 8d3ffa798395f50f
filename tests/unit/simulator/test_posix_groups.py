# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of projects get their GIDs as documented (api-behaviour: posix-pools-groups); projects stand for the groups.

No request reaches these functions alone, so they are called in a process of their own, in which Django is set up.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

TESTS = pathlib.Path(__file__).parents[2]
SETUP = """
import json
from simulator import __main__, editions
editions.choose("2026")
__main__.configure()
from simulator import database, models, posix, world
from rest_framework.exceptions import APIException
database.create()
world.load("recorded", "http://localhost")
provider = models.ServiceProvider.objects.get(customer__name="Alpha Cloud Ltd")
offering = provider.customer.offerings.order_by("name").first()
user = models.User.objects.get(username="member1")
groups = list(models.Project.objects.order_by("id")[:5])
found = []


def pool(**ranges):
    return models.PosixPool.objects.create(service_provider=provider, **ranges)


def attempt(function, *arguments):
    try:
        found.append(function(*arguments))
    except APIException as problem:
        text = problem.detail["gid"] if isinstance(problem.detail, dict) else problem.detail
        found.append([problem.status_code, text])


def take(number):
    attempt(posix.allocate_group_gid, provider, groups[number])


def check(number, gid, anywhere=False):
    attempt(posix.check_group_gid, provider, groups[number], gid, anywhere)
"""


def run(scenario: str) -> list[Any]:
    """Return what *scenario* appended to ``found``."""
    script = f"{SETUP}\n{scenario}\nprint(json.dumps(found))"
    done = subprocess.run([sys.executable, "-c", script], cwd=TESTS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def test_gids_come_from_the_range_for_groups_and_a_group_keeps_its_own() -> None:
    scenario = "pool(min_gid=30000, max_gid=30010, min_group_gid=20001, max_group_gid=20002)\n"
    scenario += "take(0); take(1); take(0); take(2)"
    exhausted = [409, "The POSIX project group pool for service provider"]
    *found, (status, text) = run(scenario)
    assert found == [20001, 20002, 20001]
    assert [status, text.rsplit(maxsplit=3)[0]] == exhausted


def test_gids_come_from_the_range_of_all_gids_where_groups_have_none_and_are_null_without_a_pool() -> None:
    scenario = "take(0); pool(min_uid=5000, max_uid=5010); take(0)\n"
    scenario += "models.PosixPool.objects.update(min_gid=30000, max_gid=30010, next_gid=30000); take(0)"
    assert run(scenario) == [None, None, 30000]


def test_a_gid_that_was_given_back_is_never_given_to_a_group() -> None:
    scenario = """
own = pool(min_gid=30000, max_gid=30010)
found.append(posix.allocate(own, "gid", user, offering))
posix.release(posix.active(own), recyclable=True)
take(0)
posix.release_group_gid(groups[0])
take(1); take(0)
found.append(posix.allocate(own, "gid", user, offering))
"""
    assert run(scenario) == [30000, 30001, 30002, 30003, 30000]


def test_a_pinned_gid_is_skipped_and_the_one_before_it_withheld() -> None:
    scenario = """
pool(min_gid=30000, max_gid=30010, min_group_gid=20001, max_group_gid=20200)
posix.pin_group_gid(provider, groups[0], 20002)
posix.pin_group_gid(provider, groups[0], 20004)
posix.pin_group_gid(provider, groups[0], 20004)
take(0); take(1); take(2); take(3)
found.append(models.PosixIdentity.objects.filter(gid=20004).count())
"""
    assert run(scenario) == [20004, 20001, 20003, 20005, 1]


REFUSALS = {
    ("min_uid=5000, max_uid=5010", 20001, True): "has no POSIX ID pool with a GID range",
    (
        "min_gid=30000, max_gid=30010",
        20001,
        False,
    ): "20001 is outside the pool's GID range 30000-30010. Set",
    ("min_gid=30000, max_gid=30010", 20001, True): None,
    ("min_gid=30000, max_gid=30010", 40005, True): "40005 is inside the GID range of another pool.",
    ("min_gid=30000, max_gid=30010", 30000, False): "30000 is already used by the account of user member1.",
    ("min_gid=30000, max_gid=30010", 30001, False): None,
    ("min_gid=30000, max_gid=30010, min_group_gid=20001, max_group_gid=20010", 30005, False): (
        "30005 is outside the pool's project group range 20001-20010. Set allow_outside_range"
    ),
}


def test_a_gid_is_refused_that_no_range_allows_or_another_holder_has() -> None:
    case = """
models.PosixPool.objects.all().delete()
models.PosixPool.objects.create(offering=offering, min_gid=40000, max_gid=40010)
own = pool({})
posix.allocate(own, "gid", user, offering)
check(0, {}, {})
"""
    answers = run("".join(case.format(*refused) for refused in REFUSALS))
    for problem, answer in zip(REFUSALS.values(), answers, strict=True):
        assert (answer and answer[0]) == (400 if problem else None)
        assert (problem or "None") in str(answer)
