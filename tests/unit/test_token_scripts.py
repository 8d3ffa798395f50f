# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of the guide that print a token, run with real curl and jq against a server in place of the others."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from guide_runner import GUIDES_FOLDER, File, parse_guide

from ansible_collections.waldur.provider.plugins.module_utils._common.errors import InvalidInput
from ansible_collections.waldur.provider.plugins.module_utils._http.connection_options import read_token

TOKEN, LOGIN, ID_TOKEN = "waldur-" * 6, "hvs-login-token", "id-token-of-the-job"
CLIENT_SECRET = "p&ss=w+rd %"
SCRIPTS = [
    step
    for step in parse_guide("connection", (GUIDES_FOLDER / "guide_connection.rst").read_text(encoding="utf-8")).steps
    if isinstance(step, File) and step.path.startswith("scripts/")
]

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="the scripts need curl and jq"
)


class Services(ThreadingHTTPServer):
    """Vault, an identity provider, and the ID tokens of GitHub; each answers only what it would accept."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, target: str, headers: Mapping[str, str], body: str) -> dict[str, Any] | None:
        """The answer to a request; None where it is rejected."""
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if path == "/v1/auth/jwt/login" and json.loads(body) == {"role": "waldur", "jwt": ID_TOKEN}:
            return {"auth": {"client_token": LOGIN, "policies": ["waldur"]}}
        if path == "/v1/secret/data/waldur" and headers.get("X-Vault-Token") == LOGIN:
            return {"data": {"data": {"token": TOKEN}, "metadata": {"version": 3}}}
        if path == "/github" and headers.get("Authorization") == "bearer request-token":
            return {"value": ID_TOKEN} if query["audience"] == [self.url] else None
        expected = {"grant_type": ["client_credentials"], "client_id": ["ci"], "client_secret": [CLIENT_SECRET]}
        if path == "/token" and parse_qs(body) == expected:
            return {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300}
        return None


class Handler(BaseHTTPRequestHandler):
    """Answers with what ``Services.answer`` returns."""

    def do_GET(self) -> None:
        """Answer a request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        found = self.server.answer(self.path, self.headers, body)  # type: ignore[attr-defined]
        content = json.dumps(found or {"errors": ["permission denied"]}).encode()
        self.send_response(200 if found else 403)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing on the terminal."""


@pytest.fixture
def services() -> Iterator[Services]:
    with Services(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def token_of(script: str, folder: Path, services: Services, **changed: str) -> str:
    for step in SCRIPTS:
        (folder / Path(step.path).name).write_text(step.text)
    environment = {
        "PATH": os.environ["PATH"],
        "VAULT_ADDR": services.url,
        "VAULT_ROLE": "waldur",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{services.url}/github?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        "OIDC_TOKEN_URL": f"{services.url}/token",
        "OIDC_CLIENT_ID": "ci",
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        **changed,
    }
    return str(read_token({"token_command": ["sh", str(folder / script)]}, environment)["access_token"])


def test_vault_gives_the_token_for_an_id_token_as_gitlab_sets_it(tmp_path: Path, services: Services) -> None:
    assert token_of("vault-token.sh", tmp_path, services, VAULT_ID_TOKEN=ID_TOKEN) == TOKEN


def test_vault_gives_the_token_for_an_id_token_of_github(tmp_path: Path, services: Services) -> None:
    assert token_of("github-token.sh", tmp_path, services) == TOKEN


def test_an_identity_provider_gives_the_token_for_client_credentials(tmp_path: Path, services: Services) -> None:
    assert token_of("oidc-token.sh", tmp_path, services) == TOKEN


@pytest.mark.parametrize(
    ("script", "wrong"),
    [
        ("vault-token.sh", {"VAULT_ID_TOKEN": "another-id-token"}),
        ("github-token.sh", {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another-request-token"}),
        ("oidc-token.sh", {"OIDC_CLIENT_SECRET": "another-secret"}),
    ],
)
def test_a_rejected_login_is_an_error_without_a_secret(
    tmp_path: Path, services: Services, script: str, wrong: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput) as raised:
        token_of(script, tmp_path, services, **wrong)
    assert "'sh' failed with exit status" in raised.value.message
    assert "403" in raised.value.message
    assert not [secret for secret in (*wrong.values(), LOGIN, ID_TOKEN) if secret in raised.value.message]


def test_every_script_of_the_guide_is_run_here() -> None:
    assert [step.path for step in SCRIPTS] == [f"scripts/{name}-token.sh" for name in ("vault", "github", "oidc")]
