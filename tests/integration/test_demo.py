# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo as people run it, and the example that it plays with."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from simulator_process import Simulator

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROVIDERS = ROOT / "examples/providers.yml"


@pytest.fixture
def waldur() -> Iterator[Simulator]:
    with Simulator.start() as simulator:
        yield simulator


def run_demo(folder: pathlib.Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the demo from *folder*, with *settings* as all that the environment says of any Waldur."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WALDUR_", "DEMO_"))}
    command = [sys.executable, str(ROOT / "examples/demo/run.py")]
    return subprocess.run(
        command,
        cwd=folder,
        env={**kept, **settings},
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )


def connection(waldur: Simulator) -> dict[str, str]:
    return {"WALDUR_API_URL": waldur.url, "WALDUR_ACCESS_TOKEN": waldur.tokens["staff"]}


def fetch(waldur: Simulator, path: str) -> Any:
    headers = {"Authorization": f"Token {waldur.tokens['staff']}"}
    request = urllib.request.Request(f"{waldur.url}/api/marketplace-service-providers/{path}", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)


def test_the_demo_succeeds_and_prints_no_token(tmp_path: pathlib.Path, waldur: Simulator) -> None:
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^== (\d)\.", done.stdout, re.MULTILINE) == list("1234567")
    assert re.findall(r"ok=2 +changed=(\d)", done.stdout) == ["1", "1", "0", "1"]
    assert "21 changes made" in done.stdout
    assert "the 3 manual changes" in done.stdout
    assert "WARNING" not in done.stdout
    # The plan for people is shown, and the report is named by its path.
    assert "| **3 changes** on 1 service provider" in done.stdout
    [report] = re.findall(r"Open the report in a browser: (\S+)", done.stdout)
    assert "<h1><bdi>Alpha Cloud Ltd</bdi></h1>" in (ROOT / report).read_text(encoding="utf-8")
    # The tokens of a world are the same in every simulator.
    assert not [token for token in waldur.tokens.values() if token in done.stdout + done.stderr]


def test_against_a_named_waldur_the_demo_plans_and_writes_nothing(tmp_path: pathlib.Path, waldur: Simulator) -> None:
    done = run_demo(tmp_path, **connection(waldur))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"The plan against {waldur.url}" in done.stdout
    assert "The document is examples/providers.yml." in done.stdout
    assert "Planned changes: 21. Nothing was written." in done.stdout
    assert waldur.counts().writes == 0
    assert waldur.tokens["staff"] not in done.stdout + done.stderr


def test_the_demo_plans_the_document_that_is_named(tmp_path: pathlib.Path, waldur: Simulator) -> None:
    document = {"service_providers": [{"customer": "BETA", "description": "Ours"}]}
    (tmp_path / "our providers.yml").write_text(json.dumps(document))
    done = run_demo(tmp_path, DEMO_PROVIDERS="our providers.yml", **connection(waldur))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+Beta HPC Centre: description: Ours" in done.stdout
    assert "Planned changes: 1." in done.stdout
    assert waldur.counts().writes == 0


def test_a_waldur_without_the_customers_of_the_document_is_reported_in_one_sentence(
    tmp_path: pathlib.Path, waldur: Simulator
) -> None:
    waldur.change("Customer", {"name": "Alpha Cloud Ltd"}, {"name": "Another", "abbreviation": "", "slug": "another"})
    done = run_demo(tmp_path, **connection(waldur))
    assert done.returncode == 1
    assert "Alpha Cloud Ltd" in done.stdout
    assert "The demo failed. examples/providers.yml could not be planned" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert waldur.counts().writes == 0


def test_the_fingerprint_in_the_example_is_that_of_the_present_code_in_the_recorded_world(waldur: Simulator) -> None:
    document = yaml.safe_load(PROVIDERS.read_text(encoding="utf-8"))
    [beta] = [entry for entry in document["service_providers"] if entry["customer"] == "Beta HPC Centre"]
    [row] = [row for row in fetch(waldur, "?page_size=300") if row["customer_name"] == "Beta HPC Centre"]
    code = fetch(waldur, f"{row['uuid']}/api_secret_code/")["api_secret_code"]
    assert beta["api_secret_code"]["fingerprint"] == f"sha256:{hashlib.sha256(code.encode()).hexdigest()[:16]}"
