"""`manage.py run`: prepare what is missing, then run everything on this machine. This is what `make run` calls."""

from __future__ import annotations

import fcntl
from argparse import ArgumentParser, ArgumentTypeError
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from interviewer import demo, stack
from questions.management.terminal import TerminalCommand


def tcp_port(text: str) -> int:
    """An argument that is a port to listen on."""
    if not (text.isdecimal() and 0 < int(text) < 2**16):
        raise ArgumentTypeError(f"{text} is not a port: choose a number from 1 to 65535")
    return int(text)


class Command(TerminalCommand):
    help = "Prepare and run the whole program on this machine: broker, worker, sweeper and web."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=tcp_port, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        lock = self._only_one()
        host, port = options["host"], options["port"]
        if stack.port_is_taken(host, port):
            raise CommandError(
                _("Port %(port)d on %(host)s is taken by another program. Choose another one: make run PORT=%(other)d")
                % {"port": port, "host": host, "other": port + 1}
            )
        call_command("check", fail_level="ERROR", databases=["default"])
        call_command("prepare")
        address = f"http://{host}:{port}/"
        self.stdout.write(_("Starting…"))
        language = translation.get_language()
        stack.Stack(stack.commands(host, port)).run(started=lambda: self._greet(address, language))
        self.stdout.write(_("Stopped."))
        lock.close()

    def _only_one(self) -> IO[str]:
        """Hold a lock as long as this runner lives; a second one on the same data folder is told so."""
        lock = open(settings.DATA_DIR / "run.lock", "w")  # noqa: SIM115 (held until the process ends)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError(
                _("It is running already on %(folder)s. Stop that one first (Ctrl-C where it runs).")
                % {"folder": settings.DATA_DIR}
            ) from error
        return lock

    def _greet(self, address: str, language: str | None) -> None:
        up = stack.wait_until_up(address, 60)
        with translation.override(language):  # a new thread starts without the language of the old one
            if not up:
                self.stderr.write(_("The web server has not answered within 60 s; see its lines above."))
                return
            ready = _("Ready: %(address)s") % {"address": address}
            lines = ["", ready, *demo.credentials(address), _("Ctrl-C stops everything."), ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
