"""Looking at processes from outside."""

from __future__ import annotations

import subprocess


def children(pid: int) -> set[int]:
    """The processes that `pid` has started and that live."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return {int(line) for line in found.stdout.split()}
