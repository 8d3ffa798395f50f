# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from . import control
from .views import grants, marketplace, providers, structure

# Its format suffixes make "…/a.b/" a JSON 404, as on the real server.
router = DefaultRouter()
PROVIDERS = "marketplace-service-providers"
SUB_LIST = PROVIDERS + r"/(?P<service_provider_uuid>[^/.]+)/{}"

router.register(PROVIDERS, providers.ServiceProviderViewSet, "serviceprovider")
router.register(SUB_LIST.format("project_permissions"), grants.ProjectPermissionViewSet, "serviceprovider-permissions")
router.register("customers", structure.CustomerViewSet, "customer")
router.register("users", structure.UserViewSet, "user")
router.register("projects", structure.ProjectViewSet, "project")
router.register("roles", grants.RoleViewSet, "role")
router.register("user-permissions", grants.UserPermissionViewSet, "userpermission")
router.register("marketplace-provider-offerings", marketplace.OfferingViewSet, "offering")
router.register("marketplace-provider-resources", marketplace.ResourceViewSet, "resource")
router.register("marketplace-offering-users", marketplace.OfferingUserViewSet, "offeringuser")

urlpatterns = [
    path("api/version/", structure.VersionView.as_view(), name="version"),
    path("api/media/<str:uuid>/", structure.MediaView.as_view(), name="media-detail"),
    path("api/", include(router.urls)),
    path("simulator/", include(control.urlpatterns)),
]
