# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters as Ansible calls them: wrong arguments and invalid data end in one sentence that names the filter."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ansible.errors import AnsibleFilterError

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput, suggest_closest

T = TypeVar("T")


def make_filter(name: str, function: Callable[..., T]) -> Callable[..., T]:
    """Return ``function`` as the filter ``waldur.provider.<name>``; its first parameter is the input of the filter.

    The filter raises ``AnsibleFilterError`` for arguments that ``function`` does not take, and for ``InvalidInput``.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> T:
        try:
            _check_arguments(signature, arguments, options)
            return function(*arguments, **options)
        except InvalidInput as error:
            # Without the cause, which newer cores would append to the sentence.
            raise AnsibleFilterError(f"waldur.provider.{name}: {error.message}") from None

    return run


def _check_arguments(signature: inspect.Signature, arguments: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` unless the arguments are those of ``signature``, each given once."""
    names = list(signature.parameters)
    known = ", ".join(names[1:]) or "none"
    if len(arguments) > len(names):
        raise InvalidInput(
            f"takes {len(names) - 1} arguments, and {len(arguments) - 1} were given: name them; known are {known}."
        )
    for option in options:
        if option not in names[1:]:
            hint = suggest_closest(option, names[1:])
            raise InvalidInput(f"{option}: is not an argument of this filter.{hint} Known are {known}.")
        if option in names[: len(arguments)]:
            raise InvalidInput(f"{option}: is given twice, by its place and by its name: leave one out.")
    for parameter in list(signature.parameters.values())[len(arguments) :]:
        if parameter.default is inspect.Parameter.empty and parameter.name not in options:
            raise InvalidInput(f"{parameter.name}: is missing: give it, as {parameter.name}=….")
