# SPDX-License-Identifier: GPL-3.0-or-later
"""How recorded requests are sent, and what happens when they can't be."""

from __future__ import annotations

import io
import json
import pathlib
from typing import Any

import pytest
from PIL import Image

from simulator_process import Simulator

from .raw_client import picture
from .recordings import Exchange, load
from .replay import Result, describe, replay

OK = {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {}}
ME = {"name": "me", "authorization": "Token <token:staff>", "method": "GET", "path": "/api/users/me/", "answer": OK}


@pytest.fixture
def send(sim: Simulator, tmp_path: pathlib.Path) -> Any:
    """Replays lines, each with what differs from a question for the caller's own user; returns the results."""

    def answer(*lines: dict[str, Any]) -> list[Result]:
        file = tmp_path / "recordings.jsonl"
        file.write_text("\n".join(json.dumps({"seq": seq, **ME, **line}) for seq, line in enumerate(lines)))
        return replay(sim, load(file))

    return answer


def test_a_path_is_sent_as_it_was_written(send: Any, sim: Simulator) -> None:
    paths = ["/api//roles/../roles/?a=%2F&a=&b=%20", "/api/roles"]
    send(*({"path": path} for path in paths))
    assert [request["path"] for request in sim.requests()] == paths


def test_a_connection_that_breaks_is_a_disagreement_and_the_rest_goes_on(
    send: Any, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = sim.reset

    def begin_badly() -> None:
        begin()
        sim.fault(path="*/me/", drop="before")

    monkeypatch.setattr(sim, "reset", begin_badly)
    lost, kept = send({}, {"path": "/api/version/"})
    assert lost.ours is None
    assert "no answer" in describe(lost)
    assert kept.ours is not None


def test_a_line_without_an_answer_is_sent_but_not_judged(send: Any, sim: Simulator) -> None:
    assert not send({"answer": None})
    assert sim.counts().requests == 1


def test_what_nobody_knows_to_arrange_is_refused(send: Any) -> None:
    with pytest.raises(ValueError, match="cannot arrange 'the moon is full'"):
        send({"before": "the moon is full"})


def test_an_expired_token_is_arranged(send: Any) -> None:
    before = "token of rolefree2 expired (token_lifetime 60 s, last use one hour ago)"
    (result,) = send({"before": before, "authorization": "Token <token:rolefree2>"})
    assert result.ours.body == {"detail": "Token has expired."}


def test_a_form_with_a_picture_is_sent_as_one(send: Any) -> None:
    (result,) = send(
        {
            "method": "PATCH",
            "path": "/api/marketplace-service-providers/e182aaedb6ae4541956a3c14629abc02/",
            "content_type": "multipart/form-data",
            "body": "(1 bytes, multipart; fields: description, image, a.png)",
            "form": {"description": "pictured"},
            "image": "a 4x4 PNG, red",
        }
    )
    assert result.ours.body["description"] == "pictured"
    assert result.ours.body["image"]


def test_a_uuid_of_an_earlier_answer_is_replaced_by_ours_in_later_requests(send: Any) -> None:
    theirs = "ab" * 16
    create = {
        "method": "POST",
        "path": "/api/marketplace-service-providers/",
        "content_type": "application/json",
        "body": {"customer": "http://127.0.0.1:8000/api/customers/45a7411d101545d381584f905d569e1a/"},
        "answer": {**OK, "body": {"uuid": theirs}},
    }
    made, read = send(create, {"path": f"/api/marketplace-service-providers/{theirs}/"})
    assert read.ours.body["uuid"] == made.ours.body["uuid"]


def test_a_picture_is_drawn_as_described() -> None:
    image = Image.open(io.BytesIO(picture("a 4x3 PNG, green")))
    assert (image.format, image.size, image.getpixel((0, 0))) == ("PNG", (4, 3), (0, 128, 0))


def test_a_picture_that_is_described_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot draw 'a portrait'"):
        picture("a portrait")


def test_a_route_is_a_path_without_its_values() -> None:
    exchange = Exchange(1, "x", "GET", f"/api/roles/{'ab' * 16}/?page=2", False, {}, None)
    assert exchange.route == "GET /api/roles/{uuid}/"
