"""An HTTP client that keeps a deadline for a whole exchange, and a limit on the size of what comes back.

httpx2's timeouts are per read, so a server that sends one byte a second is never late. Here every read and write of
the network stream consults the budget of the thread it runs in.
"""

from __future__ import annotations

import dataclasses
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

MOST_BYTES = 2_000_000


@dataclasses.dataclass
class Budget:
    """What the exchange under way may still use: time on the monotonic clock, and bytes of reply, headers included."""

    deadline: float
    bytes_left: int = MOST_BYTES

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()


_budget: ContextVar[Budget] = ContextVar("http_budget")


@contextmanager
def budget(seconds: float) -> Iterator[Budget]:
    """Everything a client of this module does inside the block ends within `seconds`, with a ReadTimeout at worst."""
    given = Budget(time.monotonic() + seconds)
    token = _budget.set(given)
    try:
        yield given
    finally:
        _budget.reset(token)


def client(url: str) -> Any:
    """An httpx2.Client for the server at `url`, to be shared by threads: no redirects, the environment's proxy."""
    import httpcore2
    import httpx2

    backend, trusted, proxy = _ClockedBackend(httpcore2.SyncBackend()), httpx2.create_ssl_context(), _proxy(url)

    def pool() -> Any:
        return httpcore2.ConnectionPool(
            ssl_context=trusted,
            proxy=proxy,
            keepalive_expiry=5.0,
            network_backend=backend,  # type: ignore[arg-type]  # by its methods
        )

    transport = httpx2.HTTPTransport(verify=trusted)
    # httpx2 has no public way to hand over a network backend; the drip test fails should this name ever change.
    transport._pool = _PoolOfThread(pool)  # type: ignore[assignment]  # by its methods
    # trust_env would also read passwords from ~/.netrc.
    return httpx2.Client(transport=transport, follow_redirects=False, trust_env=False)


class _PoolOfThread:
    """A connection pool for each thread that asks, closed with its thread.

    One pool for all would be locked while it looks at every idle connection, at the start and at the end of each
    exchange: of 64 threads most then wait for that lock.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._local = threading.local()

    def handle_request(self, request: Any) -> Any:
        if not hasattr(self._local, "pool"):
            self._local.pool = self._make()
        return self._local.pool.handle_request(request)

    def close(self) -> None:
        self._local = threading.local()


def _proxy(url: str) -> Any:
    """The proxy that the environment (HTTPS_PROXY, NO_PROXY …) names for the server, or None."""
    import httpcore2
    import httpx2

    parts = urllib.parse.urlsplit(url)
    named = urllib.request.getproxies()
    address = named.get(parts.scheme) or named.get("all")
    if not address or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    proxy = httpx2.Proxy(address if "://" in address else f"http://{address}")
    return httpcore2.Proxy(str(proxy.url), auth=proxy.raw_auth, headers=proxy.headers.raw)


class _ClockedBackend:
    """A network backend whose streams are clocked. A timeout per read is no deadline: a drip resets it each time."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _ClockedStream:
        return _ClockedStream(self._inner.connect_tcp(host, port, timeout=_shortened(timeout), **options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _ClockedStream:
    """A network stream that stops at the deadline and at the size limit of whoever reads it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        import httpcore2

        data = self._inner.read(max_bytes, _shortened(timeout))
        budget = _budget.get()
        budget.bytes_left -= len(data)
        if budget.bytes_left < 0:
            raise httpcore2.ReadError
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _shortened(timeout))

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        return _ClockedStream(self._inner.start_tls(ssl_context, server_hostname, _shortened(timeout)))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _shortened(timeout: float | None) -> float:
    import httpcore2

    left = _budget.get().seconds_left()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left if timeout is None else min(timeout, left)
