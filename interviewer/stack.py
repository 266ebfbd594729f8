"""Run the whole program on one machine: broker, worker, sweeper and web, each a process of its own, until Ctrl-C.

A process that dies is started again; a runner that is killed takes its processes with it (on Linux).
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.conf import settings

RESTART_SECONDS = 2.0
STOP_SECONDS = 15.0
BROKER_STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


def commands(host: str, port: int) -> dict[str, list[str]]:
    """Name → command line of every process, in the order in which they start."""
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    # Valid for one machine that is the operator's own; Celery's warning about root would only be noise here.
    quiet = ["-W", "ignore:You're running the worker"]
    celery = [sys.executable, *quiet, "-m", "celery", "--quiet", "-A", "interviewer", "worker", "--pool", "threads"]
    gunicorn = [sys.executable, "-m", "gunicorn", "interviewer.wsgi", "--bind", f"{host}:{port}"]
    broker = {"broker": [*manage, "broker"]} if settings.BROKER_IS_EMBEDDED else {}
    return {
        **broker,
        "worker": [*celery, "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
        "sweeper": [*manage, "sweep"],
        "web": [*gunicorn, "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--log-level", "warning"],
    }


def port_is_taken(host: str, port: int) -> bool:
    """Whether something listens there already."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def wait_until_up(address: str, seconds: float) -> bool:
    """Whether a page at `address` answers within `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 (our own address)
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.2)
    return False


def _end_with_parent() -> None:
    """In a new child: ask Linux for SIGTERM when the runner dies. Elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Stack:
    """The processes, their output with a name before each line, and their end."""

    commands: dict[str, list[str]]
    out: IO[str] = field(default_factory=lambda: sys.stdout)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    stopping: bool = False

    def start(self, name: str) -> None:
        """Start one process in a session of its own: Ctrl-C reaches the runner alone, which ends all in order."""
        process = subprocess.Popen(
            self.commands[name],
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        self.processes[name] = process
        threading.Thread(target=self._relay, args=(name, process), daemon=True).start()

    def _relay(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.say(name, line.rstrip())

    def say(self, name: str, line: str) -> None:
        """Print one line under a process's name."""
        print(f"{name:>8} | {line}", file=self.out, flush=True)

    def run(self, started: Callable[[], None]) -> None:
        """Start everything, call `started`, then keep it alive until a signal asks for the end."""
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)
        for name in self.commands:
            self.start(name)
            if name == "broker":
                wait_for_file(settings.BROKER_SOCKET, 10)
        threading.Thread(target=started, daemon=True).start()
        while not self.stopping:
            time.sleep(0.2)
            self._restart_dead()
        self.stop()

    def _on_signal(self, signum: int, frame: object) -> None:
        self.stopping = True

    def _restart_dead(self) -> None:
        for name, process in list(self.processes.items()):
            if process.poll() is not None and not self.stopping:
                self.say(name, f"ended ({process.returncode}); starting it again")
                time.sleep(RESTART_SECONDS)
                self.start(name)

    def stop(self) -> None:
        """End every process and wait; the broker last, which a worker needs to finish what it has in hand."""
        self._end([process for name, process in self.processes.items() if name != "broker"], STOP_SECONDS)
        self._end([process for name, process in self.processes.items() if name == "broker"], BROKER_STOP_SECONDS)

    def _end(self, processes: list[subprocess.Popen[str]], seconds: float) -> None:
        """End processes, the first started first, and wait; kill what does not listen."""
        until = time.monotonic() + seconds
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_for_file(path: Path, seconds: float) -> bool:
    """Whether `path` exists within `seconds`."""
    until = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return path.exists()
