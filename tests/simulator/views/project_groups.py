# SPDX-License-Identifier: GPL-3.0-or-later
"""The POSIX groups of projects (api-behaviour: project-groups)."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import project_groups
from ..fields import parse_uuid
from ..forms import GidForm, GroupImportForm, NewProjectGroupForm
from ..models import OfferingRoleGroup, OfferingUserGroup, Project, ProjectGroup, ServiceProvider
from ..permissions import connected_customers, connected_projects, is_owner, sees_all, visible_project_groups
from ..shapes import row, shape
from .base import LookUpViewSet

LINKED = ("service_provider__customer", "project__customer")


def demand_owner(request: Request, provider: ServiceProvider) -> None:
    """Raise 403 unless the caller owns the provider's customer (api-behaviour: project-groups-rights)."""
    if not is_owner(request.user, provider.customer):
        raise exceptions.PermissionDenied()


class ProjectGroupViewSet(LookUpViewSet):
    """``/api/marketplace-service-provider-project-groups/``; nothing changes a name or deletes a group."""

    queryset = ProjectGroup.objects.all()
    rows = "project_group"
    filters = "project_groups"
    bodies = {"create": NewProjectGroupForm, "set_gid": GidForm, "import_groups": GroupImportForm}

    def get_queryset(self) -> QuerySet:
        return visible_project_groups(self.request.user).select_related(*LINKED).order_by("name", "id")

    def paginate_queryset(self, queryset: QuerySet) -> list[ProjectGroup]:
        return project_groups.describe(super().paginate_queryset(queryset))

    def get_object(self) -> ProjectGroup:
        return project_groups.describe([super().get_object()])[0]

    def show(self, *groups: ProjectGroup) -> list[dict[str, Any]]:
        """Return the rows of *groups* as they are now."""
        return [row(self.rows, group, self.request) for group in project_groups.describe(groups)]

    def create(self, request: Request) -> Response:
        """Adopt a group that the provider's directory has."""
        body = self.read_body()
        provider = body["service_provider"]
        demand_owner(request, provider)
        flag = body["allow_outside_range"]
        group = project_groups.adopt(provider, request.user, body, allow_outside_range=flag)
        return Response(self.show(group)[0], status=status.HTTP_201_CREATED)

    @action(detail=True, methods=["post"])
    def set_gid(self, request: Request, uuid: str) -> Response:
        """Change the GID of a group."""
        group, body = self.get_object(), self.read_body()
        demand_owner(request, group.service_provider)
        project_groups.pin(group, body["gid"], allow_outside_range=body["allow_outside_range"])
        return Response(self.show(group)[0])

    @action(detail=False, methods=["post"])
    def import_groups(self, request: Request) -> Response:
        """Adopt groups, and change the GIDs of those that are there, all or none."""
        body = self.read_body()
        provider = body["service_provider"]
        demand_owner(request, provider)
        flag = body["allow_outside_range"]
        groups = project_groups.import_groups(provider, request.user, body["groups"], allow_outside_range=flag)
        return Response(self.show(*groups))

    @action(detail=False, methods=["get"], filters="", serializer_class=shape("adoptable_project", obeys_field=False))
    def adoptable_projects(self, request: Request) -> Response:
        """List the projects for which the owner may adopt groups, with the names of those that have one."""
        uuid = parse_uuid(request.query_params.get("service_provider_uuid"))
        if uuid is None:
            raise exceptions.ValidationError({"service_provider_uuid": ["Enter a valid UUID."]})
        provider = ServiceProvider.objects.filter(uuid=uuid).select_related("customer").first()
        if provider is None:
            raise Http404("No ServiceProvider matches the given query.")
        demand_owner(request, provider)
        found, text = project_groups.adoptable_projects(provider), request.query_params.get("query")
        if text:
            found = found.filter(Q(name__icontains=text) | Q(slug__icontains=text) | Q(customer__name__icontains=text))
        page = super().paginate_queryset(found)
        names = dict(provider.project_groups.filter(project__in=page).values_list("project_id", "name"))
        for project in page:
            project.group_name = names.get(project.pk)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ProjectPosixGroupsView(APIView):
    """``/api/marketplace-project-posix-groups/``: all groups of one project, wherever
    (api-behaviour: project-groups-of-a-project)."""

    def get(self, request: Request) -> Response:
        uuid = parse_uuid(request.query_params.get("project_uuid"))
        if uuid is None:
            raise exceptions.ValidationError({"project_uuid": ["Enter a valid UUID."]})
        project = Project.objects.filter(uuid=uuid).first()
        if project is None:
            raise Http404("No Project matches the given query.")
        near = Q(pk__in=connected_projects(request.user)) | Q(customer__in=connected_customers(request.user))
        if not (sees_all(request.user) or Project.objects.filter(near, pk=project.pk).exists()):
            raise exceptions.PermissionDenied()
        return Response([*groups_of_offerings(project), *groups_of_providers(project, request)])


def groups_of_providers(project: Project, request: Request) -> list[dict[str, Any]]:
    """Return the provider's groups of *project*, also those without a GID."""
    groups = ProjectGroup.objects.filter(project=project).select_related(*LINKED).order_by("name")
    return [row("project_posix_group", group, request) for group in project_groups.describe(groups)]


def groups_of_offerings(project: Project) -> list[dict[str, Any]]:
    """Return the groups of offerings that have a GID: those for *project*, and those for roles in its resources."""
    in_project = Q(resource__project=project) | Q(resource_project__resource__project=project)
    own = OfferingUserGroup.objects.filter(project=project).exclude(gid=None)
    held = OfferingRoleGroup.objects.filter(in_project).exclude(gid=None).select_related("role")
    rows = [{"kind": "project_group", **place(one), **dict.fromkeys(ROLE_KEYS)} for one in own.order_by("gid")]
    for one in held.order_by("gid"):
        scope, kind = (one.resource, "resource") if one.resource else (one.resource_project, "resource_project")
        names = dict(zip(ROLE_KEYS, (one.role.name, kind, scope.name, scope.uuid.hex), strict=True))
        rows.append({"kind": "role_group", **place(one), **names})
    return sorted(rows, key=lambda group: (group["offering_name"], group["kind"], group["gid"]))


ROLE_KEYS = ("role", "scope_type", "scope_name", "scope_uuid")


def place(group: OfferingUserGroup | OfferingRoleGroup) -> dict[str, Any]:
    """Return the GID of a group, and whose group it is."""
    offering = group.offering
    names = {"offering_name": offering.name, "provider_name": offering.customer.name}
    return {"gid": group.gid, "offering_uuid": offering.uuid.hex, **names}
