# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of each object in the contract of November 2025, in its order."""

from __future__ import annotations

SERVICE_PROVIDER = (
    "url uuid created description enable_notifications customer customer_name customer_uuid customer_image "
    "customer_abbreviation customer_slug customer_native_name customer_country image organization_groups "
    "offering_count"
).split()
GRANT = (
    "uuid created expiration_time role_name role_uuid user_email user_full_name user_username user_uuid user_image "
    "created_by_full_name created_by_uuid"
).split()
PROJECT_PERMISSION = (
    "created expiration_time created_by created_by_full_name created_by_username project project_uuid project_name "
    "project_created project_end_date customer_uuid customer_name role role_name user user_full_name "
    "user_native_name user_username user_uuid user_email"
).split()
CUSTOMER = (
    "url uuid created organization_groups display_name projects backend_id image blocked archived "
    "display_billing_info_in_projects default_tax_percent accounting_start_date projects_count users_count "
    "sponsor_number country_name max_service_accounts project_metadata_checklist grace_period_days name slug "
    "native_name abbreviation description contact_details agreement_number email phone_number access_subnets "
    "registration_code homepage domain vat_code postal address bank_name latitude longitude bank_account country "
    "notification_emails payment_profiles customer_credit customer_unallocated_credit is_service_provider "
    "service_provider service_provider_uuid call_managing_organization_uuid billing_price_estimate"
).split()
USER = (
    "url uuid username slug full_name native_name job_title email phone_number organization civil_number "
    "description is_staff is_active is_support token token_lifetime token_expires_at registration_method "
    "date_joined agreement_date notifications_enabled preferred_language permissions requested_email affiliations "
    "first_name last_name birth_date identity_provider_name identity_provider_label "
    "identity_provider_management_url identity_provider_fields image identity_source has_active_session ip_address"
).split()
ROLE = (
    "uuid name description description_en description_et description_lt description_lv description_ru "
    "description_it description_de description_da description_sv description_es description_fr description_nb "
    "description_ar description_cs permissions is_system_role is_active users_count content_type"
).split()
PROJECT = (
    "url uuid name slug customer customer_uuid customer_name customer_slug customer_native_name "
    "customer_abbreviation description customer_display_billing_info_in_projects created type type_name type_uuid "
    "backend_id start_date end_date end_date_requested_by oecd_fos_2007_code oecd_fos_2007_label is_industry image "
    "resources_count max_service_accounts kind is_removed termination_metadata staff_notes grace_period_days "
    "project_credit marketplace_resource_count billing_price_estimate"
).split()
OFFERING = (
    "url uuid created name slug description full_description privacy_policy_link access_url endpoints "
    "software_catalogs partitions roles customer customer_uuid customer_name project project_uuid project_name "
    "category category_uuid category_title attributes options resource_options components plugin_options "
    "secret_options service_attributes state vendor_details getting_started integration_guide thumbnail order_count "
    "plans screenshots type shared billable scope scope_uuid scope_name scope_state scope_error_message files "
    "quotas paused_reason datacite_doi citation_count latitude longitude country backend_id organization_groups "
    "image total_customers total_cost total_cost_estimated parent_description parent_uuid parent_name "
    "backend_metadata has_compliance_requirements compliance_checklist integration_status google_calendar_is_public "
    "google_calendar_link"
).split()
RESOURCE = (
    "offering offering_name offering_uuid offering_description offering_image offering_thumbnail offering_type "
    "offering_shared offering_billable offering_plugin_options provider_name provider_uuid provider_slug "
    "category_title category_uuid category_icon plan plan_unit plan_name plan_uuid plan_description attributes "
    "limits uuid created modified url scope description state resource_uuid backend_id effective_id resource_type "
    "project project_uuid project_name project_description project_end_date project_end_date_requested_by "
    "customer_uuid customer_name offering_slug parent_offering_uuid parent_offering_name parent_offering_slug "
    "parent_uuid parent_name backend_metadata is_usage_based is_limit_based name slug current_usages can_terminate "
    "report end_date end_date_requested_by username limit_usage downscaled restrict_member_access paused endpoints "
    "error_message error_traceback options available_actions last_sync order_in_progress creation_order "
    "service_settings_uuid project_slug customer_slug user_requires_reconsent renewal_date"
).split()
OFFERING_USER = (
    "url uuid user offering username offering_uuid offering_name user_uuid user_username user_full_name user_email "
    "created modified customer_uuid customer_name is_restricted state service_provider_comment "
    "service_provider_comment_url has_consent requires_reconsent has_compliance_checklist"
).split()
USER_PERMISSION = (
    "user_uuid user_name user_slug created expiration_time created_by_full_name created_by_username role_name "
    "role_description role_uuid scope_type scope_uuid scope_name customer_uuid customer_name"
).split()
VERSION = "version latest_version".split()
