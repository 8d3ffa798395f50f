# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools of POSIX numbers, and who holds the numbers (api-behaviour: posix-pools, posix-identities)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from rest_framework import exceptions, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from .. import configuration, posix
from ..models import PosixIdentity, PosixPool
from ..permissions import demand, visible_pools
from ..pool_forms import PosixPoolForm, RepointForm
from .base import LookUpViewSet, ObjectViewSet


class PosixPoolViewSet(ObjectViewSet, viewsets.ModelViewSet):
    """``/api/marketplace-posix-id-pools/``."""

    queryset = PosixPool.objects.all()
    rows = "posix_pool"
    filters = "posix_pools"
    bodies = dict.fromkeys(("create", "update", "partial_update", "metadata"), PosixPoolForm)

    def get_queryset(self) -> QuerySet:
        related = ("service_provider__customer", "offering__customer")
        return visible_pools(self.request.user).select_related(*related).order_by("id")

    def check_object_permissions(self, request: Request, obj: PosixPool) -> None:
        """Raise 403 for changes, and for what re-pointing would do, without the permission
        (api-behaviour: posix-pools-rights)."""
        if request.method not in SAFE_METHODS or self.action == "repoint_preview":
            provider = getattr(obj.customer, "service_provider", None)
            demand(request.user, "POSIX_ID_POOL.MANAGE", obj.customer, *((provider,) if provider else ()))

    def perform_destroy(self, instance: PosixPool) -> None:
        if posix.active(instance).exists():
            raise exceptions.ValidationError("Pool with active identities cannot be deleted.")
        instance.delete()

    @action(detail=True, methods=["get"])
    def stats(self, request: Request, uuid: str) -> Response:
        """Say how many numbers of each range are in use (api-behaviour: posix-pools-stats)."""
        threshold = configuration.value("POSIX_ID_POOL_UTILIZATION_THRESHOLD")
        return Response({**posix.statistics(self.get_object()), "utilization_threshold": threshold})

    @action(detail=True, methods=["get"])
    def repoint_preview(self, request: Request, uuid: str) -> Response:
        """Say what re-pointing would do; nothing is stored."""
        pool = self.get_offering_pool()
        with transaction.atomic():
            found = posix.repoint(pool)
            transaction.set_rollback(True)
        return Response(found)

    @action(detail=True, methods=["post"], serializer_class=RepointForm)
    def repoint(self, request: Request, uuid: str) -> Response:
        """Give the accounts of the offering the numbers of its own pool (api-behaviour: posix-pools-repoint)."""
        pool = self.get_offering_pool()
        self.read_body()
        return Response(posix.repoint(pool))

    def get_offering_pool(self) -> PosixPool:
        """Return the pool of an offering; raises 400 for that of a provider."""
        pool: PosixPool = self.get_object()
        if pool.offering_id is None:
            raise exceptions.ValidationError("Re-pointing applies to the pool of an offering only.")
        return pool


class PosixIdentityViewSet(LookUpViewSet):
    """``/api/marketplace-posix-identities/``: who holds which numbers, and who held them."""

    queryset = PosixIdentity.objects.all()
    rows = "posix_identity"
    filters = "posix_identities"

    def get_queryset(self) -> QuerySet:
        found = PosixIdentity.objects.filter(pool__in=visible_pools(self.request.user))
        return found.select_related("pool", "offering", "user").order_by("id")
