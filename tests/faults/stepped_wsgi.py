"""The web application on a machine whose clock is wrong by as many seconds as the file `CLOCK_FILE` says."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

STEP = Path(os.environ["CLOCK_FILE"])
_now = timezone.now


def stepped() -> datetime:
    return _now() + timedelta(seconds=float(STEP.read_text() or 0))


timezone.now = stepped

from interviewer.wsgi import application  # noqa: E402 (from its first moment on it reads this clock)

__all__ = ["application"]
