# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of offerings, with their components and plans."""

from __future__ import annotations

from .fields import Field, RowType
from .providers import ORGANIZATION_GROUP

OFFERING = (
    Field("uuid", "str", "The UUID of the offering.", sample="fcb45ae58a5b4e328513a854825be27c"),
    Field(
        "customer_uuid",
        "str",
        "The UUID of the provider's customer.",
        since=2025,
        sample="d2c8772ce559428283e388badd97f2d6",
    ),
    Field("name", "str", "The name of the offering.", sample="Alpha Draft"),
    Field("slug", "str", "A short name for use in addresses.", sample="alpha-dr-1"),
    Field("category_title", "str", "The name of the category.", sample="Storage"),
    Field("type", "str", "The type of the offering, as the server calls it.", sample="Marketplace.Basic"),
    Field("state", "str", "The state of the offering, as O(state).", sample="Draft"),
    Field("resources_count", "int", "How many resources of the offering there are.", sample=0),
    Field(
        "billing_price_estimate",
        "dict",
        "The estimated revenue of the offering in the current month.",
        sample={"total": 0.0, "current": 0.0, "tax": 0.0, "tax_current": 0.0},
    ),
    Field(
        "components",
        "list",
        "The billing components, such as cores and hours. Each is described by the keys of Waldur's API.",
        fields=(
            Field("uuid", "str", "The UUID of the component.", sample="a07adf1531a34ef088ca9bb2fa9104e5"),
            Field(
                "billing_type",
                "str",
                "How the component is billed, such as V(fixed), V(usage) or V(limit).",
                sample="fixed",
            ),
            Field(
                "type",
                "str",
                (
                    "The key of the component, unique within the offering. C(plans[].prices) and other objects use it "
                    "as a key."
                ),
                sample="cores",
            ),
            Field("name", "str", "The name of the component for users.", sample="Cores"),
            Field("description", "str", "The description of the component.", sample=""),
            Field(
                "measured_unit",
                "str",
                "The unit in which the component is measured, such as V(cores) or V(GB).",
                sample="cores",
            ),
            Field(
                "unit_factor",
                "int",
                "The factor by which a quantity from the backend is divided to get C(measured_unit).",
                since=2025,
                sample=1,
            ),
            Field(
                "limit_period",
                "str",
                "The period for which a limit is valid, such as V(month), V(annual) or V(total), or V(none).",
                sample=None,
            ),
            Field(
                "limit_amount",
                "int",
                "The highest quantity that can be used within C(limit_period), or V(none) if there is no limit.",
                sample=None,
            ),
            Field("article_code", "str", "The code of the component in an accounting system.", sample=""),
            Field(
                "max_value",
                "int",
                "The highest quantity that can be ordered, or V(none) if there is no limit.",
                sample=None,
            ),
            Field(
                "min_value",
                "int",
                "The lowest quantity that can be ordered, or V(none) if there is no limit.",
                sample=None,
            ),
            Field(
                "max_available_limit",
                "int",
                "The highest sum of the quantities of all resources, or V(none) if there is no limit.",
                sample=None,
            ),
            Field(
                "is_boolean",
                "bool",
                "Whether the component is either ordered or not, instead of in a quantity.",
                sample=False,
            ),
            Field("default_limit", "int", "The quantity that an order form suggests, or V(none).", sample=None),
            Field(
                "factor",
                "int",
                (
                    "The factor between C(measured_unit) and the unit of the backend, or V(none) if the type of the "
                    "offering defines none."
                ),
                sample=None,
            ),
            Field(
                "is_builtin",
                "bool",
                "Whether the type of the offering defines the component, so that it can not be deleted.",
                sample=False,
            ),
            Field("is_prepaid", "bool", "Whether the component is paid in advance.", since=2025, sample=False),
            Field(
                "overage_component",
                "str",
                "The UUID of the component that is billed for usage above the prepaid quantity, or V(none).",
                since=2025,
                sample=None,
            ),
            Field(
                "min_prepaid_duration",
                "int",
                "The lowest number of months that can be paid in advance, or V(none) if there is no limit.",
                since=2025,
                sample=None,
            ),
            Field(
                "max_prepaid_duration",
                "int",
                "The highest number of months that can be paid in advance, or V(none) if there is no limit.",
                since=2025,
                sample=None,
            ),
        ),
    ),
    Field(
        "plans",
        "list",
        "The plans, with their prices. C(prices) has the price of each component by its C(type).",
        fields=(
            Field(
                "url",
                "str",
                "The URL of the plan in the API.",
                sample="https://waldur.example.org/api/marketplace-plans/5a10405a72ed4f26b53105973f7173c2/",
            ),
            Field("uuid", "str", "The UUID of the plan.", sample="5a10405a72ed4f26b53105973f7173c2"),
            Field("name", "str", "The name of the plan.", sample="Large"),
            Field("description", "str", "The description of the plan.", sample=""),
            Field("article_code", "str", "The code of the plan in an accounting system.", sample=""),
            Field(
                "max_amount",
                "int",
                "The highest number of resources with the plan, or V(none) if there is no limit.",
                sample=None,
            ),
            Field(
                "archived", "bool", "Whether the plan is archived, so that new resources can not use it.", sample=False
            ),
            Field("is_active", "bool", "Whether new resources can use the plan.", sample=True),
            Field(
                "unit_price",
                "str",
                "The price of the plan per C(unit), as a decimal number in a string.",
                sample="0.0000000000",
            ),
            Field(
                "unit",
                "str",
                "The period to which the prices apply, such as V(month), V(half_month), V(day) or V(hour).",
                sample="month",
            ),
            Field("init_price", "float", "The price for creating a resource.", sample=0),
            Field("switch_price", "float", "The price for switching a resource to the plan.", sample=0),
            Field("backend_id", "str", "The ID of the plan in another system.", sample=""),
            Field(
                "organization_groups",
                "list",
                "The organization groups whose customers can use the plan. Empty if all customers can.",
                fields=ORGANIZATION_GROUP,
            ),
            Field(
                "components",
                "list",
                "The price and the quantity of each component in the plan.",
                since=2025,
                fields=(
                    Field(
                        "type",
                        "str",
                        "The key of the component, as in C(components[].type) of the offering.",
                        sample="cores",
                    ),
                    Field("name", "str", "The name of the component.", sample="Cores"),
                    Field("measured_unit", "str", "The unit in which the component is measured.", sample="cores"),
                    Field("amount", "int", "The quantity of the component that the plan includes.", sample=4),
                    Field(
                        "price",
                        "str",
                        "The price of one unit of the component, as a decimal number in a string.",
                        sample="10.0000000000",
                    ),
                    Field(
                        "future_price",
                        "str",
                        (
                            "The price of one unit from the next month on, as a decimal number in a string, or "
                            "V(none) if it does not change."
                        ),
                        sample=None,
                    ),
                    Field(
                        "discount_threshold",
                        "int",
                        "The quantity from which a discount is given, or V(none) if there is no discount.",
                        sample=None,
                    ),
                    Field(
                        "discount_rate",
                        "int",
                        "The discount in percent, or V(none) if there is no discount.",
                        sample=None,
                    ),
                ),
            ),
            Field("prices", "dict", "The price of each component, by its C(type).", sample={"cores": 10.0}),
            Field(
                "future_prices",
                "dict",
                "The price of each component from the next month on, by its C(type). V(none) if it does not change.",
                sample={"cores": None},
            ),
            Field(
                "quotas",
                "dict",
                "The quantity of each component that the plan includes, by its C(type).",
                sample={"cores": 4},
            ),
            Field("resources_count", "int", "The number of resources that use the plan.", sample=0),
            Field(
                "plan_type",
                "str",
                "How the components of the plan are billed, such as V(fixed), V(usage-based) or V(mixed).",
                sample="fixed",
            ),
            Field("minimal_price", "float", "The lowest price of a resource with the plan, per C(unit).", sample=40.0),
        ),
    ),
    Field("options", "dict", "The questions to answer when ordering.", sample={"order": [], "options": {}}),
    Field(
        "resource_options",
        "dict",
        "The questions that can be answered of a resource.",
        sample={"order": [], "options": {}},
    ),
    Field(
        "secret_options",
        "dict",
        "The credentials with which Waldur connects to the backend of the offering.",
        returned="never, because it can contain a secret",
    ),
    Field("thumbnail", "str", "The URL of the offering's image.", since=2025, sample=None),
)

ROWS = (RowType(("offerings",), OFFERING),)
