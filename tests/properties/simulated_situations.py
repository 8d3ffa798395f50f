# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the same situations on the simulator: set up without the API, run like a module, and read by another client."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import requests
from hypothesis import Phase
from hypothesis import strategies as st
from PIL import Image

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile, ReadImage
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._module import runner
from simulator_process import Simulator

from .marketplace_model import NOW, MarketplaceModel, Provider
from .strategies import ALPHA, BETA, EXTRA, ROLES, SPARE, Situation, as_json, situations

# To find the smallest case takes hundreds of runs, and the first one found is small enough to be read.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
PLACES = ((ALPHA,), (ALPHA, SPARE), (BETA, EXTRA))
PROVIDERS = "marketplace-service-providers"
# What the API lists, by what tells its rows apart: the whole of it, as staff see it.
LISTS = {
    "customers": ("uuid",),
    "users": ("uuid",),
    "roles": ("uuid",),
    "projects": ("uuid",),
    "marketplace-provider-offerings": ("uuid",),
    "marketplace-provider-resources": ("uuid",),
    "marketplace-offering-users": ("customer_uuid", "offering_name", "user_uuid"),
    PROVIDERS: ("customer_uuid",),
    "user-permissions": ("scope_type", "scope_name", "user_uuid", "role_uuid"),
}
# Those that the collection writes to.
WRITTEN = (PROVIDERS, "user-permissions", "marketplace-offering-users")
# What a new row with the same content has of its own, and what rows tell about the grants that are listed themselves.
VOLATILE = ("uuid", "url", "scope_uuid", "created", "modified", "permissions", "customer_permissions", "users_count")

Snapshot = dict[tuple[str, ...], Any]


def _png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (2, 2), colour).save(file, "PNG")
    return file.getvalue()


PNGS = {"red.png": _png("red"), "blue.png": _png("blue")}


def read_image(where: str, path: str) -> ImageFile:
    """The image of that name, as the simulator's Pillow takes it."""
    return ImageFile(path, PNGS[path])


def _settling(document: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without rotations at every run, which never settle, and as a task's arguments arrive."""
    found: list[dict[str, Any]] = as_json(document)
    for entry in found:
        if entry.get("api_secret_code") == {"state": "rotated"}:
            entry["api_secret_code"] = {"state": "present"}
    return found


def simulated(places: Sequence[Any] = PLACES) -> st.SearchStrategy[Situation]:
    """Situations that the simulator can be set to, with documents whose second run changes nothing."""
    return situations(places, in_memory=False).map(
        lambda situation: replace(situation, document=_settling(situation.document))
    )


@dataclass
class Stage:
    """The simulator, brought into a situation as often as it takes."""

    sim: Simulator

    def set(self, marketplace: MarketplaceModel) -> None:
        """Reset the simulator, and set the grants, profiles and codes of ``marketplace``."""
        sim = self.sim
        sim.reset(frozen=True)
        sim.set_clock(NOW, frozen=True)
        viewer = {"name": "PROVIDER.VIEWER", "content_type": "service_provider"}
        sim.change("Role", {"uuid": ROLES["PROVIDER.VIEWER"]}, viewer)
        sim.change("Grant", {"service_provider__isnull": False}, {"is_active": False})
        for provider in marketplace.providers:
            if provider.exists:
                self._set_provider(provider)
        sim.zero()

    def _set_provider(self, provider: Provider) -> None:
        name = provider.customer.name
        self.sim.change(
            "ServiceProvider", {"customer__name": name}, {**provider.fields, "api_secret_code": provider.code}
        )
        for (user, role), expiries in provider.grants.items():
            for expiry in expiries:
                text = expiry.isoformat() if expiry else None
                self.sim.create("Grant", user=user, role=role, service_provider=name, expiration_time=text)

    def run(self, situation: Situation, *, check: bool = False, same_process: bool = False) -> dict[str, Any]:
        """What the module ``desired_state`` returns. Raises ``WaldurError`` where the module would fail."""
        if not same_process:
            _context.CLIENTS.clear()
        options = {"service_providers": situation.document, **situation.limits}
        return self.run_task("desired_state", options, check=check)

    def run_task(
        self, name: str, options: dict[str, Any], *, check: bool, read_image: ReadImage = read_image
    ) -> dict[str, Any]:
        """What any module returns for options that passed its argument spec."""
        connection = Connection(self.sim.url, self.sim.token("staff"), retries=0)
        return runner.run(name, options, connection, check=check, diff=True, read_image=read_image)

    def look(self, lists: Iterable[str] = tuple(LISTS)) -> Snapshot:
        """What staff can see in these lists, and the secret codes; without what is never the same twice."""
        with requests.Session() as client:
            client.trust_env = False
            client.headers["Authorization"] = f"Token {self.sim.token('staff')}"
            found: Snapshot = {}
            for name in lists:
                for row in client.get(f"{self.sim.url}/api/{name}/", params={"page_size": 300}).json():
                    key = (name, *(str(row[column]) for column in LISTS[name]))
                    found.setdefault(key, []).append(self._essence(client, row))
                    if name == PROVIDERS and row["customer_uuid"] in _PLAYERS:
                        answer = client.get(f"{self.sim.url}/api/{PROVIDERS}/{row['uuid']}/api_secret_code/")
                        found["code", row["customer_uuid"]] = answer.json()["api_secret_code"]
            return found

    @staticmethod
    def _essence(client: requests.Session, row: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in row.items() if key not in VOLATILE}
        if kept.get("image"):
            kept["image"] = hashlib.sha256(client.get(kept["image"]).content).hexdigest()
        return kept


_PLAYERS = {customer.uuid for place in PLACES for customer in place}


def touched(change: dict[str, Any], keys: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """The rows that the change may touch. A provider comes and goes with its code and all grants on it."""
    customer, user, role = change["id"]["customer"], change["id"]["user"], change["id"]["role"]
    on_provider = {
        key for key in keys if key[:3] == ("user-permissions", "serviceprovider", change["service_provider"])
    }
    if change["kind"] == "user_role":
        return {key for key in on_provider if key[3:] == (user, role)}
    if change["kind"] == "offering_username":
        return {("marketplace-offering-users", customer, offering, user) for offering in change["after"]}
    if change["kind"] == "api_secret_code":
        return {("code", customer)}
    found: set[tuple[str, ...]] = {(PROVIDERS, customer)}
    return (
        found if change["action"] == "update" else {*found, *on_provider, ("code", customer), ("customers", customer)}
    )


def differing(before: Snapshot, after: Snapshot) -> set[tuple[str, ...]]:
    """What is not the same in both."""
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


def requests_for(change: dict[str, Any]) -> int:
    """How many requests one change takes: an image goes out as a form of its own before the rest of an update."""
    after = change["after"] or {}
    return 2 if change["action"] == "update" and after.get("image") and len(after) > 1 else 1
