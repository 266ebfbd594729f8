"""What a grading and a save cost in processor time, on SQLite and PostgreSQL; what was found is in load.md.

    python benchmarks/cost.py [--people 40] [--seconds 8] [--postgres URL] [--only SQLite]

Processor time, unlike a rate, can be compared on a machine that others use too. It is read from Linux's /proc, of the
worker and of the web server as `make run` starts them, what the kernel does for them included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.load import BARE, SENTENCE, Load, command, prepared
from benchmarks.load_client import Browser
from benchmarks.processes import spent, wait_until_idle


def of_requests(load: Load) -> Iterator[str]:
    """Milliseconds for a save, a read and a bare page, and the save's as a multiple of the bare page's."""
    revisions: dict[str, int] = {}
    costs: dict[str, float] = {}

    async def bare(browser: Browser, room: str) -> None:
        assert (await browser.get(BARE)).status in (204, 302)

    async def read(browser: Browser, room: str) -> None:
        assert (await browser.get(f"/interviews/{room}/clock/")).status == 200

    async def save(browser: Browser, room: str) -> None:
        seen = revisions.get(room, 0)
        answer = await browser.fetch(
            f"/interviews/{room}/questions/1/draft/", text=f"{SENTENCE * 20}{seen}", revision=seen
        )
        assert answer.status == 200, (answer.status, answer.body[:300])
        revisions[room] = json.loads(answer.body)["revision"]

    async def one_each() -> None:
        await asyncio.gather(*(save(*pair) for pair in zip(load.browsers, load.rooms, strict=True)))

    async def again(work: Callable[[Browser, str], Awaitable[None]], browser: Browser, room: str, end: float) -> int:
        done = 0
        while time.monotonic() < end:
            await work(browser, room)
            done += 1
        return done

    async def all_of(work: Callable[[Browser, str], Awaitable[None]]) -> int:
        end = time.monotonic() + load.seconds
        pairs = zip(load.browsers[:16], load.rooms[:16], strict=True)
        return sum(await asyncio.gather(*(again(work, *pair, end) for pair in pairs)))

    load.loop.run(one_each())  # blank answers need no model
    for name, work in {"save": save, "read": read, "bare page": bare}.items():
        load.loop.run(all_of(work))
        web = load.processes["web"]
        before = spent(web)
        done = load.loop.run(all_of(work))
        costs[name] = (spent(web) - before) * 1000 / done
        yield f"a {name}: {costs[name]:.2f} ms ({done} of them)"
    bare_share, read_share = (costs[name] / costs["save"] for name in ("bare page", "read"))
    yield f"bare page ÷ save: {bare_share:.2f}; read ÷ save: {read_share:.2f}"


def of_gradings(load: Load) -> Iterator[str]:
    """Milliseconds for a grading by a worker that has graded every answer once before."""
    load.submits()
    worker = load.live.start(*command("worker"))
    load.until_graded()
    wait_until_idle(worker)
    first, before = load.ask("rows.last_grade()"), spent(worker)
    load.ask(f"rows.grade_all_again({load.templates[0]})")
    load.until_graded()
    done = load.ask(f"rows.graded_since({first})")
    assert done["wrong"] == 0, done
    yield f"a grading: {(spent(worker) - before) * 1000 / done['done']:.1f} ms ({done['done']} of them)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=8, help="how long each kind of request is asked for, twice")
    parser.add_argument("--postgres", metavar="URL", default="postgres://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--only", choices=["SQLite", "PostgreSQL"])
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended, too
    for database, address in (("SQLite", ""), ("PostgreSQL", options.postgres)):
        if options.only in (None, database):
            with prepared(address, options.people, options.seconds) as load:
                load.starts()
                for measure in (of_requests, of_gradings):
                    for line in measure(load):
                        print(f"{database}: {line}", flush=True)


if __name__ == "__main__":
    main()
