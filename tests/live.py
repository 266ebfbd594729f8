"""The real program for tests: its own web, worker, sweeper and broker processes on a data folder of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings

from questions import bundled
from tests.inside import Inside
from tests.stub_openai import StubOpenAI

ROOT = Path(__file__).resolve().parent.parent
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "CELERY_BROKER_URL", "OMP_NUM_THREADS", "VIRTUAL_ENV")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first truthy answer of `true`, or a failed test that says what was waited for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := true():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def create_database(original: Live | None = None) -> str:
    """The address of a new database of the same kind as this test run's, a copy of `original`'s if given.

    "" on SQLite, whose database is a file in the data folder.
    """
    address = os.environ.get("DATABASE_URL", "")
    if not address.startswith("postgres"):
        return ""
    name = f"live_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(address, autocommit=True) as server:
        template = f" TEMPLATE {original.env['DATABASE_URL'].rsplit('/', 1)[1]}" if original else ""
        server.execute(f"CREATE DATABASE {name}{template}")
    return address.rsplit("/", 1)[0] + "/" + name


def drop_database(address: str) -> None:
    """Drop what `create_database` made."""
    if address:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
            server.execute(f"DROP DATABASE {address.rsplit('/', 1)[1]} WITH (FORCE)")


@dataclass
class Live:
    """A prepared program: its environment, its processes, and Python run inside it."""

    env: dict[str, str]
    data: Path
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    stub: StubOpenAI | None = None
    _inside: Inside | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *args: str) -> str:
        """Run `manage.py` with `args`; its standard output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *args], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, code: str) -> str:
        """Run Python inside the program (models and verbs imported); its standard output."""
        if self._inside is None or self._inside.env != self.env:
            self._forget_inside()
            self._inside = Inside(self.env)
        return self._inside.run(code).strip()

    def session(self, name: str) -> dict[str, str]:
        """The cookie of a browser in which `name` is signed in, as Playwright's `add_cookies` takes it."""
        code = "from django.test import Client\nclient = Client()\n"
        code += f"client.force_login(User.objects.get(username={name!r}))\nprint(client.cookies['sessionid'].value)"
        return {"name": "sessionid", "value": self.python(code), "url": self.url}

    def _forget_inside(self) -> None:
        if self._inside:
            self._inside.close()
        self._inside = None

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a process of the program, its output in the data folder's log."""
        log = open(self.data / "log.txt", "ab")  # noqa: SIM115 (closed with the process)
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
        )
        self.processes.append(process)
        return process

    def run(self) -> None:
        """Start everything, as `make run` does, and wait for the web to answer."""
        from interviewer import stack

        self.start("manage.py", "run", "--port", str(self.port))
        assert stack.wait_until_up(self.url + "/login/", 120), self.log()

    def web(self, application: str = "interviewer.wsgi", workers: int = 1) -> subprocess.Popen[bytes]:
        """Start the web processes alone, and wait for them to answer."""
        from interviewer import stack

        size = ("--workers", str(workers), "--threads", "8")
        web = self.start("-m", "gunicorn", application, "--bind", f"127.0.0.1:{self.port}", *size)
        assert stack.wait_until_up(self.url + "/login/", 60), self.log()
        return web

    def worker(self, pool: str = "threads") -> subprocess.Popen[bytes]:
        """Start a worker alone."""
        return self.start("-m", "celery", "-A", "interviewer", "worker", "--pool", pool, "--loglevel", "INFO")

    def broker(self) -> subprocess.Popen[bytes] | None:
        """Start the embedded broker; None where another one is configured."""
        return None if "CELERY_BROKER_URL" in self.env else self.start("manage.py", "broker")

    def log(self) -> str:
        path = self.data / "log.txt"
        return path.read_text(errors="replace")[-8000:] if path.exists() else ""

    def stop(self) -> None:
        """End every process of the program; its data stays."""
        self._forget_inside()
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def at(data: Path, address: str, **env: str) -> Live:
    """The program on this data folder and database."""
    base = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    base |= {"DATA_DIR": str(data), "TIME_ZONE": settings.TIME_ZONE}
    if address:
        base["DATABASE_URL"] = address
    return Live({**base, **env}, data, free_port())


def fill(data: Path, original: Live | None) -> None:
    """Copy `original`'s data into an empty folder; without one, link to the model, unpacked once for all programs."""
    model = bundled.ensure()
    if original:
        shutil.copytree(original.data, data, symlinks=True, dirs_exist_ok=True)
    else:
        (data / "models").mkdir()
        (data / "models" / model.name).symlink_to(model)


@contextmanager
def program(original: Live | None = None, **env: str) -> Iterator[Live]:
    """A program on a data folder and database of its own: empty, or a copy of `original`; removed afterwards."""
    data = Path(tempfile.mkdtemp(prefix="live-"))
    fill(data, original)
    address = create_database(original)
    live = at(data, address, **env)
    try:
        yield live
    finally:
        live.stop()
        print(live.log())  # pytest shows it when the test failed
        drop_database(address)
        shutil.rmtree(data, ignore_errors=True)
