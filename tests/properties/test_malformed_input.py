# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is handed over, the outcome is a plan or one sentence that names what is wrong: never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._common.json_values import to_plain
from ansible_collections.waldur.provider.plugins.module_utils._document import images
from ansible_collections.waldur.provider.plugins.module_utils._document.model import ImageFile, ProviderDocument
from ansible_collections.waldur.provider.plugins.module_utils._http import connection_options
from ansible_collections.waldur.provider.plugins.module_utils._module.argument_specs import CONNECTION, dates, spec
from ansible_collections.waldur.provider.plugins.module_utils._module.modules import WRITE_MODULES
from ansible_collections.waldur.provider.plugins.module_utils._resources.document_schema import SCHEMA
from ansible_collections.waldur.provider.plugins.plugin_utils._action.arguments import keep_spelling
from ansible_collections.waldur.provider.plugins.plugin_utils._action.date_literals import parse_printed_list
from ansible_collections.waldur.provider.plugins.plugin_utils._action.option_checks import check_options
from simulator_process import Simulator

from .malformed_input import VALUES, WHOLE, spoiled, spoiled_documents
from .simulated_situations import PNGS, UNSHRUNK, Stage, requests_for


def assert_clean(messages: list[str], *starts: str) -> None:
    """Check that each message begins with a position, ends like a sentence, and is not too long."""
    for message in messages:
        assert message.startswith(starts), message
        assert message.isprintable(), message
        assert message.endswith((".", "?")), message
        assert len(message) < 600, message


def any_image(where: str, path: str) -> ImageFile:
    """Return an image for known names, and otherwise read the file."""
    return ImageFile(path, PNGS[path]) if path in PNGS else images.read_image(where, path)


def read_error(act: Callable[[], Any]) -> tuple[list[str], Any]:
    """Return the errors that were reported, or the result. Any other exception is a defect."""
    try:
        return [], act()
    except InvalidInput as refused:
        error = refused
    errors: list[str] = error.details.get("errors") or [error.message]
    assert errors[0] in error.message
    assert error.message.isprintable()
    assert len(error.message) < 600 * min(len(errors), 10) + 100
    return errors, None


@given(spoiled_documents())
def test_a_document_is_understood_or_refused_in_one_sentence(document: Any) -> None:
    messages, desired_states = read_error(lambda: SCHEMA.read(document, any_image))
    if messages:
        assert_clean(messages, "service_providers")
    else:
        assert all(isinstance(desired, ProviderDocument) for desired in desired_states)
        assert len(desired_states) == len(document)


def run_as_a_task(stage: Stage, name: str, arguments: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Run a task as the action plugin does; return nothing if Ansible itself rejects its arguments."""
    task = WRITE_MODULES[name]
    given = {option: keep_spelling(parse_printed_list(value)) for option, value in arguments.items()}
    check_options(f"waldur.provider.{name}", spec(task), dates(task), given)
    values = connection_options.resolve(given, {}, {"WALDUR_API_URL": stage.sim.url, "WALDUR_API_TOKEN": "0" * 40})
    connection_options.connect(values, {})
    validation = ArgumentSpecValidator(spec(task), **task.rules).validate({**to_plain(given), **values})
    if validation.error_messages:
        return {}
    return stage.run_task(name, validation.validated_parameters, check=check, read_image=any_image)


@pytest.fixture(scope="module")
def stage(running: Simulator) -> Stage:
    """The simulator of the session; every example begins with a reset."""
    return Stage(running)


@settings(max_examples=settings().max_examples // 2, phases=UNSHRUNK)
@given(document=spoiled_documents(), check=st.booleans())
def test_a_spoiled_document_is_carried_out_or_refused_before_the_first_write(
    stage: Stage, document: Any, check: bool
) -> None:
    stage.sim.reset()
    options = {"service_providers": document}
    messages, result = read_error(lambda: run_as_a_task(stage, "desired_state", options, check=check))
    if messages:
        assert_clean(messages, "service_providers", "max_removals")
        assert stage.sim.counts().writes == 0
    else:
        plan = result.get("plan", [])
        assert plan == json.loads(json.dumps(plan))
        assert stage.sim.counts().writes == (0 if check else sum(requests_for(change) for change in plan))


# A valid task of each module, to be spoiled.
TASKS_TO_SPOIL: dict[str, dict[str, Any]] = {
    "service_provider": {"customer": "ALPHA", "description": "x", "enable_notifications": False, "image": "red.png"},
    "user_role": {"service_provider": "ALPHA", "user": "member1", "role": "CUSTOMER.MANAGER", "state": "absent"},
    "user_role list": {"service_provider": "ALPHA", "users": WHOLE["users"], "exclusive": True, "max_removals": 3},
    "offering_username": {"service_provider": "ALPHA", "usernames": [{"user": "member1", "username": "m1"}]},
    "api_secret_code": {"service_provider": "ALPHA", "state": "rotated", "fingerprint": "sha256:9f2c61aa01b7e3d4"},
    "desired_state": {"service_providers": [WHOLE], "max_removals": 3, "missing_users": "warn"},
}
CONNECTION_OPTIONS = st.dictionaries(st.sampled_from(sorted(CONNECTION)), VALUES, max_size=2)


@pytest.mark.parametrize("example", TASKS_TO_SPOIL)
@settings(max_examples=settings().max_examples // 3, phases=UNSHRUNK)
@given(data=st.data(), connection=CONNECTION_OPTIONS)
def test_spoiled_options_of_a_module_are_carried_out_or_refused_before_the_first_write(
    stage: Stage, example: str, data: st.DataObject, connection: dict[str, Any]
) -> None:
    name = example.partition(" ")[0]
    spoilt = {str(key): value for key, value in data.draw(spoiled(TASKS_TO_SPOIL[example])).items()}
    stage.sim.reset()
    messages, _result = read_error(lambda: run_as_a_task(stage, name, {**spoilt, **connection}, check=False))
    if messages:
        assert_clean(messages, *spec(WRITE_MODULES[name]), "Unsupported parameters for (waldur.provider.")
        assert stage.sim.counts().writes == 0
