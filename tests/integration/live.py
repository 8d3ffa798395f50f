# SPDX-License-Identifier: GPL-3.0-or-later
"""Any real Waldur, by its API alone. Changes only what it made itself, and removes all of that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import requests

from .cast import Cast

Row = dict[str, Any]
ROLES = "this Waldur has no roles on service providers (2025 or newer)"
RECORDED = "it speaks of objects that only the recorded world has"
ACCOUNTS = "WALDUR_TEST_ACCOUNT names no provider with offerings and no user with accounts there"
# What the tests call three customers without a service provider, five users, and the user of an account.
CUSTOMERS = (
    ("Alpha Cloud Ltd", "ALPHA", "alpha-cl-1", "d2c8772ce559428283e388badd97f2d6"),
    ("Spare Customer (no provider)", "SPARE", "spare-cu-1", ""),
    ("Extra Provider 01", "EXTRA01", "extra-pr-1", ""),
)
USERS = ("manager_alpha", "member1", "member2", "member3", "outsider")
PROVIDERS = "marketplace-service-providers/"
MANAGER = "CUSTOMER.MANAGER"


class Live:
    """``settings`` are the environment's WALDUR_… variables; raises :exc:`KeyError` without URL and token."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        for name in ("WALDUR_API_URL", "WALDUR_ACCESS_TOKEN"):
            if not settings.get(name):
                raise KeyError(name)
        self.url = settings["WALDUR_API_URL"].rstrip("/").removesuffix("/api")
        self.tokens = {"staff": settings["WALDUR_ACCESS_TOKEN"]}
        for alias in ("owner", "outsider"):
            if token := settings.get(f"WALDUR_TEST_{alias.upper()}_TOKEN"):
                self.tokens[alias] = token
        self.settings = settings
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = settings.get("WALDUR_CA_PATH") or True
        self.session.headers["Authorization"] = f"Token {self.tokens['staff']}"
        self.cast = Cast()
        self.customers: list[Row] = []
        self.users: list[Row] = []
        self.inactive: Row | None = None
        self.account: tuple[Row, Row] | None = None
        self.account_names: dict[str, str] = {}
        self.roles = False
        self.pristine: Any = None
        self.seen: Any = None
        self.left_out: list[str] = []

    # --- what a test may ask -----------------------------------------------------------------------------------------

    def token(self, alias: str) -> str:
        """A token of the environment."""
        if alias not in self.tokens:
            pytest.skip(f"no WALDUR_TEST_{alias.upper()}_TOKEN is set")
        return self.tokens[alias]

    def codes(self) -> set[str]:
        """Those of the providers that the tests made."""
        return {found["code"] for found in self._state()["providers"].values() if found}

    def watch(self) -> None:
        """Remember how all that the tests may change is now."""
        self.seen = self._state()

    def written(self) -> bool:
        """Whether any of it is not as it was."""
        return bool(self._state() != self.seen)

    def wrote(self) -> str:
        """What is there now."""
        return str({name: bool(found) for name, found in self._state()["providers"].items()})

    def leave_out(self, what: str) -> None:
        """Once, though both ways leave it out."""
        if what not in self.left_out:
            self.left_out.append(what)

    def about(self) -> str:
        """Whom the tests play with."""
        names = "; ".join(row["name"] for row in self.customers)
        people = "; ".join(row["username"] for row in self.users)
        return f"{self.url}: providers are made for {names}; roles are given to {people}"

    # --- preparing and removing --------------------------------------------------------------------------------------

    def open(self) -> None:
        """Choose who plays, make the providers, and see what this version of Waldur has."""
        self.customers = self._choose_customers()
        self.users = self._choose_users()
        self.inactive = next((row for row in self._users("is_active=false") if not row["is_active"]), None)
        self.account = self._named_account()
        self.account_names = self._accounts()
        provider = self._make(self.customers[0])
        self.roles = self._request("GET", f"{PROVIDERS}{provider['uuid']}/list_users/", missing=True) is not None
        self.cast = self._cast()
        self._arrange()
        self.pristine = self._state()

    def reset(self) -> None:
        """As :meth:`open` left it."""
        if self._state() != self.pristine:
            self._remove()
            self._arrange()
            self.pristine = self._state()

    def close(self) -> None:
        """Remove every provider that the tests made, with its grants, and give accounts their names back."""
        self._remove()
        self.session.close()

    def _arrange(self) -> None:
        """The first and the third customer are providers, and one user is manager of the first."""
        first = self._make(self.customers[0])
        if len(self.customers) == len(CUSTOMERS):
            self._make(self.customers[2])
        if self.roles:
            role = next(row["uuid"] for row in self._list("roles/") if row["name"] == MANAGER)
            self._request(
                "POST", f"{PROVIDERS}{first['uuid']}/add_user/", {"role": role, "user": self.users[0]["uuid"]}
            )

    def _make(self, customer: Row) -> Row:
        if found := self._providers().get(customer["uuid"]):
            return found
        body = {"customer": customer["url"], "description": f"Provider of {customer['name']}"}
        made: Row = self._request("POST", PROVIDERS, body)
        return made

    def _remove(self) -> None:
        """Grants go first: a Waldur may keep those of a provider that is gone."""
        providers = self._providers()
        for customer in self.customers:
            if provider := providers.get(customer["uuid"]):
                path = f"{PROVIDERS}{provider['uuid']}/"
                for grant in self._list(f"{path}list_users/") if self.roles else ():
                    self._request(
                        "POST", f"{path}delete_user/", {"role": grant["role_uuid"], "user": grant["user_uuid"]}
                    )
                self._request("DELETE", path)
        if self.account and self._accounts() != self.account_names:
            provider, user = self.account
            body = {"user_uuid": user["uuid"], "username": next(iter(self.account_names.values()))}
            self._request("POST", f"{PROVIDERS}{provider['uuid']}/set_offerings_username/", body)

    # --- choosing ----------------------------------------------------------------------------------------------------

    def _named(self, variable: str) -> list[str]:
        return [name.strip() for name in self.settings.get(variable, "").split(";") if name.strip()]

    def _choose_customers(self) -> list[Row]:
        """Those that are named, or the first that are no providers and have a name of their own."""
        rows = self._list("customers/", "o=name")
        providers = self._providers()
        wanted = self._named("WALDUR_TEST_CUSTOMERS")
        often = Counter(row["name"] for row in rows)
        free = [
            row
            for row in rows
            if row["uuid"] not in providers and often[row["name"]] == 1 and (not wanted or row["name"] in wanted)
        ]
        assert len(free) >= max(1, len(wanted)), f"not all of {wanted or 'the customers'} are free to become a provider"
        # In the order in which they are named: an owner's token is that of the first.
        return sorted(free, key=lambda row: wanted.index(row["name"]) if wanted else 0)[: len(CUSTOMERS)]

    def _choose_users(self) -> list[Row]:
        """Those that are named, or the first that are nobody special; in the order of their names."""
        wanted = self._named("WALDUR_TEST_USERS")
        rows = [row for name in wanted for row in self._users(f"username={name}") if row["username"] == name]
        rows = rows or [row for row in self._users("is_active=true") if not (row["is_staff"] or row["is_support"])]
        often = Counter(row["email"] for row in rows)
        rows = [row for row in rows if row["is_active"] and row["email"] and often[row["email"]] == 1]
        assert len(rows) >= len(wanted), f"not all of {wanted} are active users with an e-mail address of their own"
        return sorted(rows, key=lambda row: str(row["username"]))[: len(USERS)]

    def _users(self, query: str) -> list[Row]:
        rows: list[Row] = self._request("GET", f"users/?page_size=300&{query}")
        return rows

    def _named_account(self) -> tuple[Row, Row] | None:
        """A provider with offerings, and a user whose accounts there have one name, which can be given back."""
        named = self._named("WALDUR_TEST_ACCOUNT")
        if not named:
            return None
        provider = next(row for row in self._providers().values() if row["customer_name"] == named[0])
        user = next(row for row in self._users(f"username={named[1]}") if row["username"] == named[1])
        return provider, user

    def _cast(self) -> Cast:
        parts: dict[str, str] = {}
        for (name, abbreviation, slug, uuid), row in zip(CUSTOMERS, self.customers, strict=False):
            parts |= {uuid: row["uuid"], _dashed(uuid): _dashed(row["uuid"])} if uuid else {}
            parts |= {name: row["name"], abbreviation: row["abbreviation"] or row["uuid"]}
            parts[slug] = row.get("slug") or row["uuid"]
        people = [*zip(USERS, self.users, strict=False), *([("inactive", self.inactive)] if self.inactive else [])]
        for name, row in people:
            email = f"{name}@example.org"
            parts |= {name: row["username"], email: row["email"], email.upper(): row["email"].upper()}
        held = sorted(row["name"] for row in self._list("roles/") if row["content_type"] == "service_provider")
        parts[f"choose one of {MANAGER}"] = f"choose one of {', '.join(held)}"
        if self.account:
            provider, user = self.account
            parts |= {"Beta HPC Centre": provider["customer_name"], "BETA": provider["customer_uuid"]}
            parts |= {"member4": user["username"], "m4_beta": next(iter(self.account_names.values()))}
        return Cast(parts, self._lacking(parts))

    def _lacking(self, parts: Mapping[str, str]) -> dict[str, str]:
        """What this Waldur, and what the environment, leaves out; the last line catches all other names."""
        lacking = {
            r'"edition": ': "it is a case for a simulator of that edition",
            r'"needs": "offerings"': "the tests make no offerings, projects and accounts of their own",
        }
        if not self.roles:
            lacking[r"\buser_role\b|\busers\b"] = ROLES
        if not self.account:
            lacking[r"\b(Beta|BETA|member4|m4_beta)\b"] = ACCOUNTS
        for name in (*(name for row in CUSTOMERS for name in row if name), *USERS, "inactive"):
            if name not in parts:
                lacking[rf"\b{re.escape(name)}"] = f"nobody here can play the part of {name}"
        uuid = r"\b[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b"
        return {**lacking, rf"\b(Alpha|Beta|Extra|Consumer|Delta) \w|\bm[1-5]_(alpha|beta)\b|{uuid}": RECORDED}

    # --- what is there -----------------------------------------------------------------------------------------------

    def _state(self) -> Row:
        """All that the tests may change, but for moments."""
        providers = self._providers()
        found = {row["name"]: self._provider_state(providers.get(row["uuid"])) for row in self.customers}
        return {"providers": found, "accounts": self._accounts()}

    def _provider_state(self, provider: Row | None) -> Row | None:
        if provider is None:
            return None
        path = f"{PROVIDERS}{provider['uuid']}/"
        grants = self._list(f"{path}list_users/") if self.roles else []
        held = sorted((row["user_uuid"], row["role_uuid"], str(row["expiration_time"])) for row in grants)
        code = self._request("GET", f"{path}api_secret_code/")["api_secret_code"]
        return {
            **{name: provider.get(name) for name in ("description", "enable_notifications", "image")},
            "code": code,
            "grants": held,
        }

    def _accounts(self) -> dict[str, str]:
        """The usernames of the user that is named, by offering."""
        if not self.account:
            return {}
        provider, user = self.account
        offerings = {row["uuid"] for row in self._list(f"{PROVIDERS}{provider['uuid']}/offerings/")}
        rows = self._list("marketplace-offering-users/", f"user_uuid={user['uuid']}")
        return {
            row["offering_uuid"]: row["username"]
            for row in rows
            if row["offering_uuid"] in offerings and row["user_uuid"] == user["uuid"]
        }

    def _providers(self) -> dict[str, Row]:
        """All service providers by the UUID of their customer."""
        return {row["customer_uuid"]: row for row in self._list(PROVIDERS)}

    def _list(self, path: str, query: str = "") -> Iterable[Row]:
        """All rows of a list."""
        rows: list[Row] = []
        while True:
            page = self._request("GET", f"{path}?page_size=300&page={len(rows) // 300 + 1}&{query}")
            rows += page
            if len(page) < 300:
                return rows

    def _request(self, method: str, path: str, body: Any = None, *, missing: bool = False) -> Any:
        """The answer; ``None`` where there is no text, and, if it may be *missing*, for a route that is not there."""
        answer = self.session.request(method, f"{self.url}/api/{path}", json=body, timeout=60, allow_redirects=False)
        if missing and answer.status_code == 404:
            return None
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.text else None


def _dashed(uuid: str) -> str:
    return "-".join([uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:]])
