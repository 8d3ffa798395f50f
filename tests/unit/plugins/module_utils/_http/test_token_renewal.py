# SPDX-License-Identifier: GPL-3.0-or-later
"""A token that expires while a client uses it: it is read again once, and the rejected request is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from messages import message

from ansible_collections.waldur.provider.plugins.module_utils import _context
from ansible_collections.waldur.provider.plugins.module_utils._common import errors
from ansible_collections.waldur.provider.plugins.module_utils._common.redaction import Redactor
from ansible_collections.waldur.provider.plugins.module_utils._http import token_sources
from ansible_collections.waldur.provider.plugins.module_utils._http.client import Client
from ansible_collections.waldur.provider.plugins.module_utils._http.connection import Connection
from ansible_collections.waldur.provider.plugins.module_utils._http.credential import Credential
from ansible_collections.waldur.provider.plugins.module_utils._http.token_sources import TokenCommand, TokenFile
from simulator_process import Simulator

from ...helpers.scripted_server import Answer, ScriptedServer

OLD, NEW = "old-" * 10, "new-" * 10
UUID = "e182aaedb6ae4541956a3c14629abc02"
GRANT = {"role": UUID, "user": UUID}
EXPIRED = Answer(401, {"detail": "Token has expired."}, {"WWW-Authenticate": "Token"})
ME = Answer(body={"uuid": UUID})


@pytest.fixture(autouse=True)
def _forget_tokens() -> Iterator[None]:
    _context.CLIENTS.clear()
    yield
    _context.CLIENTS.clear()
    token_sources.forget_tokens()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(OLD)
    return path


def client_of(url: str, path: Path, **options: Any) -> Client:
    return Client(Connection(url, "", timeout=2.0, retries=0, token_source=TokenFile(str(path)), **options))


def authorizations(server: ScriptedServer) -> list[str]:
    return [headers["Authorization"] for _method, _path, headers in server.requests]


def test_a_read_is_repeated_with_the_new_token(token_file: Path) -> None:
    with ScriptedServer(ME, EXPIRED, ME) as server:
        client = client_of(server.url, token_file)
        client.get("me")
        token_file.write_text(NEW)
        assert client.get("me") == ME.body
        client.get("me")
    assert authorizations(server) == [f"Token {token}" for token in (OLD, OLD, NEW, NEW)]


def test_a_write_is_repeated_too_as_a_rejected_one_did_nothing_and_counts_once(token_file: Path) -> None:
    with ScriptedServer(EXPIRED, Answer(201, {"uuid": UUID})) as server:
        client = client_of(server.url, token_file)
        token_file.write_text(NEW)
        client.write("add_user", UUID, body=GRANT)
    assert [method for method, _path, _headers in server.requests] == ["POST", "POST"]
    assert authorizations(server) == [f"Token {OLD}", f"Token {NEW}"]
    assert client.writes_sent == 1


def test_an_upload_is_repeated_whole(token_file: Path) -> None:
    with ScriptedServer(EXPIRED, ME) as server:
        client = client_of(server.url, token_file)
        token_file.write_text(NEW)
        client.write("partial_update", UUID, files={"image": ("a.png", b"content", "image/png")})
    lengths = [headers["Content-Length"] for _method, _path, headers in server.requests]
    assert len(lengths) == 2
    assert lengths[0] == lengths[1]


def test_an_image_below_the_api_is_downloaded_with_the_new_token(token_file: Path) -> None:
    with ScriptedServer(EXPIRED, Answer(body=b"image", content_type="image/png")) as server:
        client = client_of(server.url, token_file)
        token_file.write_text(NEW)
        assert client.download(f"{server.url}/api/media/x/") == b"image"
    assert authorizations(server) == [f"Token {OLD}", f"Token {NEW}"]


def test_the_new_token_is_masked_too(token_file: Path) -> None:
    with ScriptedServer(EXPIRED, Answer(400, {"detail": f"{OLD} {NEW}"})) as server:
        client = client_of(server.url, token_file)
        token_file.write_text(NEW)
        with pytest.raises(errors.ErrorResponse) as raised:
            client.get("me")
    assert OLD not in raised.value.message
    assert NEW not in raised.value.message
    assert {OLD, NEW} <= client.redactor.secrets


def refusal(client: Client) -> str:
    with pytest.raises(errors.Unauthorized) as raised:
        client.get("me")
    return raised.value.message


def rejected(option: str) -> str:
    remedy = message("remedy_renewed_token", option=option)
    return message(
        "request_rejected",
        request="look up the token's own user",
        status=401,
        reason="Token has expired.",
        remedy=remedy,
    )


def test_a_second_rejection_is_the_error(token_file: Path) -> None:
    with ScriptedServer(EXPIRED) as server:
        client = client_of(server.url, token_file)
        token_file.write_text(NEW)
        assert refusal(client) == rejected("token_file")
    assert len(server.requests) == 2


def test_the_same_token_is_not_sent_again(token_file: Path) -> None:
    with ScriptedServer(EXPIRED) as server:
        told = refusal(client_of(server.url, token_file))
    assert told == " ".join([rejected("token_file"), message("token_unchanged")])
    assert len(server.requests) == 1


def test_a_token_that_can_not_be_read_again_is_the_cause(token_file: Path) -> None:
    with ScriptedServer(EXPIRED) as server:
        client = client_of(server.url, token_file)
        token_file.write_text("")
        told = refusal(client)
    reason = message("token_empty", option="token_file", place=token_file)
    assert told == " ".join([rejected("token_file"), message("token_not_renewed", reason=reason)])
    assert len(server.requests) == 1


def test_a_token_of_the_option_itself_is_rejected_as_before() -> None:
    with ScriptedServer(EXPIRED) as server:
        told = refusal(Client(Connection(server.url, OLD, retries=0)))
    assert told.endswith(message("remedy_token"))
    assert len(server.requests) == 1


def test_a_write_that_may_have_arrived_before_the_rejection_is_not_repeated(token_file: Path) -> None:
    with ScriptedServer(Answer(reset=True), EXPIRED, ME) as server:
        source = TokenFile(str(token_file))
        client = Client(Connection(server.url, "", timeout=2.0, retries=1, token_source=source))
        token_file.write_text(NEW)
        with pytest.raises(errors.OutcomeUnknown):
            client.write("partial_update", UUID, body={"description": "x"})
    assert len(server.requests) == 2


def test_a_write_in_check_mode_reads_no_token_again(token_file: Path) -> None:
    with ScriptedServer(EXPIRED) as server:
        client = client_of(server.url, token_file).read_only()
        with pytest.raises(errors.WriteInCheckMode):
            client.write("add_user", UUID, body=GRANT)
    assert server.requests == []


# --- against the simulator -------------------------------------------------------------------------------------------


def command_of(*tokens: str, folder: Path) -> TokenCommand:
    """Return a command that prints these tokens, one for each run; each run is a line of ``runs``."""
    (folder / "tokens").write_text("".join(f"{token}\n" for token in tokens))
    script = f"echo x >> {folder}/runs; sed -n $(wc -l < {folder}/runs)p {folder}/tokens"
    return TokenCommand(("sh", "-c", script), {"PATH": "/usr/bin:/bin"})


def test_parallel_requests_renew_the_token_once(sim: Simulator, tmp_path: Path) -> None:
    first, second = sim.token("staff"), sim.token("owner")
    client = Client(Connection(sim.url, "", retries=0, token_source=command_of(first, second, folder=tmp_path)))
    client.get("me")
    sim.expire_token(first)
    with ThreadPoolExecutor(8) as pool:
        names = {row["username"] for row in pool.map(lambda _number: client.get("me"), range(24))}
    assert names == {"owner"}
    assert len((tmp_path / "runs").read_text().splitlines()) == 2


def test_requests_that_were_rejected_together_run_a_command_that_prints_the_same_token_only_once(
    tmp_path: Path,
) -> None:
    source = command_of(OLD, OLD, OLD, folder=tmp_path)
    credential = Credential(Connection("http://127.0.0.1:9", "", token_source=source), Redactor())
    for _request in range(2):
        with pytest.raises(errors.Unauthorized, match=r"^Rejected"):
            credential.renew(OLD, 0, errors.Unauthorized("Rejected.", 401))
    assert len((tmp_path / "runs").read_text().splitlines()) == 2


def test_each_of_many_tokens_is_used_until_it_expires(sim: Simulator, tmp_path: Path) -> None:
    tokens = [sim.token(name) for name in ("owner", "member1", "manager_alpha", "staff")]
    client = Client(Connection(sim.url, "", retries=0, token_source=command_of(*tokens, folder=tmp_path)))
    for token in tokens[:-1]:
        sim.expire_token(token, after=3)
    sim.zero()
    names = [client.get("me")["username"] for _time in range(11)]
    assert names == ["owner"] * 3 + ["member1"] * 3 + ["manager_alpha"] * 3 + ["admin"] * 2
    assert sim.counts().requests == 14


# --- one client for one token ----------------------------------------------------------------------------------------


def test_tasks_share_a_client_until_the_token_in_the_file_changes(token_file: Path) -> None:
    connection = Connection("http://127.0.0.1:9", "", token_source=TokenFile(str(token_file)))
    first, _references = _context.get_client(connection)
    assert _context.get_client(connection)[0] is first
    token_file.write_text(NEW)
    assert _context.get_client(connection)[0] is not first
