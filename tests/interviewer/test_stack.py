"""`manage.py run`: says in one sentence why it does not start, keeps its processes alive, and ends them all."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from interviewer import stack
from interviewer.management.commands.run import tcp_port
from tests.conftest import ROOT
from tests.live import free_port, wait_until

ENV = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def test_workers_give_way_to_the_web(tmp_path):
    """In a process of its own: what is given away does not come back."""
    code = (
        "import os, django; django.setup(); from celery.signals import worker_init; from interviewer import celery;"
        "worker_init.send(None); print(os.nice(0))"
    )
    env = {**ENV, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "interviewer.settings"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == str(os.nice(0) + 10), done.stderr


# --- Why it does not start --------------------------------------------------------------


def run(data: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "run", *args],
        cwd=ROOT,
        env={**ENV, "DATA_DIR": str(data), "DJANGO_COLORS": "nocolor"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server((host, 0)) as server:
        yield server.getsockname()[1]


def assert_one_sentence(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert done.returncode != 0
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    for part in parts:
        assert part in line


def test_a_port_that_is_taken_is_told_with_another_one(tmp_path):
    with listening() as port:
        assert_one_sentence(run(tmp_path, "--port", str(port)), str(port), f"make run PORT={port + 1}")
    assert not (tmp_path / "db.sqlite3").exists()  # nothing was prepared for it


def test_a_second_one_on_the_same_data_is_told_where_the_first_runs(tmp_path):
    with open(tmp_path / "run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_one_sentence(run(tmp_path, "--port", str(free_port())), str(tmp_path), "Ctrl-C")
    assert not (tmp_path / "db.sqlite3").exists()


def test_a_port_that_is_none_is_told(tmp_path):
    done = run(tmp_path, "--port=65536")
    assert done.returncode != 0
    assert "65536 is not a port" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["0", "-1", "65536", "http", "8000.5", "", "²", "9" * 30])
def test_ports_are_numbers_up_to_65535(text):
    with pytest.raises(ArgumentTypeError, match="is not a port"):
        tcp_port(text)
    assert (tcp_port("1"), tcp_port("65535")) == (1, 65535)


def test_a_free_port_is_not_taken():
    assert not stack.port_is_taken("127.0.0.1", free_port())


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_port_is_taken_by_whoever_listens_on_any_address(host):
    with listening(host) as port:
        assert stack.port_is_taken("127.0.0.1", port)
        assert stack.port_is_taken("0.0.0.0", port)


def test_the_embedded_broker_is_run_only_where_it_is_used(settings):
    settings.BROKER_IS_EMBEDDED = True
    assert list(stack.commands("127.0.0.1", 8000)) == ["broker", "worker", "sweeper", "web"]
    settings.BROKER_IS_EMBEDDED = False
    assert list(stack.commands("127.0.0.1", 8000)) == ["worker", "sweeper", "web"]


# --- Keeping alive, and the end --------------------------------------------------------------

RUNNER = """
import sys, django
django.setup()
from interviewer import stack
stack.RESTART_SECONDS = 0.05
stack.STOP_SECONDS = 1.0
commands = {name: [sys.executable, "-u", "-c", code] for name, code in zip(sys.argv[1::2], sys.argv[2::2])}
stack.Stack(commands).run(started=lambda: print("started", flush=True))
"""
STAYS = "import os, signal; print('pid', os.getpid()); signal.pause()"
ENDS = "import os; print('pid', os.getpid())"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAYS}"
NOISY = f"import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\n'); {STAYS}"


class Runner:
    """A stack of tiny processes in a process of its own, and the lines it has printed."""

    def __init__(self, data: Path, **commands: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, *(part for command in commands.items() for part in command)],
            cwd=ROOT,
            env={**ENV, "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "interviewer.settings"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def pids(self, name: str) -> list[int]:
        """The process ids that a process has printed, one each time it was started."""
        return [int(match[1]) for line in self.lines if (match := re.fullmatch(rf" *{name} \| pid (\d+)\n", line))]

    def wait_for(self, **starts: int) -> None:
        """Wait until each process was started that often."""
        wait_until(
            lambda: all(len(self.pids(name)) >= count for name, count in starts.items()), 30, f"{starts}: {self.lines}"
        )

    def end(self) -> None:
        """Leave nothing behind, not even of a stack that fails its test."""
        for pid in [self.process.pid, *self.pids(r"\w+")]:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.reader.join(10)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[type[Runner]]:
    made: list[Runner] = []

    def make(**commands: str) -> Runner:
        made.append(Runner(tmp_path, **commands))
        return made[-1]

    yield make  # type: ignore[misc]
    for each in made:
        each.end()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_dies_is_started_again_and_the_others_are_left_alone(runner):
    processes = runner(short=ENDS, long=STAYS)
    processes.wait_for(short=3, long=1)
    assert "   short | ended (0); starting it again\n" in processes.lines
    assert len(processes.pids("long")) == 1
    os.kill(processes.pids("long")[0], signal.SIGKILL)
    processes.wait_for(long=2)
    assert "    long | ended (-9); starting it again\n" in processes.lines


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_all_end_on_a_signal_even_the_deaf(runner, signum):
    processes = runner(first=STAYS, deaf=DEAF, noisy=NOISY)
    processes.wait_for(first=1, deaf=1, noisy=1)
    pids = [processes.pids(name)[0] for name in ("first", "deaf", "noisy")]
    assert all(is_alive(pid) for pid in pids)
    processes.process.send_signal(signum)
    assert processes.process.wait(15) == 0
    assert not any(is_alive(pid) for pid in pids)
    assert not any("starting it again" in line for line in processes.lines)


LAST_WORDS = """
import os, signal, sys, time
def end(*_):
    time.sleep(0.3)
    print("broker is", "there" if os.path.exists(f"/proc/{int(open(PATH).read())}") else "gone")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("pid", os.getpid())
while True:
    signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_worker_finishes_while_the_broker_is_still_there(runner, tmp_path):
    path = tmp_path / "broker.pid"
    broker = f"import os, signal; open({str(path)!r}, 'w').write(str(os.getpid())); {STAYS}"
    processes = runner(broker=broker, worker=f"PATH = {str(path)!r}\n{LAST_WORDS}")
    processes.wait_for(broker=1, worker=1)
    processes.process.send_signal(signal.SIGTERM)
    assert processes.process.wait(15) == 0
    processes.reader.join(10)
    assert "  worker | broker is there\n" in processes.lines
    assert not is_alive(processes.pids("broker")[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_a_runner_that_is_killed_takes_its_processes_with_it(runner):
    processes = runner(first=STAYS, second=STAYS)
    processes.wait_for(first=1, second=1)
    processes.process.kill()
    processes.process.wait()
    wait_until(lambda: not any(is_alive(processes.pids(n)[0]) for n in ("first", "second")), 10, "the processes' end")
