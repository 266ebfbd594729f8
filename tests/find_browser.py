"""Find a Chromium for the browser tests, or install Debian's when we are root, or say how to get one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def find_browser() -> str | None:
    """The path of a Chromium-based browser; the variable CHROMIUM comes first."""
    if wanted := os.environ.get("CHROMIUM"):
        return shutil.which(wanted)
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path), MAC if os.path.exists(MAC) else None)


def main() -> int:
    if find_browser():
        return 0
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        print("No browser found; installing Debian's chromium and a Chinese font …", flush=True)
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "chromium", "fonts-noto-cjk"],
        ):
            subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        return 0 if find_browser() else 1
    print(
        "The browser tests need Chromium or Chrome. Install one (Debian: apt install chromium; macOS: Google Chrome), "
        "or name yours: make test CHROMIUM=/path/to/chromium",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
