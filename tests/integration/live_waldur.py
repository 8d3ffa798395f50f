# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare a real Waldur for the tests, through its API. Only objects that were created here are changed and removed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import requests

from .name_mapping import NameMapping

Row = dict[str, Any]
ROLES = "this Waldur has no roles on service providers (2025 or newer)"
RECORDED = "it names objects that only the recorded data has"
ACCOUNTS = "WALDUR_TEST_ACCOUNT names no provider with offerings and no user with accounts there"
# The names in the tests of three customers without a service provider, five users, and the user of an account.
CUSTOMERS = (
    ("Alpha Cloud Ltd", "ALPHA", "alpha-cl-1", "d2c8772ce559428283e388badd97f2d6"),
    ("Spare Customer (no provider)", "SPARE", "spare-cu-1", ""),
    ("Extra Provider 01", "EXTRA01", "extra-pr-1", ""),
)
USERS = ("manager_alpha", "member1", "member2", "member3", "outsider")
PROVIDERS = "marketplace-service-providers/"
MANAGER = "CUSTOMER.MANAGER"


class LiveWaldur:
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
        self.name_mapping = NameMapping()
        self.customers: list[Row] = []
        self.users: list[Row] = []
        self.inactive: Row | None = None
        self.account: tuple[Row, Row] | None = None
        self.account_names: dict[str, str] = {}
        self.roles = False
        self.initial_state: Any = None
        self.saved_state: Any = None
        self.skipped: list[str] = []

    # --- for the tests -----------------------------------------------------------------------------------------------

    def token(self, alias: str) -> str:
        """Return a token of the environment."""
        if alias not in self.tokens:
            pytest.skip(f"no WALDUR_TEST_{alias.upper()}_TOKEN is set")
        return self.tokens[alias]

    def codes(self) -> set[str]:
        """Return the codes of the providers that were created for the tests."""
        return {found["code"] for found in self._state()["providers"].values() if found}

    def save_state(self) -> None:
        """Save the state of everything that the tests may change."""
        self.saved_state = self._state()

    def has_changed(self) -> bool:
        """Return whether the state differs from the saved one."""
        return bool(self._state() != self.saved_state)

    def describe_state(self) -> str:
        """Describe the current state."""
        return str({name: bool(found) for name, found in self._state()["providers"].items()})

    def record_skipped(self, what: str) -> None:
        """Record a skipped part of a test once, although it runs in-process and as a module."""
        if what not in self.skipped:
            self.skipped.append(what)

    def describe_test_data(self) -> str:
        """Describe the customers and users that the tests use."""
        names = "; ".join(row["name"] for row in self.customers)
        users = "; ".join(row["username"] for row in self.users)
        return f"{self.url}: providers are made for {names}; roles are given to {users}"

    # --- preparing and removing --------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Choose customers and users, create the providers, and find out what this version of Waldur has."""
        self.customers = self._choose_customers()
        self.users = self._choose_users()
        self.inactive = next((row for row in self._users("is_active=false") if not row["is_active"]), None)
        self.account = self._named_account()
        self.account_names = self._accounts()
        provider = self._make(self.customers[0])
        self.roles = self._request("GET", f"{PROVIDERS}{provider['uuid']}/list_users/", missing=True) is not None
        self.name_mapping = self._map_names()
        self._arrange()
        self.initial_state = self._state()

    def reset(self) -> None:
        """Return to the state after :meth:`prepare`."""
        if self._state() != self.initial_state:
            self._remove()
            self._arrange()
            self.initial_state = self._state()

    def close(self) -> None:
        """Remove the providers that were created for the tests, and restore the usernames of accounts."""
        self._remove()
        self.session.close()

    def _arrange(self) -> None:
        """Make the first and the third customer providers, and one user a manager of the first."""
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
        """Remove the providers, after their grants: a Waldur may keep those of a deleted provider."""
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
        """Return the customers in the settings, or the first that are no providers and have a unique name."""
        rows = self._list("customers/", "o=name")
        providers = self._providers()
        names = self._named("WALDUR_TEST_CUSTOMERS")
        often = Counter(row["name"] for row in rows)
        free = [
            row
            for row in rows
            if row["uuid"] not in providers and often[row["name"]] == 1 and (not names or row["name"] in names)
        ]
        assert len(free) >= max(1, len(names)), f"not all of {names or 'the customers'} are free to become a provider"
        # In the order in which they are named: an owner's token is that of the first.
        return sorted(free, key=lambda row: names.index(row["name"]) if names else 0)[: len(CUSTOMERS)]

    def _choose_users(self) -> list[Row]:
        """Return the users in the settings, or the first without special rights; by username."""
        names = self._named("WALDUR_TEST_USERS")
        rows = [row for name in names for row in self._users(f"username={name}") if row["username"] == name]
        rows = rows or [row for row in self._users("is_active=true") if not (row["is_staff"] or row["is_support"])]
        often = Counter(row["email"] for row in rows)
        rows = [row for row in rows if row["is_active"] and row["email"] and often[row["email"]] == 1]
        assert len(rows) >= len(names), f"not all of {names} are active users with an e-mail address of their own"
        return sorted(rows, key=lambda row: str(row["username"]))[: len(USERS)]

    def _users(self, query: str) -> list[Row]:
        rows: list[Row] = self._request("GET", f"users/?page_size=300&{query}")
        return rows

    def _named_account(self) -> tuple[Row, Row] | None:
        """Return a provider with offerings, and a user whose accounts there all have the same username."""
        named = self._named("WALDUR_TEST_ACCOUNT")
        if not named:
            return None
        provider = next(row for row in self._providers().values() if row["customer_name"] == named[0])
        user = next(row for row in self._users(f"username={named[1]}") if row["username"] == named[1])
        return provider, user

    def _map_names(self) -> NameMapping:
        names: dict[str, str] = {}
        for (name, abbreviation, slug, uuid), row in zip(CUSTOMERS, self.customers, strict=False):
            names |= {uuid: row["uuid"], _dashed(uuid): _dashed(row["uuid"])} if uuid else {}
            names |= {name: row["name"], abbreviation: row["abbreviation"] or row["uuid"]}
            names[slug] = row.get("slug") or row["uuid"]
        users = [*zip(USERS, self.users, strict=False), *([("inactive", self.inactive)] if self.inactive else [])]
        for name, row in users:
            email = f"{name}@example.org"
            names |= {name: row["username"], email: row["email"], email.upper(): row["email"].upper()}
        roles = sorted(row["name"] for row in self._list("roles/") if row["content_type"] == "service_provider")
        names[f"choose one of {MANAGER}"] = f"choose one of {', '.join(roles)}"
        if self.account:
            provider, user = self.account
            names |= {"Beta HPC Centre": provider["customer_name"], "BETA": provider["customer_uuid"]}
            names |= {"member4": user["username"], "m4_beta": next(iter(self.account_names.values()))}
        return NameMapping(names, self._list_missing_names(names))

    def _list_missing_names(self, names: Mapping[str, str]) -> dict[str, str]:
        """Return the patterns of names without a counterpart; the last one matches all other recorded names."""
        missing_names = {
            r'"edition": ': "it is a case for a simulator of that edition",
            r'"needs": "offerings"': "the tests make no offerings, projects and accounts of their own",
        }
        if not self.roles:
            missing_names[r"\buser_role\b|\busers\b"] = ROLES
        if not self.account:
            missing_names[r"\b(Beta|BETA|member4|m4_beta)\b"] = ACCOUNTS
        for name in (*(name for row in CUSTOMERS for name in row if name), *USERS, "inactive"):
            if name not in names:
                missing_names[rf"\b{re.escape(name)}"] = f"this Waldur has no counterpart of {name}"
        uuid = r"\b[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b"
        return {**missing_names, rf"\b(Alpha|Beta|Extra|Consumer|Delta) \w|\bm[1-5]_(alpha|beta)\b|{uuid}": RECORDED}

    # --- reading -----------------------------------------------------------------------------------------------------

    def _state(self) -> Row:
        """Return everything that the tests may change, without timestamps."""
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
        """Return the usernames of the user in the settings, by offering."""
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
        """Return all service providers by the UUID of their customer."""
        return {row["customer_uuid"]: row for row in self._list(PROVIDERS)}

    def _list(self, path: str, query: str = "") -> Iterable[Row]:
        """Return all rows of a list."""
        rows: list[Row] = []
        while True:
            page = self._request("GET", f"{path}?page_size=300&page={len(rows) // 300 + 1}&{query}")
            rows += page
            if len(page) < 300:
                return rows

    def _request(self, method: str, path: str, body: Any = None, *, missing: bool = False) -> Any:
        """Return the response; ``None`` if it is empty, or if the route does not exist and may be *missing*."""
        answer = self.session.request(method, f"{self.url}/api/{path}", json=body, timeout=60, allow_redirects=False)
        if missing and answer.status_code == 404:
            return None
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.text else None


def _dashed(uuid: str) -> str:
    return "-".join([uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:]])
