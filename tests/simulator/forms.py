# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of writes, and what is checked of them in which order; what comes back is a shape."""

from __future__ import annotations

import datetime
import re
from typing import Any

from rest_framework import exceptions, serializers

from . import accounts, adoption, clock, editions, project_groups
from .fields import HexField, LinkField, MomentField, PictureField, parse_uuid
from .models import (
    ACCOUNT_OPTION,
    STATES,
    Customer,
    Grant,
    Media,
    Offering,
    OfferingUser,
    ProviderAccount,
    Role,
    ServiceProvider,
    User,
)
from .permissions import column_of, has_permission
from .shapes import compiled, shape

RUNTIME_STATES: list[str] = STATES["RUNTIME_STATES"]
# Labels between dots, the last one of letters: no scheme, no port, no localhost, no IP address.
DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.I)
NAMING_POLICIES = ("service_provider", "anonymized", "full_name", "waldur_username", "freeipa", "identity_claim")


class ObjectForm(serializers.ModelSerializer):
    """A body whose answer is the shape ``rows``; ``field=`` takes writable fields away too
    (api-behaviour: field-parameter)."""

    rows = ""
    serializer_related_field = LinkField

    def every_field(self) -> dict[str, serializers.Field]:
        """The fields before ``field=`` takes any away."""
        return super().get_fields()

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = self.every_field()
        if self.rows in editions.current().shapes_without_field:
            return fields
        wanted = [name for name in self.context["request"].query_params.getlist("field") if name in fields]
        return {name: fields[name] for name in wanted} if wanted else fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return shape(self.rows)(context=self.context).to_representation(instance)


class PathPartField(serializers.RegexField):
    """The beginning of a path, or a whole one, of harmless characters (api-behaviour: account-settings-keys)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^(?!.*\.\.)/[A-Za-z0-9_./-]+\Z", **kwargs)


class OfferingAccountsForm(serializers.Serializer):
    """How an offering's accounts are made (api-behaviour: account-settings-keys); unknown keys are dropped."""

    account_scope = serializers.ChoiceField(["offering", "provider"], required=False, allow_blank=True)
    username_generation_policy = serializers.ChoiceField(NAMING_POLICIES, required=False, allow_blank=True)
    username_anonymized_prefix = serializers.CharField(required=False, allow_blank=True)
    homedir_prefix = PathPartField(required=False, allow_blank=True)
    login_shell = PathPartField(required=False, allow_blank=True)


class AccountOptionsForm(OfferingAccountsForm):
    """How a provider's accounts are made (api-behaviour: account-settings-keys, account-settings-merge); what is blank
    is taken away."""

    project_groups_enabled = serializers.BooleanField(required=False)

    @staticmethod
    def merged(options: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        """*options* with *changes*, without what is blank in these."""
        return {key: value for key, value in {**options, **changes}.items() if value != ""}


class IntegrationForm(serializers.Serializer):
    """The body of an offering's ``update_integration``: a part of its options, merged key by key
    (api-behaviour: account-settings-precedence)."""

    plugin_options = OfferingAccountsForm(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        options = self.initial_data.get("plugin_options") or {}
        others = {key: value for key, value in options.items() if key in accounts.RULES["offering_options"]}
        return {"plugin_options": {**others, **attrs.get("plugin_options", {})}}


class ServiceProviderForm(ObjectForm):
    """The profile of a provider; the customer can be given once, at creation (api-behaviour: providers-create,
    providers-put, providers-update)."""

    rows = "service_provider"
    uuid = serializers.CharField(read_only=True)
    created = MomentField(read_only=True)
    customer_image = serializers.ImageField(read_only=True)
    customer_country = serializers.CharField(read_only=True)
    image = PictureField(required=False, allow_null=True, max_length=100)
    organization_group = serializers.CharField(read_only=True)
    allowed_domains = serializers.ListField(child=serializers.CharField(), required=False)
    account_options = AccountOptionsForm(required=False)

    class Meta:
        model = ServiceProvider
        fields = "__all__"
        extra_kwargs = {"customer": {"view_name": "customer-detail"}}

    def every_field(self) -> dict[str, serializers.Field]:
        fields = super().every_field()
        if self.context["request"].method in ("PUT", "PATCH"):
            fields["customer"].read_only = True
            fields["customer"].validators = []
        # What others than staff send of this is passed over (api-behaviour: providers-allowed-domains).
        fields["allowed_domains"].read_only = not self.context["request"].user.is_staff
        keys = [key for key, _show in compiled(self.rows, editions.current().name)]
        return {key: fields.get(key) or serializers.ReadOnlyField() for key in keys}

    def validate_allowed_domains(self, value: list[str]) -> list[str]:
        """Refuse what is no name of a domain (api-behaviour: providers-allowed-domains)."""
        if wrong := [name for name in value if not DOMAIN.fullmatch(name)]:
            raise exceptions.ValidationError([f"{name} is not a domain name." for name in wrong])
        return value

    def validate_account_options(self, value: dict[str, Any]) -> dict[str, Any]:
        """Merge the options, and refuse shared accounts while names conflict (api-behaviour: account-settings-merge,
        account-settings-scope-conflict)."""
        before = self.instance.account_options if self.instance else {}
        after = AccountOptionsForm.merged(before, value)
        becomes_shared = after.get("account_scope") == "provider" != before.get("account_scope")
        if self.instance and becomes_shared:
            found = adoption.find_conflicts(self.instance)
            if found:
                raise exceptions.ValidationError(
                    [f"{len(found)} user(s) hold different usernames. Resolve them first."]
                )
        return after

    def save(self, **kwargs: Any) -> ServiceProvider:
        image: Media | None = self.validated_data.get("image")
        if image is not None:
            image.save()
        return super().save(**kwargs)


class CustomerForm(ObjectForm):
    """What can be changed of a customer; the last three by staff alone, and silently not by others."""

    rows = "customer"

    class Meta:
        model = Customer
        fields = (
            *("name", "native_name", "abbreviation", "description", "contact_details", "email", "phone_number"),
            *("registration_code", "backend_id", "country", "agreement_number", "blocked", "archived"),
        )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.context["request"].user.is_staff:
            return attrs
        return {name: value for name, value in attrs.items() if name not in self.Meta.fields[-3:]}


class OfferingsUsernameForm(serializers.Serializer):
    """The body of ``set_offerings_username``; the length is left to the database (api-behaviour: usernames-length)."""

    user_uuid = HexField()
    username = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        fields["username"].allow_blank = editions.current().blank_usernames
        return fields


class GrantChangeForm(serializers.Serializer):
    """The body of the three role calls, with the checks that they share in their order
    (api-behaviour: role-grants-checks)."""

    role = serializers.CharField()
    user = HexField()
    expiration_time = MomentField(required=False, allow_null=True, input_formats=["%Y-%m-%d", "iso-8601"])

    def validate_role(self, value: str) -> Role:
        wanted = parse_uuid(value)
        role = Role.objects.filter(**({"uuid": wanted} if wanted else {"name": value})).first()
        if role is None:
            raise exceptions.ValidationError("Role is not found.")
        return role

    def validate_user(self, value: Any) -> User:
        user = User.objects.filter(uuid=value).first()
        if user is None or not (user.is_active or editions.current().inactive_users_get_roles):
            raise exceptions.ValidationError("User is not found.")
        return user

    def validate_expiration_time(self, value: datetime.datetime | None) -> datetime.datetime | None:
        if value is not None and value < clock.now():
            raise exceptions.ValidationError("Expiration time should be greater than current time.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        scope, caller = self.context["scope"], self.context["request"].user
        customer = getattr(scope, "customer", scope)
        if customer.blocked or customer.archived:
            raise exceptions.ValidationError("Customer is not available.")
        if not getattr(scope, "shared", True):
            raise exceptions.ValidationError("Offering is not available.")
        permission = self.context["permission"]
        if has_permission(caller, permission, customer):
            return attrs
        if not has_permission(caller, permission, scope):
            raise exceptions.PermissionDenied()
        if attrs["user"] == caller and scope != customer:
            raise exceptions.ValidationError("User can not manage own role.")
        return attrs


def check_role(role: Role, scope: Any) -> None:
    """Raise 400 unless *role* is an active one for objects like *scope*."""
    if role.content_type != column_of(scope):
        raise exceptions.ValidationError("Role is not valid for this scope.")
    if not role.is_active:
        raise exceptions.ValidationError("Role is not active.")


class GrantUpdateForm(GrantChangeForm):
    """The body of ``update_user``, whose role was checked as that of ``add_user`` in 2025
    (api-behaviour: role-grants-checks)."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if editions.current().updates_check_roles:
            check_role(attrs["role"], self.context["scope"])
        return attrs


class NewGrantForm(GrantChangeForm):
    """The body of ``add_user``."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if not (attrs["user"].is_active or self.context["request"].user.is_staff):
            raise exceptions.ValidationError("User is deactivated.")
        if self._is_covered(attrs):
            raise exceptions.ValidationError("User has already the same role in this scope.")
        check_role(attrs["role"], self.context["scope"])
        return attrs

    def _is_covered(self, attrs: dict[str, Any]) -> bool:
        """Whether a grant lasts at least as long; a shorter one is overlooked and doubled
        (api-behaviour: role-grants-duplicate)."""
        scope, until = self.context["scope"], attrs.get("expiration_time")
        held = Grant.objects.filter(
            is_active=True, user=attrs["user"], role=attrs["role"], **{column_of(scope): scope}
        ).values_list("expiration_time", flat=True)
        return any(end is None or (until is not None and end >= until) for end in held)


class OfferingUserForm(ObjectForm):
    """A user's account in an offering. A change may name another user or offering, too, which is checked like a new
    account (api-behaviour: offering-users-rename)."""

    rows = "offering_user"
    user = LinkField(view_name="user-detail", queryset=User.objects.all(), required=False)
    offering = LinkField(view_name="offering-detail", queryset=Offering.objects.all(), required=False)

    class Meta:
        model = OfferingUser
        fields: tuple[str, ...] = ("user", "offering", "username")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        linked = self.instance.service_provider_account if self.instance else None
        # The key's presence is enough, even with the same value (api-behaviour: usernames-owned-by-a-provider-account).
        if linked and "username" in self.initial_data:
            problem = f"This account is owned by the service provider account {linked.uuid.hex}. Rename that one."
            raise exceptions.ValidationError({"username": [problem]})
        return attrs

    def update(self, instance: OfferingUser, validated_data: dict[str, Any]) -> OfferingUser:
        username = validated_data.pop("username", instance.username)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        accounts.rename(instance, username)
        return instance


class NewOfferingUserForm(OfferingUserForm):
    """The body of a new account: the user and the offering, each by URL or by UUID, never both
    (api-behaviour: offering-users-create)."""

    user_uuid = HexField(required=False, write_only=True)
    offering_uuid = HexField(required=False, write_only=True)

    class Meta(OfferingUserForm.Meta):
        fields = (*OfferingUserForm.Meta.fields, "user_uuid", "offering_uuid")

    def get_validators(self) -> list[Any]:
        # The pair is compared in validate(), once both ways of naming it have been read.
        return []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        problems = {}
        for name, model in (("user", User), ("offering", Offering)):
            wanted = attrs.pop(f"{name}_uuid", None)
            if wanted is not None and name in attrs:
                problems[name] = [f"Only one of {name} and {name}_uuid can be given."]
            elif wanted is not None:
                attrs[name] = model.objects.filter(uuid=wanted).first()
            if attrs.get(name) is None:
                problems[name] = ["This field is required." if wanted is None else f"No such {name}."]
        if problems:
            raise exceptions.ValidationError(problems)
        if editions.current().double_account and self.is_double(attrs):
            raise exceptions.ValidationError("The fields offering, user must make a unique set.")
        return attrs

    @staticmethod
    def is_double(attrs: dict[str, Any]) -> bool:
        """Return whether the user has an account at the offering already."""
        return OfferingUser.objects.filter(offering=attrs["offering"], user=attrs["user"]).exists()

    @classmethod
    def check_option(cls, attrs: dict[str, Any]) -> None:
        """Raise 400 unless the offering lets its provider create accounts, and the user has none there."""
        if not getattr(attrs["offering"], editions.current().account_option_column).get(ACCOUNT_OPTION):
            raise exceptions.ValidationError("It is not allowed to create users for current offering.")
        if cls.is_double(attrs):
            raise exceptions.ValidationError("An account for this user on this offering already exists.")

    def create(self, validated_data: dict[str, Any]) -> OfferingUser:
        return accounts.create(validated_data["offering"], validated_data["user"], validated_data.get("username"))


class ProviderAccountForm(ObjectForm):
    """A user's account at a provider: what is not a field here is passed over
    (api-behaviour: provider-accounts-rename)."""

    rows = "provider_account"
    runtime_state = serializers.ChoiceField(RUNTIME_STATES, required=False)

    class Meta:
        model = ProviderAccount
        fields = ("username", "runtime_state", "service_provider_comment", "service_provider_comment_url")

    def validate_username(self, value: str | None) -> str | None:
        """Refuse the name of another account at the provider, compared without case."""
        others = self.instance.service_provider.accounts.exclude(pk=self.instance.pk)
        if value and others.filter(username__iexact=value).exists():
            raise exceptions.ValidationError("Another account at this service provider already has this username.")
        return value

    def update(self, instance: ProviderAccount, validated_data: dict[str, Any]) -> ProviderAccount:
        username = validated_data.pop("username", instance.username)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save()
        if username != instance.username:
            accounts.rename_provider_account(instance, username)
        return instance


class CommentForm(serializers.Serializer):
    """The body of ``update_comments``."""

    service_provider_comment = serializers.CharField(required=False, allow_blank=True)
    service_provider_comment_url = serializers.URLField(required=False, allow_blank=True, max_length=200)


class RuntimeStateForm(CommentForm):
    """The body of ``update_runtime_state``."""

    runtime_state = serializers.ChoiceField(RUNTIME_STATES)


class StepForm(serializers.Serializer):
    """The body of a step in an account's life, which may be empty (api-behaviour: offering-user-actions)."""

    comment = serializers.CharField(required=False, allow_blank=True)
    comment_url = serializers.URLField(required=False, allow_blank=True, max_length=200)


class PosixForm(serializers.Serializer):
    """The body of ``set_posix_attributes``: at least one of its fields (api-behaviour: posix-pins)."""

    login_shell = PathPartField(required=False)
    home_directory = PathPartField(required=False)
    uidnumber = serializers.IntegerField(required=False, min_value=0, allow_null=True)
    primarygroup = serializers.IntegerField(required=False, min_value=0, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise exceptions.ValidationError("At least one attribute is required.")
        return attrs


class RestrictionForm(serializers.Serializer):
    """The body of ``update_restricted``."""

    is_restricted = serializers.BooleanField()


class RevocationForm(serializers.Serializer):
    """The body of ``revoke``."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=255)


class GidForm(serializers.Serializer):
    """The body of ``set_gid`` (api-behaviour: project-groups-write)."""

    gid = serializers.IntegerField(min_value=1000, max_value=4294967294)
    allow_outside_range = serializers.BooleanField(default=False)


class GroupEntryForm(serializers.Serializer):
    """A group to adopt; the project by its UUID or slug (api-behaviour: project-groups-write)."""

    project = serializers.CharField()
    gid = serializers.IntegerField(min_value=1000, max_value=4294967294)
    name = serializers.RegexField(rf"^{project_groups.NAME}\Z", required=False)


class ProviderGroupsForm(serializers.Serializer):
    """Whose groups they are; what is wrong with the provider comes before who may write there."""

    service_provider = HexField()
    allow_outside_range = serializers.BooleanField(default=False)

    def validate_service_provider(self, value: Any) -> ServiceProvider:
        """Return the provider with the UUID."""
        provider = ServiceProvider.objects.filter(uuid=value).select_related("customer").first()
        if provider is None:
            raise exceptions.ValidationError("There is no service provider with this UUID.")
        return provider


class NewProjectGroupForm(ProviderGroupsForm, GroupEntryForm):
    """The body of a new group."""


class GroupImportForm(ProviderGroupsForm):
    """The body of ``import_groups`` (api-behaviour: project-groups-import)."""

    groups = GroupEntryForm(many=True, allow_empty=False)
