# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of writes to pools of POSIX numbers, and what is checked of them in which order
(api-behaviour: posix-pools-create, posix-pools-ranges, posix-pools-shrink)."""

from __future__ import annotations

from typing import Any

from rest_framework import exceptions, serializers

from . import posix
from .forms import ObjectForm
from .models import NUMBER_RANGES, Customer, Offering, PosixPool, ServiceProvider
from .permissions import demand

ENDS = tuple(f"{end}_{kind}" for kind in NUMBER_RANGES for end in ("min", "max"))


class PosixPoolForm(ObjectForm):
    """What a pool belongs to, which is fixed once it is there, and its ranges."""

    rows = "posix_pool"
    service_provider = serializers.SlugRelatedField(
        slug_field="uuid", queryset=ServiceProvider.objects.all(), required=False, allow_null=True
    )
    offering = serializers.SlugRelatedField(
        slug_field="uuid", queryset=Offering.objects.all(), required=False, allow_null=True
    )

    class Meta:
        model = PosixPool
        fields = ("description", "service_provider", "offering", *ENDS)
        # The sizes of numbers are checked with the ranges, and answered otherwise than those of a field.
        extra_kwargs = {name: {"min_value": None, "max_value": None} for name in ENDS}

    def every_field(self) -> dict[str, serializers.Field]:
        fields = super().every_field()
        if self.instance is not None:
            for name in ("service_provider", "offering"):
                fields[name].read_only = True
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None:
            customer = self.check_scope(attrs)
            demand(self.context["request"].user, "POSIX_ID_POOL.MANAGE", customer)
        columns = ("service_provider", "offering", *ENDS)
        kept = {name: getattr(self.instance, name, None) for name in columns}
        changed = PosixPool(**{**kept, **{name: value for name, value in attrs.items() if name in columns}})
        changed.pk = getattr(self.instance, "pk", None)
        posix.check_ranges(changed)
        if self.instance is not None:
            posix.check_shrinking(self.instance, changed)
        return attrs

    @staticmethod
    def check_scope(attrs: dict[str, Any]) -> Customer:
        """Return the customer of what a new pool is for; raises 400 (api-behaviour: posix-pools-create)."""
        scopes = {name: attrs[name] for name in ("service_provider", "offering") if attrs.get(name) is not None}
        if len(scopes) != 1:
            raise exceptions.ValidationError("Exactly one of service_provider or offering must be set.")
        (scope,) = scopes.values()
        if not ServiceProvider.objects.filter(customer=scope.customer).exists():
            raise exceptions.ValidationError("The customer must be a service provider.")
        if PosixPool.objects.filter(**scopes).exists():
            raise exceptions.ValidationError("A POSIX ID pool already exists for this scope.")
        return scope.customer


class RepointForm(serializers.Serializer):
    """The body of ``repoint`` (api-behaviour: posix-pools-repoint)."""

    confirm = serializers.BooleanField()

    def validate_confirm(self, value: bool) -> bool:
        """Refuse what does not confirm."""
        if not value:
            raise exceptions.ValidationError("Re-pointing must be confirmed.")
        return value
