# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans by name, each shown in a file of ``expected``; and plans of any text."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

ALPHA, BETA = "a" * 32, "b" * 32
ACTIONS = "create update update_account_settings delete grant extend shorten make_permanent".split()
ACTIONS += "revoke set_username rotate".split()
KINDS = "service_provider user_role offering_username api_secret_code".split()


def change(action: str, name: str, before: Any, after: Any, **more: Any) -> dict[str, Any]:
    """A change of the provider Alpha Cloud Ltd, or of another."""
    kinds = {"set_username": KINDS[2], "rotate": KINDS[3], "create": KINDS[0], "update": KINDS[0], "delete": KINDS[0]}
    kinds["update_account_settings"] = KINDS[0]
    return {
        "service_provider": "Alpha Cloud Ltd",
        "kind": kinds.get(action, "user_role"),
        "name": name,
        "action": action,
        "before": before,
        "after": after,
        "id": {"customer": ALPHA, "user": None, "role": None},
        **more,
    }


def until(moment: str | None) -> dict[str, Any]:
    """One side of a grant."""
    return {"expiration_time": moment}


USUAL = [
    change(
        "update",
        "Alpha Cloud Ltd",
        {"description": "Virtual machines", "enable_notifications": False, "image": None, "account_options": {}},
        {
            "description": "Virtual machines and storage for everybody who does research.\nAsk us about:\n\n/merge "
            "requests, #1 and @all\n```\n<details> and ~~tildes~~",
            "enable_notifications": True,
            "image": {"sha256": "9f2c61aa01b7e3d4" * 4, "size": 12345},
            "account_options": {"homedir_prefix": "/home/", "login_shell": "/bin/bash"},
        },
    ),
    change("grant", "member1 as CUSTOMER.MANAGER", None, until(None)),
    change("extend", "member2 as CUSTOMER.MANAGER", until("2027-06-30T00:00:00Z"), until("2027-12-31T18:30:15+02:00")),
    change("shorten", "member3 as CUSTOMER.SUPPORT", until(None), until("2027-06-30")),
    change(
        "set_username",
        "carol@example.org",
        {f"Cluster {n}": None if n % 2 else "carol" for n in range(8)},
        {f"Cluster {n}": "carol_hpc" for n in range(8)},
    ),
    change("rotate", "API secret code", {"fingerprint": "sha256:1571e2342f780ab4"}, {"fingerprint": None}),
    change(
        "grant",
        "bob as CUSTOMER.MANAGER",
        None,
        until("2027-06-30T00:00:00Z"),
        service_provider="Beta",
        id={"customer": BETA},
    ),
    change("revoke", "outsider as CUSTOMER.MANAGER", until("2027-06-30T00:00:00Z"), None),
    change("revoke", "bob as CUSTOMER.OWNER", until(None), None, service_provider="Beta", id={"customer": BETA}),
    change("delete", "Gamma", {"description": "Old"}, None, service_provider="Gamma", id={"customer": "c" * 32}),
]
HOSTILE = [
    change(
        "update",
        "![x](http://evil.example/x.png)",
        {"description": "<script>alert(1)</script> | a \\| b ` c `` d"},
        {"description": "@all #1 !2 &3 ~4 %5 $6 [link](http://evil.example) www.x.example {{ lookup('pipe', 'id') }}"},
        service_provider="| --- | @admin\n/close {% raw %}",
    ),
    change("revoke", "`\\", until("soon\n/merge"), None, service_provider="| --- | @admin\n/close {% raw %}"),
    change("grant", "\u202eevil\x00\x1b[31m", None, until(None), service_provider=" "),
    change(
        "rotate", "API secret code", {"api_secret_code": "must-not-be-seen", "fingerprint": None}, {"fingerprint": None}
    ),
]
TWINS = [change("grant", "bob", None, until(None)), change("grant", "bob", None, until(None), id={"customer": BETA})]

CASES: dict[str, dict[str, Any]] = {
    "nothing": {"plan": []},
    "usual": {
        "plan": USUAL,
        "summary": {"total": 10, "actions": {}, "missing_users": ["zoe@example.org", "newcomer"], "fingerprints": {}},
        "warnings": ["Alpha Cloud Ltd: this token can't read the accounts in HPC, so they were left out of the plan."],
    },
    "hostile": {
        "plan": HOSTILE,
        "summary": {"missing_users": ["@all", "*x*"]},
        "warnings": ["a\n/merge | b"],
        "title": "Plan <b> of @all: [x](http://y) `z` {{ 1 }} #3",
    },
    "twins": {"plan": TWINS},
    "many": {
        "plan": [change("grant", f"user{n:04d} as CUSTOMER.MANAGER", None, until(None)) for n in range(40)]
        + [change("update", "Alpha Cloud Ltd", {"description": ""}, {"description": "long " * 100})]
        + [change("revoke", f"old{n} as CUSTOMER.MANAGER", until(None), None) for n in range(3)],
        "summary": {"missing_users": ["newcomer"]},
        "max_length": 3000,
    },
}

# What has a meaning in Markdown, HTML, GitLab or templates turns up in most texts.
TEXTS = st.text(max_size=20) | st.lists(
    st.sampled_from(
        [
            "|",
            "`",
            "\\",
            "\n",
            "{{",
            "{%",
            "}}",
            "<b>",
            "</details>",
            "@all",
            "#1",
            "![x](http://y)",
            "/merge",
            "```",
            "~~~",
            "* ",
            "- ",
            "a",
            " ",
            "&#124;",
            "\r",
            "\u2028",
            "$`x`$",
            "x" * 90,
        ]
    ),
    max_size=12,
).map("".join)
VALUES = st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS, max_size=3)
SIDES = st.none() | st.dictionaries(
    TEXTS | st.sampled_from(["expiration_time", "description", "fingerprint"]),
    VALUES
    | st.dictionaries(TEXTS, VALUES, max_size=2)
    | st.fixed_dictionaries({"sha256": TEXTS, "size": st.integers()}),
    max_size=8,
)
PLANS = st.lists(
    st.fixed_dictionaries(
        {
            "service_provider": TEXTS,
            "kind": st.sampled_from(KINDS) | TEXTS,
            "name": TEXTS,
            "action": st.sampled_from(ACTIONS),
            "before": SIDES,
            "after": SIDES,
            "id": st.fixed_dictionaries({"customer": st.sampled_from([ALPHA, BETA])}),
        }
    ),
    max_size=8,
)
