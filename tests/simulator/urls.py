# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from . import control, editions
from .fields import PLACES
from .shapes import in_edition
from .views import (
    directory,
    marketplace,
    posix,
    project_groups,
    provider_accounts,
    provider_lists,
    providers,
    structure,
)


class Router(DefaultRouter):
    """The routes of the present edition; its format suffixes make "…/a.b/" a JSON 404, as on the real server."""

    def get_routes(self, viewset: Any) -> list[Any]:
        kind = viewset.queryset.model._meta.model_name if viewset.queryset is not None else ""
        absent = editions.current().absent_actions.get(kind, ())
        return [route for route in super().get_routes(viewset) if not set(route.mapping.values()) & set(absent)]


router = Router()
NEWEST_VIEWS = (
    *(marketplace.ProviderAccountViewSet, project_groups.ProjectGroupViewSet),
    *(posix.PosixPoolViewSet, posix.PosixIdentityViewSet),
)
VIEWS: tuple[Any, ...] = (
    *((marketplace.ConsentViewSet,) if editions.current().attributes_are_exposed else ()),
    *(providers.ServiceProviderViewSet, structure.CustomerViewSet, structure.UserViewSet, structure.ProjectViewSet),
    *(structure.RoleViewSet, structure.UserPermissionViewSet, marketplace.OfferingViewSet),
    *(marketplace.ResourceViewSet, marketplace.OfferingUserViewSet),
    *(NEWEST_VIEWS if editions.current().accounts_are_shared else ()),
)
FUNCTIONS = {**vars(provider_lists), **vars(provider_accounts), **vars(directory)}
SUB_LIST = PLACES["serviceprovider"] + r"/(?P<service_provider_uuid>[^/.]+)/{}"

for view in VIEWS:
    kind = view.queryset.model._meta.model_name
    router.register(PLACES[kind], view, kind)
for name, rule in editions.load("lists.yaml")["lists"].items():
    if in_edition(rule):
        sub_view = provider_lists.view_of(name, rule, FUNCTIONS)
        router.register(SUB_LIST.format(name), sub_view, f"serviceprovider-{name}")

GROUPS_OF_A_PROJECT = path("api/marketplace-project-posix-groups/", project_groups.ProjectPosixGroupsView.as_view())
urlpatterns = [
    *((GROUPS_OF_A_PROJECT,) if editions.current().accounts_are_shared else ()),
    path("api/configuration/", structure.ConfigurationView.as_view(), name="configuration"),
    path("api/version/", structure.VersionView.as_view(), name="version"),
    path("api/media/<str:uuid>/", structure.MediaView.as_view(), name="media-detail"),
    path("api/", include(router.urls)),
    path("simulator/", include(control.urlpatterns)),
]
