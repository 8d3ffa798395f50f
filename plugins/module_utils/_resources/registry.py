# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rooms of the house, one per noun, in the order in which they are read."""

from __future__ import annotations

from .api_secret_code import ApiSecretCode
from .base import Resource
from .offering_username import OfferingUsername
from .service_provider import ServiceProvider
from .user_role import UserRole

RESOURCES: tuple[Resource, ...] = (ServiceProvider(), UserRole(), OfferingUsername(), ApiSecretCode())
