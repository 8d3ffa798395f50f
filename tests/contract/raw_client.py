# SPDX-License-Identifier: GPL-3.0-or-later
"""Send recorded requests unchanged: other clients would normalize a path or add a header."""

from __future__ import annotations

import http.client
import io
import json
import re
from typing import Any
from urllib.parse import quote

from PIL import Image
from urllib3.filepost import encode_multipart_formdata

from simulator_process import Simulator

from .recordings import RECORDED_HOST, Answer, Exchange
from .value_matching import ValueMatching

_DESCRIBED = re.compile(r"\(\d+ bytes, multipart; fields: (?P<names>.*)\)")
_PICTURE = re.compile(r"an? (?P<width>\d+)x(?P<height>\d+) PNG, (?P<colour>\w+)")
_TOKEN = re.compile(r"<token:(\w+)>")


class RawClient:
    """One kept connection to *simulator*, which speaks in the recorded server's URLs and names of tokens."""

    def __init__(self, simulator: Simulator, matching: ValueMatching) -> None:
        self._simulator = simulator
        self._matching = matching
        self._connection = http.client.HTTPConnection(simulator.url.removeprefix("http://"), timeout=60)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def send(self, exchange: Exchange) -> Answer:
        """What the simulator answers; raises ``OSError`` or ``HTTPException`` where it does not."""
        headers = self._headers(exchange.line)
        body = self._body(exchange, headers)
        self._connection.putrequest(exchange.method, self._ours(exchange.path), skip_accept_encoding=True)
        for name, value in headers.items():
            self._connection.putheader(name, value)
        try:
            self._connection.endheaders(body)
            return self._read(self._connection.getresponse())
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise

    def _ours(self, text: str) -> str:
        text = _TOKEN.sub(lambda match: self._simulator.token(match[1]), self._matching.ours(text))
        return text.replace(RECORDED_HOST, self._simulator.url)

    def _theirs(self, text: str) -> str:
        # A filter by URL comes back in Link, where it is quoted.
        text = text.replace(self._simulator.url, RECORDED_HOST).replace(
            quote(self._simulator.url), quote(RECORDED_HOST)
        )
        text = text.replace(quote(self._simulator.url, safe=""), quote(RECORDED_HOST, safe=""))
        for alias, token in self._simulator.tokens.items():
            text = text.replace(token, f"<token:{alias}>")
        return text

    def _headers(self, line: dict[str, Any]) -> dict[str, str]:
        known = {"Authorization": "authorization", "Accept-Language": "accept_language", "Content-Type": "content_type"}
        headers = {header: line[key] for header, key in known.items() if line.get(key) is not None}
        headers = {"Accept": line.get("accept", "*/*"), **headers, **line.get("headers", {})}
        return {name: self._ours(value) for name, value in headers.items()}

    def _body(self, exchange: Exchange, headers: dict[str, str]) -> bytes | None:
        # Sets the headers that follow from the body, too.
        written = exchange.line.get("body")
        if isinstance(written, str) and (described := _DESCRIBED.fullmatch(written)):
            fields = self._fields(exchange, described["names"].split(", "))
            body, headers["Content-Type"] = encode_multipart_formdata(fields)
        elif isinstance(written, str):
            if written.startswith("--"):
                boundary = written.partition("\r\n")[0].removeprefix("--")
                headers["Content-Type"] = f"{headers['Content-Type']}; boundary={boundary}"
            body = self._ours(written).encode()
        elif written is not None or headers.get("Content-Type") == "application/json":
            body = self._ours(json.dumps(written)).encode()
        else:
            return None
        headers["Content-Length"] = str(len(body))
        return body

    def _fields(self, exchange: Exchange, names: list[str]) -> dict[str, str | tuple[str, bytes, str]]:
        # The names end with the picture's field and file. What a text field held is in "form", or in what came back.
        *texts, field, file = names
        answered = exchange.answer.body if exchange.answer else {}
        values = {**answered, **exchange.line.get("form", {})}
        fields: dict[str, str | tuple[str, bytes, str]] = {name: self._ours(values[name]) for name in texts}
        return {**fields, field: (file, picture(exchange.line["image"]), "image/png")}

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        text = self._theirs(response.read().decode("utf-8", "replace"))
        headers = {name.lower(): self._theirs(value) for name, value in response.headers.items()}
        is_json = headers.get("content-type", "").startswith("application/json") and text
        return Answer(response.status, headers, json.loads(text) if is_json else text)


def picture(description: str) -> bytes:
    """A PNG such as ``a 4x4 PNG, red``; raises ``ValueError`` for any other sentence."""
    found = _PICTURE.fullmatch(description)
    if not found:
        raise ValueError(f"cannot draw {description!r}")
    file = io.BytesIO()
    Image.new("RGB", (int(found["width"]), int(found["height"])), found["colour"]).save(file, "PNG")
    return file.getvalue()
