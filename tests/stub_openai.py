"""A real HTTP server that speaks /v1/chat/completions, well or badly. For tests, trials and load runs; no model.

    with StubOpenAI() as stub:                 # or: python tests/stub_openai.py PORT [LATENCY]
        stub.misbehave("429", retry_after=3)   # the next request only; then it behaves again

Unscripted, it fills the JSON schema it was sent: each key point is "met" by the clause that shares most pairs of
characters with it. `stub.requests` holds the body of every request, `stub.headers` its headers.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import struct
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MET = {"pitfall": 0.8}  # share of a point's pairs of characters, by kind of point
MET_ORDINARILY = 0.3
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
DATA = re.compile(r"⟦(\w+)⟧\n(.*?)\n⟦\1⟧", re.DOTALL)


class StubOpenAI:
    """The server, on 127.0.0.1 and a free port unless told otherwise; `latency` is in seconds per reply."""

    def __init__(self, port: int = 0, latency: float = 0.0) -> None:
        self.latency = latency
        self.script: deque[tuple[str, dict[str, Any]]] = deque()
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.clients: list[tuple[str, int]] = []  # address and port that each request came from
        self.refused_formats: set[str] = set()
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.stub = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def misbehave(self, fault: str, times: int = 1, **options: Any) -> StubOpenAI:
        """Answer the next `times` requests with `fault`: the name of a `fault_…` method below, or a status code."""
        self.script.extend([(fault, options)] * times)
        return self

    def say(self, content: Any, times: int = 1, **choice: Any) -> StubOpenAI:
        """Answer the next `times` requests with this message content, dumped to JSON unless it is a string."""
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        return self.misbehave("content", times, text=text, **choice)

    def __enter__(self) -> StubOpenAI:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    stub: StubOpenAI

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits 40 ms for the headers to be acknowledged
    server: _Server

    def do_POST(self) -> None:
        stub = self.server.stub
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        stub.requests.append(body)
        stub.headers.append(dict(self.headers))
        stub.clients.append(self.client_address)
        fault, options = stub.script.popleft() if stub.script else ("", {})
        time.sleep(stub.latency)
        if fault.isdigit():
            self.status(int(fault), **options)
        elif fault:
            getattr(self, f"fault_{fault}")(**options)
        elif body.get("response_format", {}).get("type", "") in stub.refused_formats:
            self.status(400, error=f"response_format {body['response_format']['type']} is not supported")
        else:
            self.completion(json.dumps(well_behaved(body), ensure_ascii=False))

    def completion(self, text: Any, finish_reason: str = "stop", usage: Any = USAGE, **message: Any) -> None:
        choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}}
        choice["message"].update(message)
        self.send(200, json.dumps({"id": "stub", "model": "stub", "choices": [choice], "usage": usage}))

    def status(self, code: int, retry_after: Any = None, error: str = "scripted", **headers: str) -> None:
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        self.send(code, json.dumps({"error": {"message": error}}), **headers)

    def send(self, code: int, body: str | bytes, content_type: str = "application/json", **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(code)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def fault_content(self, text: Any, **choice: Any) -> None:
        self.completion(text, **choice)

    def fault_hang(self) -> None:
        self.server.stub.released.wait(60)

    def fault_drip(self, headers: bool = False) -> None:
        """One byte every tenth of a second, of the body or already of the headers, without an end."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: " if headers else b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.server.stub.released.wait(0.1):
            self.wfile.write(b"x")
            self.wfile.flush()

    def fault_reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())  # close() would wait for the files that share the socket

    def fault_nothing(self) -> None:
        self.send(200, "")

    def fault_html(self) -> None:
        self.send(200, "<html><body>Welcome to the hotel's wireless network</body></html>", "text/html")

    def fault_truncated(self) -> None:
        self.send(200, '{"id": "stub", "choices": [{"message": {"content": "{')

    def fault_huge(self, size: int = 10_000_000) -> None:
        self.completion("x" * size)

    def log_message(self, *args: object) -> None:
        pass


def well_behaved(body: dict[str, Any]) -> dict[str, Any]:
    """A reply that fits the request: a grading when the messages hold one, else the schema filled with its firsts."""
    shown = (DATA.findall(str(message["content"])) for message in body["messages"][::-1])
    data: dict[str, Any] = {}
    for _nonce, block in next(filter(None, shown), ()):
        data |= json.loads(block)
    if "key_points" not in data:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        return _filled(schema, {}) if schema else {"score": 5, "reason": "Stub."}
    judged = {key: _judged(point, data["answer"]) for key, point in data["key_points"].items()}
    return {**judged, "feedback": {"good": "Stub: good.", "missing": "Stub: missing.", "next": "Stub: next."}}


def _judged(point: dict[str, str], answer: dict[str, str]) -> dict[str, str]:
    wanted = _pairs(point["text"])
    shares = {label: len(wanted & _pairs(text)) / max(1, len(wanted)) for label, text in answer.items()}
    best = max(shares, key=lambda label: shares[label], default="none")
    together = len(wanted & set[str]().union(*map(_pairs, answer.values()))) / max(1, len(wanted))
    if together < MET.get(point["kind"], MET_ORDINARILY):
        return {"reason": "Stub: not there.", "clause": "none", "verdict": "missing"}
    return {"reason": "Stub: there.", "clause": best, "verdict": "met"}


def _pairs(text: str) -> set[str]:
    letters = re.sub(r"\W+", "", text.lower())
    return {letters[i : i + 2] for i in range(len(letters) - 1)}


def _filled(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    definitions = schema.get("$defs", definitions)
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: _filled(part, definitions) for name, part in schema["properties"].items()}
    return {"array": [], "boolean": False, "integer": 0, "number": 0}.get(schema.get("type", ""), "Stub.")


if __name__ == "__main__":
    with StubOpenAI(int(sys.argv[1]), float((sys.argv[2:] or [0])[0])) as running:
        print(running.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
