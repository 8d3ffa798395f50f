# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Waldur supports a filter: the sentences about it in the options of modules, from the query parameters.

Such a sentence is the first of its item, and what follows it in the item is written by hand.
"""

from __future__ import annotations

import re

from ansible_collections.waldur.provider.plugins.module_utils._api.operations import operation
from ansible_collections.waldur.provider.plugins.module_utils._api.parameters import Parameter
from ansible_collections.waldur.provider.plugins.module_utils._query.info import INFOS

from .rows.fields import Field
from .rows.registry import row_fields
from .yaml_text import wrapped

OPTIONS = re.compile(r"^options:\n.*?^(?=\S)", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"^  (?P<name>\w+):\n(?:   .*\n)+", re.MULTILINE)
ITEM = re.compile(r"^      - Waldur supports this filter since .*\n(?:        .*\n)*", re.MULTILINE)
_SENTENCES = re.compile(
    r"Waldur supports this filter since \d{4}\."
    r"(?: With an older version, (?:the task fails|the collection applies it to the rows)(?P<more>[.,].*))?"
)


def sentences(module: str) -> dict[str, str]:
    """Return what must be said, by option, of the filters of *module* that older servers lack."""
    return {
        parameter.option: sentence(parameter, row_fields(name))
        for name in reversed(INFOS[module].operations)  # where two lists have a filter, the first one decides
        for parameter in operation(name).query
        if parameter.since and parameter.type != "url"
    }


def sentence(parameter: Parameter, row: tuple[Field, ...]) -> str:
    """Return the sentence; rows that hold the key can be checked here, and others can't."""
    is_checked = any(field.name in parameter.row_keys and field.since < parameter.since for field in row)
    outcome = "the collection applies it to the rows" if is_checked else "the task fails"
    return f"Waldur supports this filter since {parameter.since}. With an older version, {outcome}"


def filled(module: str, text: str) -> str:
    """Return *text*, the file of *module*, with these sentences where its options have some."""
    if module not in INFOS:
        return text
    expected = sentences(module)

    def option(block: re.Match[str]) -> str:
        name = block["name"]
        return ITEM.sub(lambda item: _item(item[0], expected[name]), block[0]) if name in expected else block[0]

    return OPTIONS.sub(lambda block: OPTION.sub(option, block[0]), text, count=1)


def _item(text: str, expected: str) -> str:
    match = _SENTENCES.fullmatch(" ".join(text.split()).removeprefix("- "))
    if match is None:
        return text
    return "".join(f"{line}\n" for line in wrapped("      -", expected + (match["more"] or "."), 6))
