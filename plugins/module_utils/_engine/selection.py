# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the entries that a task plans, with the service providers that they are about. Names no resource."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._common.errors import InvalidInput
from .._context import Session
from .._document.model import CUSTOMER_REFERENCE, PROVIDER_REFERENCE, ProviderDocument
from .._references.targets import Target
from .._resources.base import AnyResource
from .failures import Failures, ProviderFailure


@dataclass(frozen=True)
class Selection:
    """The entries that are planned, each with its provider.

    ``left_out`` are the providers of the entries that are not planned, ``without_entry`` those that were selected and
    have no entry. ``failures`` are the entries whose provider was not found.
    """

    entries: Sequence[tuple[ProviderDocument, Target]]
    left_out: Sequence[Target] = ()
    without_entry: Sequence[Target] = ()
    failures: Sequence[ProviderFailure] = ()


def select_entries(
    session: Session,
    resources: Sequence[AnyResource],
    document: Sequence[ProviderDocument],
    only: Sequence[str] | None,
    *,
    continues: bool = False,
) -> Selection:
    """Return the entries of ``document`` that ``only`` names, all of them if it is None.

    Raises ``InvalidInput`` where a provider has two entries, and, unless the run ``continues``, does not exist.
    """
    failures = Failures(continues and only is None)
    entries = resolve_targets(session, resources, document, failures)
    if only is None:
        return Selection(entries, failures=failures.collected)
    named = {target.customer_uuid: target for target in _resolve_only(session, only)}
    known = {target.customer_uuid: target for _desired, target in entries}
    return Selection(
        [entry for entry in entries if entry[1].customer_uuid in named],
        [target for uuid, target in known.items() if uuid not in named],
        [target for uuid, target in named.items() if uuid not in known],
    )


def resolve_targets(
    session: Session, resources: Sequence[AnyResource], document: Sequence[ProviderDocument], failures: Failures
) -> list[tuple[ProviderDocument, Target]]:
    """Return each entry with its provider. Raises ``InvalidInput`` where one has two entries, or does not exist and
    ``failures`` do not collect that."""
    session.references.customers.prefetch([d.reference for d in document if d.reference_kind == CUSTOMER_REFERENCE])
    first: dict[str, str] = {}
    pairs = []
    for desired in document:
        option = f"{desired.where}.customer" if desired.where else desired.reference_kind
        target = None
        with failures.of(Target("", "", desired.reference)):
            target = _resolve_target(session, resources, option, desired)
        if target is None:
            continue
        if len(document) == 1:
            return [(desired, target)]
        if target.customer_uuid in first:
            raise InvalidInput(
                f"{option}: {target.name} duplicates {first[target.customer_uuid]}: make one entry of the two."
            )
        first[target.customer_uuid] = desired.where
        pairs.append((desired, target))
    return pairs


def _resolve_target(
    session: Session, resources: Sequence[AnyResource], option: str, desired: ProviderDocument
) -> Target:
    """Return the provider of an entry. It is not read yet where it is given by its UUID, and none of the resources of
    the entry needs more."""
    named = [resource for resource in resources if resource.is_in(desired)]
    if desired.reference_kind == PROVIDER_REFERENCE and all(resource.needs_only_uuid for resource in named):
        return session.references.providers.resolve_later(option, desired.reference)
    return session.references.resolve_target(desired.reference_kind, option, desired.reference)


def _resolve_only(session: Session, references: Iterable[str]) -> list[Target]:
    named = enumerate(references)
    return [session.references.resolve_target(PROVIDER_REFERENCE, f"only[{number}]", value) for number, value in named]
