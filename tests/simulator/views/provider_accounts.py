# SPDX-License-Identifier: GPL-3.0-or-later
"""One account for all offerings of a provider, which came in 2026 (contract 3.i)."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from typing import Any

import yaml
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from .. import models
from ..fields import HexField
from ..permissions import connected_projects
from .provider_lists import LISTS, NEVER, NEW, detail_list, offered, provider_list

__all__ = ["LISTS"]

newest = functools.partial(detail_list, since="2026")
# What holds where neither the offering nor its provider says otherwise.
DEFAULTS: dict[str, Any] = {
    "account_scope": "offering",
    "username_generation_policy": "service_provider",
    "username_anonymized_prefix": "walduruser_",
    "homedir_prefix": "/home/",
    "login_shell": "/bin/bash",
}
POLICIES = ("service_provider", "anonymized", "full_name", "waldur_username", "freeipa", "identity_claim")
FIRST_ID = 5000


class AccountOptionsForm(serializers.Serializer):
    """A provider's ``account_options``; what is blank is removed."""

    account_scope = serializers.ChoiceField(["offering", "provider"], required=False, allow_blank=True)
    username_generation_policy = serializers.ChoiceField(POLICIES, required=False, allow_blank=True)
    username_anonymized_prefix = serializers.RegexField(r"^[a-z_][\w.-]*$", required=False, allow_blank=True)
    homedir_prefix = serializers.RegexField(r"^/[\w./-]*$", required=False, allow_blank=True)
    login_shell = serializers.RegexField(r"^/[\w./-]*$", required=False, allow_blank=True)
    project_groups_enabled = serializers.BooleanField(required=False, allow_null=True)


class PreviewForm(serializers.Serializer):
    """The body of ``account_options_preview``."""

    account_options = AccountOptionsForm()


def merged(options: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """*options* with *changes*, without what is blank in these."""
    return {key: value for key, value in {**options, **changes}.items() if value not in ("", None)}


def accounts_of(provider: models.ServiceProvider) -> QuerySet:
    """The accounts at the provider that have a name."""
    found = models.OfferingUser.objects.filter(offering__customer=provider.customer).exclude(state="Deleted")
    return found.exclude(username=None).exclude(username="").select_related("user", "offering").order_by("id")


def named(provider: models.ServiceProvider) -> dict[models.User, dict[str, list[models.OfferingUser]]]:
    """The accounts of each user, by name."""
    found: dict[models.User, dict[str, list[models.OfferingUser]]] = defaultdict(lambda: defaultdict(list))
    for account in accounts_of(provider):
        found[account.user][account.username].append(account)
    return found


def candidate(user: models.User, username: str, accounts: list[models.OfferingUser]) -> dict[str, Any]:
    """A name that a user's accounts could have from now on."""
    places = [account.offering for account in accounts]
    live = models.Resource.objects.exclude(state="Terminated").filter(offering__in=places)
    homes = (account.extra.get("backend_metadata", {}).get("homeDir") for account in accounts)
    return {
        "username": username,
        "offering_count": len(places),
        "offering_uuids": [place.uuid.hex for place in places],
        "has_active_resources": live.filter(project__in=connected_projects(user)).exists(),
        "home_directories": sorted(filter(None, homes)),
    }


@newest("OWNER")
def username_conflicts(provider: models.ServiceProvider, request: Request) -> list[dict[str, Any]]:
    """The users whose accounts at the provider carry different names."""
    return [
        {
            "user_uuid": user.uuid.hex,
            "user_username": user.username,
            "user_full_name": user.full_name,
            "candidates": [candidate(user, name, accounts) for name, accounts in names.items()],
        }
        for user, names in named(provider).items()
        if len(names) > 1
    ]


class AdoptionForm(serializers.Serializer):
    """The body of ``adopt_provider_accounts``: the name that survives, by the user's UUID."""

    resolutions = serializers.DictField(child=serializers.CharField(), required=False, default=dict)


@newest("OWNER", method="create")
def adopt_provider_accounts(provider: models.ServiceProvider, request: Request) -> HttpResponse | dict[str, int]:
    """Give each user one account at the provider: all or none."""
    body = AdoptionForm(data=request.data)
    body.is_valid(raise_exception=True)
    wanted = {key.replace("-", "").lower(): name for key, name in body.validated_data["resolutions"].items()}
    users = named(provider)
    for user, names in users.items():
        if len(names) > 1 and wanted.get(user.uuid.hex, "") not in names:
            problem = f"{user.username} has conflicts between usernames: choose one of {', '.join(names)}."
            raise ValidationError({"resolutions": [problem]})
    chosen = {user: wanted[user.uuid.hex] if len(names) > 1 else next(iter(names)) for user, names in users.items()}
    held = {account.user: account.username for account in provider.accounts.select_related("user")}
    times = Counter({**chosen, **held}.values())
    if shared := sorted(name for name, number in times.items() if number > 1):
        raise ValidationError({"usernames": shared})
    adopted = backed = 0
    for user, name in chosen.items():
        account, new = provider.accounts.get_or_create(user=user, defaults={"username": name})
        adopted += new
        for own in (one for accounts in users[user].values() for one in accounts):
            own.service_provider_account = account
            own.rename(account.username)
            backed += 1
    return {"adopted": adopted, "backed": backed}


def setting(key: str, offering: models.Offering, options: dict[str, Any]) -> dict[str, Any]:
    """What holds for *offering* at a provider with *options*, and who says so."""
    for source, values in (("offering", offering.plugin_options), ("provider", options), ("default", DEFAULTS)):
        if values.get(key) not in ("", None):
            return {"value": values[key], "source": source}
    return {"value": None, "source": "default"}


def new_name(policy: str, user: models.User) -> str | None:
    """The name that *policy* makes for *user*; None where it needs more than the user."""
    names = {"waldur_username": user.username, "full_name": f"{user.first_name}_{user.last_name}".lower()}
    return names.get(policy)


def preview(offering: models.Offering, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What a change of the provider's options from *before* to *after* does to *offering*."""
    pairs = {
        key: {"before": setting(key, offering, before), "after": setting(key, offering, after)} for key in DEFAULTS
    }
    now = {key: pair["after"]["value"] for key, pair in pairs.items()}
    changed = [key for key, pair in pairs.items() if pair["before"]["value"] != pair["after"]["value"]]
    accounts = list(offering.accounts.exclude(state="Deleted").select_related("user").order_by("id"))
    own = [one for one in accounts if one.service_provider_account_id is None]
    policy, prefix = now["username_generation_policy"], now["homedir_prefix"]
    renames = []
    for account in (
        own if "username_generation_policy" in changed and policy not in ("service_provider", "freeipa") else ()
    ):
        name = new_name(policy, account.user)
        home = account.extra.get("backend_metadata", {}).get("homeDir", "")
        new_home = None if name is None else f"{prefix}{name}"
        if name != account.username:
            row = {"username": account.username or "", "new_username": name}
            renames.append({**row, "home_directory": home, "new_home_directory": new_home})
    example = f"{now['username_anonymized_prefix']}{FIRST_ID}" if policy == "anonymized" else "jdoe"
    kept = bool({"homedir_prefix", "login_shell"} & set(changed))
    return {
        "uuid": offering.uuid.hex,
        "name": offering.name,
        "settings": pairs,
        "changed": changed,
        "example": {
            "username": example,
            "home_directory": f"{prefix}{example}",
            "login_shell": now["login_shell"],
        },
        "renames": renames,
        "provider_accounts_kept": len(accounts) - len(own) if changed else 0,
        "accounts_keeping_home_or_shell": len(accounts) if kept else 0,
    }


@newest("OWNER", method="create")
def account_options_preview(provider: models.ServiceProvider, request: Request) -> dict[str, Any]:
    """What other options would do; nothing is stored."""
    body = PreviewForm(data=request.data)
    body.is_valid(raise_exception=True)
    before = provider.account_options
    after = merged(before, body.validated_data["account_options"])
    rows = [preview(offering, before, after) for offering in provider.customer.offerings.order_by("name")]
    sums = {key: sum(row[key] for row in rows) for key in ("provider_accounts_kept", "accounts_keeping_home_or_shell")}
    conflicts = sum(len(names) > 1 for names in named(provider).values())
    return {
        "account_options": {"current": before, "proposed": after},
        "warnings": ["Usernames conflict."] if conflicts and after.get("account_scope") == "provider" else [],
        "offerings": rows,
        "renamed": sum(len(row["renames"]) for row in rows),
        **sums,
        "username_conflicts": conflicts,
    }


def shared_offerings(provider: models.ServiceProvider) -> list[models.Offering]:
    """The offerings whose accounts are the provider's."""
    found = provider.customer.offerings.order_by("name")
    return [one for one in found if setting("account_scope", one, provider.account_options)["value"] == "provider"]


@newest("OWNER")
def glauth_tree(provider: models.ServiceProvider, request: Request) -> dict[str, Any]:
    """The directory of the shared accounts: each user once, in a group of the same number."""
    places = shared_offerings(provider)
    accounts = {one.username: one for one in accounts_of(provider).filter(offering__in=places)}
    users, groups = [], []
    for name, account in accounts.items():
        number, user = FIRST_ID + account.user_id, account.user
        group = {"gid": number, "kind": "personal", "role": None}
        scope = {"type": "user", "uuid": user.uuid.hex, "name": user.full_name}
        groups.append({**group, "name": name, "scope": scope, "members": [name]})
        shell, home = (
            setting(key, account.offering, provider.account_options) for key in ("login_shell", "homedir_prefix")
        )
        users.append(
            {
                "username": name,
                "uidnumber": number,
                "disabled": not user.is_active or account.is_restricted,
                "personal_group": number,
                "mail": user.email,
                "givenname": user.first_name,
                "sn": user.last_name,
                "login_shell": shell["value"],
                "home_dir": f"{home['value']}{name}",
                "ssh_keys": [key.public_key for key in user.keys.all()],
                "memberships": [{**group, "group_name": name}],
            }
        )
    offerings = [{"uuid": place.uuid.hex, "name": place.name, "slug": place.slug} for place in places]
    robots = models.RobotAccount.objects.filter(resource__offering__in=places).order_by("id")
    more = dict.fromkeys(("uidnumber", "personal_group", "login_shell", "home_dir"))
    machines = [{"username": robot.username, **more, "ssh_keys": robot.extra.get("keys", [])} for robot in robots]
    return {"offerings": offerings, "groups": groups, "users": users, "robot_accounts": machines, "warnings": []}


def text_of(value: Any) -> str:
    """A text of TOML."""
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


@newest("OWNER")
def glauth_users_config(provider: models.ServiceProvider, request: Request) -> HttpResponse:
    """The same directory as the TOML that GLAuth reads."""
    lines = []
    for user in glauth_tree(provider, request)["users"]:
        keys = ", ".join(map(text_of, user["ssh_keys"]))
        texts = {"name": "username", "givenname": "givenname", "sn": "sn", "mail": "mail", "loginShell": "login_shell"}
        lines += ["[[users]]", *(f"  {key} = {text_of(user[column])}" for key, column in texts.items())]
        lines += [f"  homeDir = {text_of(user['home_dir'])}", f"  sshkeys = [{keys}]"]
        lines += [f"  uidnumber = {user['uidnumber']}", f"  primarygroup = {user['personal_group']}"]
        lines += ["[[groups]]", f"  name = {text_of(user['username'])}", f"  gidnumber = {user['personal_group']}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


class SiteAgentForm(serializers.Serializer):
    """The body of ``generate_site_agent_config``."""

    offering_uuids = serializers.ListField(child=HexField(), allow_empty=False)
    include_policy_settings = serializers.BooleanField(default=True)
    waldur_api_url = serializers.CharField(required=False)
    timezone = serializers.CharField(default="UTC")


@newest("GET_API_SECRET_CODE", method="create")
def generate_site_agent_config(provider: models.ServiceProvider, request: Request) -> HttpResponse:
    """The file of settings for an agent that serves the offerings, secrets left out."""
    body = SiteAgentForm(data=request.data)
    body.is_valid(raise_exception=True)
    wanted = body.validated_data["offering_uuids"]
    found = list(provider.customer.offerings.filter(uuid__in=wanted).order_by("name"))
    if len(found) < len(set(wanted)):
        raise ValidationError({"offering_uuids": ["Not all of these are offerings of this service provider."]})
    url = body.validated_data.get("waldur_api_url") or request.build_absolute_uri("/api/")
    rows = [
        {
            "name": offering.name,
            "waldur_api_url": url,
            "waldur_api_token": "<YOUR_API_TOKEN_HERE>",
            "waldur_offering_uuid": offering.uuid.hex,
            **{f"{kind}_backend": "slurm" for kind in ("order_processing", "membership_sync", "reporting")},
        }
        for offering in found
    ]
    text = yaml.safe_dump({"timezone": body.validated_data["timezone"], "offerings": rows}, sort_keys=False)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@provider_list("", "offerings/types", filters="", obeys_field=NEVER, by_customer=NEW, since="2026")
def offering_types(provider: models.ServiceProvider, request: Request) -> list[str]:
    """The types of the provider's offerings."""
    return sorted(set(offered(provider).values_list("type", flat=True)))
