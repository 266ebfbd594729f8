"""Many browsers in one process: HTTP/1.1 over asyncio, kept alive, as little work as can be beside the server's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

TOKEN = "a" * 32  # of the CSRF check: cookie and header have to be alike, no more; and what parts the fields of a form


@dataclass(frozen=True)
class Answer:
    """An HTTP answer and the seconds from the first byte sent to the last one read."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


@dataclass
class Browser:
    """One signed-in person's connection. A request that meets a closed connection is sent again on a new one."""

    port: int
    session: str
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, repr=False)

    async def get(self, page: str) -> Answer:
        return await self._send(self._request("GET", page))

    async def post(self, page: str, **form: Any) -> Answer:
        return await self._send(self._request("POST", page, urlencode(form).encode()))

    async def fetch(self, page: str, **fields: Any) -> Answer:
        """A POST as the room's script makes it, of a FormData."""
        parts = (
            f'--{TOKEN}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        body = f"{''.join(parts)}--{TOKEN}--\r\n".encode()
        return await self._send(self._request("POST", page, body, f"multipart/form-data; boundary={TOKEN}"))

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    def _request(
        self, method: str, page: str, body: bytes = b"", kind: str = "application/x-www-form-urlencoded"
    ) -> bytes:
        head = [
            f"{method} {page} HTTP/1.1",
            "Host: 127.0.0.1",
            "Accept: application/json",
            f"Cookie: sessionid={self.session}; csrftoken={TOKEN}",
        ]
        if method == "POST":
            head += [f"X-CSRFToken: {TOKEN}", f"Content-Length: {len(body)}"]
            head += [f"Content-Type: {kind}"]
        return "\r\n".join([*head, "", ""]).encode() + body

    async def _send(self, request: bytes) -> Answer:
        began = time.perf_counter()
        for last in (False, True):
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                return await self._exchange(*self._streams, request, began)
            except (OSError, asyncio.IncompleteReadError):
                self.close()
                if last:
                    raise
        raise AssertionError("not reached")

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, began: float
    ) -> Answer:
        writer.write(request)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines) if name}
        if headers.get("transfer-encoding") == "chunked":
            raise NotImplementedError("our pages have a length")
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return Answer(int(first.split()[1]), headers, body, time.perf_counter() - began)


async def at(begin: float, work: Coroutine[Any, Any, Any]) -> Any:
    """Do `work` at the moment `begin` of the event loop's clock."""
    await asyncio.sleep(max(0.0, begin - asyncio.get_running_loop().time()))
    return await work


def spread(works: Iterable[Coroutine[Any, Any, Any]], seconds: float) -> asyncio.Future[list[Any]]:
    """All of `works`, begun evenly within `seconds`."""
    now, pending = asyncio.get_running_loop().time(), list(works)
    return asyncio.gather(*(at(now + seconds * n / len(pending), work) for n, work in enumerate(pending)))


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
