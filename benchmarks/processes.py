"""What processes use of a processor, by Linux's account."""

from __future__ import annotations

import os
import time
from pathlib import Path
from subprocess import Popen

TICKS = os.sysconf("SC_CLK_TCK")
IDLE = 0.05  # of a processor


def spent(process: Popen[bytes]) -> float:
    """Seconds of a processor that a process and its children, all of one session, have used so far."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[3]) == process.pid:
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def wait_until_idle(process: Popen[bytes], seconds: float = 4) -> None:
    """Return once it has done next to nothing for a while: a worker loads its models while it works already."""
    before = -1.0
    while spent(process) - before > IDLE * seconds:
        before = spent(process)
        time.sleep(seconds)
