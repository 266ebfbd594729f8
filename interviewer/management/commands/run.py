"""`manage.py run`: prepare what is missing, then run everything on this machine. This is what `make run` calls."""

from __future__ import annotations

import fcntl
from argparse import ArgumentParser
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from interviewer import demo, stack


class Command(BaseCommand):
    help = "Prepare and run the whole program on this machine: broker, worker, sweeper and web."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        lock = self._only_one()
        host, port = options["host"], options["port"]
        if stack.port_is_taken(host, port):
            raise CommandError(
                f"Port {port} on {host} is taken by another program. Choose another one: make run PORT={port + 1}"
            )
        call_command("check", fail_level="ERROR", databases=["default"])
        call_command("prepare")
        address = f"http://{host}:{port}/"
        self.stdout.write("Starting…")
        stack.Stack(stack.commands(host, port)).run(started=lambda: self._greet(address))
        self.stdout.write("Stopped.")
        lock.close()

    def _only_one(self) -> IO[str]:
        """Hold a lock as long as this runner lives; a second one on the same data folder is told so."""
        lock = open(settings.DATA_DIR / "run.lock", "w")  # noqa: SIM115 (held until the process ends)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError(
                f"It is running already on {settings.DATA_DIR}. Stop that one first (Ctrl-C where it runs)."
            ) from error
        return lock

    def _greet(self, address: str) -> None:
        if not stack.wait_until_up(address, 60):
            self.stderr.write("The web server has not answered within 60 s; see its lines above.")
            return
        lines = ["", f"Ready: {address}", *demo.credentials(), "Ctrl-C stops everything.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
