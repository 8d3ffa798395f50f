# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider's own systems are configured with: the directory, and the site agent (api-behaviour:
directory-output, site-agent-config)."""

from __future__ import annotations

from typing import Any

import yaml
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from .. import clock, directory
from ..fields import HexField
from ..models import Offering, ServiceProvider
from .provider_accounts import read_body

TEXT = "text/plain; charset=utf-8"
AGENT_TYPE = "Marketplace.Slurm"
SETTINGS = {
    "default_account": "root",
    "customer_prefix": "",
    "project_prefix": "",
    "allocation_prefix": "",
    "qos_downscaled": "limited",
    "qos_paused": "paused",
    "qos_default": "normal",
    "hostname": "<YOUR_SLURM_HOST>",
    "enable_user_homedir_account_creation": False,
}


def glauth_tree(provider: ServiceProvider, request: Request) -> dict[str, Any]:
    """Return the directory as data."""
    found = directory.build(provider)
    places = directory.offerings_of(provider)
    return {
        "offerings": [{"uuid": one.uuid.hex, "name": one.name, "slug": one.slug} for one in places],
        "groups": list(found.groups.values()),
        "users": sorted(found.users.values(), key=lambda row: str(row["username"])),
        "robot_accounts": list(found.robots.values()),
        "warnings": found.warnings,
    }


def glauth_users_config(provider: ServiceProvider, request: Request) -> HttpResponse:
    """Return the directory as the text that GLAuth reads."""
    return HttpResponse(directory.render(directory.build(provider)), content_type=TEXT)


def generate_site_agent_config(provider: ServiceProvider, request: Request) -> HttpResponse:
    """Return the configuration of an agent that serves the offerings, without secrets; nothing is stored."""
    body = read_body(
        request,
        offering_uuids=serializers.ListField(child=HexField(), allow_empty=False),
        include_policy_settings=serializers.BooleanField(default=True),
        waldur_api_url=serializers.CharField(default=request.build_absolute_uri("/api/")),
        timezone=serializers.CharField(default="UTC"),
    )
    found = provider.customer.offerings.filter(uuid__in=body["offering_uuids"], type=AGENT_TYPE).order_by("name")
    if len(found) < len(set(body["offering_uuids"])):
        problem = f"Not all of these are offerings of this service provider with the type {AGENT_TYPE}."
        raise ValidationError({"offering_uuids": [problem]})
    offerings = [agent_offering(one, body) for one in found]
    config = {"sentry_dsn": "", "timezone": body["timezone"], "offerings": offerings}
    head = f"# Waldur Site Agent Configuration\n# Generated: {clock.now().isoformat()}\n#\n\n"
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    return HttpResponse(head + text, content_type=TEXT)


def agent_offering(offering: Offering, body: dict[str, Any]) -> dict[str, Any]:
    """Return what the agent has to know of one offering."""
    found = {
        "name": offering.name,
        "waldur_api_url": body["waldur_api_url"],
        "waldur_api_token": "<YOUR_API_TOKEN_HERE>",
        "waldur_offering_uuid": str(offering.uuid),
        "order_processing_backend": "slurm",
        "membership_sync_backend": "slurm",
        "reporting_backend": "slurm",
        "backend_settings": {key: offering.plugin_options.get(key, value) for key, value in SETTINGS.items()},
        "backend_components": {one["type"]: agent_component(one) for one in offering.extra.get("components", [])},
    }
    policy = offering.extra.get("policy_settings")
    return {**found, "policy_settings": policy} if policy and body["include_policy_settings"] else found


def agent_component(component: dict[str, Any]) -> dict[str, Any]:
    """Return what the agent has to know of one component."""
    return {
        "measured_unit": component.get("measured_unit") or "",
        "unit_factor": component.get("unit_factor") or 1,
        "accounting_type": "usage" if component.get("billing_type") == "usage" else "limit",
        "label": component.get("name"),
    }
