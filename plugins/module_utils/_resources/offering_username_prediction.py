# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predict the usernames after the same document changed the account options of the provider, which happens first
(api-behaviour: account-settings-effects). Pure: sends no request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .account_options import NUMBERING_POLICIES, POLICY, PREFIX, RENAMED_STATES, SCOPE, SHARED
from .offering_username_state import OfferingSettings, ProviderAccount, UsernameState

# What holds where a key is removed (api-behaviour: account-settings-keys).
_DEFAULTS = {SCOPE: "offering", POLICY: "service_provider", PREFIX: "waldur_"}


def changes_accounts(current: UsernameState, options: Mapping[str, Any]) -> bool:
    """Return whether setting the account options changes who owns usernames, or how Waldur generates them."""
    return any(with_options(settings, options) != settings for settings in (current.settings or {}).values())


def predict_usernames(current: UsernameState, options: Mapping[str, Any], resolutions: Mapping[str, str]) -> None:
    """Turn ``current`` into the state after the account options were set, in which new service provider accounts have
    no UUID yet. ``resolutions``: the usernames that users keep whose accounts have different ones, by UUID."""
    before, current.is_predicted = dict(current.settings or {}), True
    current.settings = {offering: with_options(settings, options) for offering, settings in before.items()}
    if any(
        dict(settings.inherited).get(SCOPE) != SHARED
        and dict(current.settings[offering].inherited).get(SCOPE) == SHARED
        for offering, settings in before.items()
    ):
        _adopt(current, resolutions)
    for pair, row in current.rows.items():
        is_renamed = pair not in current.links and row.get("state") in RENAMED_STATES
        if is_renamed and generates_anew(before.get(pair[0]), current.get_settings(pair[0])):
            current.accounts[pair] = None
            if current.get_settings(pair[0]).policy in NUMBERING_POLICIES:
                current.numbered.setdefault(pair[0], set()).add(pair[1])


def with_options(settings: OfferingSettings, options: Mapping[str, Any]) -> OfferingSettings:
    """Return what decides about the accounts in an offering once the provider has ``options``: an offering's own values
    stay (api-behaviour: account-settings-precedence)."""
    changes = {key: str(options[key] or default) for key, default in _DEFAULTS.items() if key in options}
    inherited = {**dict(settings.inherited), **changes}
    effective = {key: value for key, value in changes.items() if key not in settings.own}
    return replace(
        settings,
        is_shared=effective[SCOPE] == SHARED if SCOPE in effective else settings.is_shared,
        policy=effective.get(POLICY, settings.policy),
        inherited=tuple(inherited.items()),
    )


def generates_anew(before: OfferingSettings | None, after: OfferingSettings) -> bool:
    """Return whether Waldur names the accounts of an offering anew where its settings change."""
    if before is None or before.policy != after.policy:
        return before is not None
    is_same_prefix = dict(before.inherited).get(PREFIX) == dict(after.inherited).get(PREFIX)
    return after.policy == "anonymized" and PREFIX not in after.own and not is_same_prefix


def _adopt(current: UsernameState, resolutions: Mapping[str, str]) -> None:
    """Link all accounts, whatever their offering says, to one for each user (api-behaviour: accounts-adoption)."""
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pair in sorted(current.accounts):
        pairs[pair[1]].append(pair)
    for user, own in pairs.items():
        unlinked = [pair for pair in own if pair not in current.links]
        if not unlinked:
            continue
        known = current.provider_accounts.get(user) or ProviderAccount()
        names = dict.fromkeys(name for pair in own if (name := (current.accounts[pair] or "").strip()))
        username = next(iter(names), known.username)
        if len(names) > 1:
            username = resolutions.get(user, username)
        current.provider_accounts[user] = account = replace(known, username=username)
        for pair in own:
            current.links[pair] = account
        for pair in unlinked:
            current.accounts[pair] = username
