"""The load to hold, L1–L5 and L7, on SQLite and PostgreSQL; figures are in load.md.

    python benchmarks/load.py [--people 300] [--seconds 60] [--interviews 10000] [--postgres URL] [--write]

The real web server, worker, sweeper and broker run as `make run` starts them, on a data folder and a database of their
own and free local ports; the model is tests/stub_openai.py with 1 s latency. After each load the invariants are
asserted: what was acknowledged is stored byte for byte, one interview and one receipt each, one grade in force.
`--write` puts the table into load.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")

import django  # noqa: E402

django.setup()

from benchmarks.fanout import LATENCY, THREADS, stub  # noqa: E402
from benchmarks.load_client import Answer, Browser, percentile, spread  # noqa: E402
from benchmarks.processes import wait_until_idle  # noqa: E402
from interviewer import stack  # noqa: E402
from tests.live import Live, program  # noqa: E402

WORKERS = (1, 2)  # `make run` starts one; one process runs Python on one core at a time
SENTENCE = "缓存命中可以省去重复的计算，批处理提高吞吐，不过要小心延迟。"
BARE = "/language/setlang/"  # an empty answer: all of the middleware, no session, no database
MARKS = ("<!-- figures: benchmarks/load.py --write -->", "<!-- end of figures -->")


@dataclass(frozen=True)
class Row:
    """One bar and what was measured. `used` is the share of what is allowed; up to 1 the bar holds."""

    load: str
    bar: str
    measured: str
    used: float

    def line(self, database: str) -> str:
        return f"| {self.load} | {database} | {self.bar} | {self.measured} | {self.used:.2f} |"


class Load:
    """One program under load, and what its clients know."""

    def __init__(self, live: Live, people: int, seconds: float) -> None:
        self.live, self.seconds, self.loop = live, seconds, asyncio.Runner()
        made = self.ask(f"rows.prepare({people})")
        self.templates: list[int] = made["templates"]
        self.manager = Browser(live.port, made["manager"])
        self.browsers = [Browser(live.port, session) for session in made["people"]]
        self.rooms: list[str] = []
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def ask(self, call: str) -> Any:
        """What a function of `load_rows` returns, run inside the program."""
        return json.loads(
            self.live.python(f"from benchmarks import load_rows as rows\nrows.show({call})").splitlines()[-1]
        )

    # --- L3: starts ---------------------------------------------------------------

    def starts(self) -> Row:
        page = f"/begin/{self.templates[0]}/"

        async def double_click(browser: Browser) -> list[Answer]:
            second = Browser(browser.port, browser.session)
            both = await asyncio.gather(browser.post(page, consent="on"), second.post(page, consent="on"))
            second.close()
            return list(both)

        async def run() -> list[list[Answer]]:
            return await spread(map(double_click, self.browsers), 2)

        clicks = self.loop.run(run())
        for both in clicks:
            assert [each.status for each in both] == [302, 302], [each.status for each in both]
            assert both[0].headers["location"] == both[1].headers["location"]
        after = self.ask(f"rows.started({self.templates[0]})")
        assert (len(after["interviews"]), after["wrong"]) == (len(self.browsers), 0), after
        assert after["answers"] == 8 * len(self.browsers)
        self.rooms = after["interviews"]
        slowest = max(each.seconds for both in clicks for each in both)
        done = f"exactly {len(self.rooms)} interviews; slowest answer {slowest:.1f} s"
        return Row(f"L3 {len(self.rooms)} starts in 2 s, double-clicked", "exactly one each", done, 1.0)

    # --- L1: autosave ---------------------------------------------------------------

    async def _type(self, browser: Browser, room: str, acked: dict[str, list[Any]], times: list[float]) -> None:
        """One candidate: a save every ten seconds, of a text that grows."""
        loop = asyncio.get_running_loop()
        end, text = loop.time() + self.seconds, ""
        await asyncio.sleep(random.uniform(0, min(10.0, self.seconds / 2)))
        while (began := loop.time()) < end:
            text += f"{SENTENCE * random.randint(1, 8)}{len(text)}\n"
            revision = acked[room][1]
            answer = await browser.fetch(f"/interviews/{room}/questions/1/draft/", text=text, revision=revision)
            assert answer.status == 200, (answer.status, answer.body[:300])
            acked[room] = [sha256(text.encode()).hexdigest(), json.loads(answer.body)["revision"]]
            times.append(answer.seconds)
            await asyncio.sleep(began + 10 - loop.time())

    def autosaves(self, template: int, rooms: list[str], when: str = "") -> Row:
        acked: dict[str, list[Any]] = self.ask(f"rows.texts({template})")
        times: list[float] = []

        async def run() -> None:
            await asyncio.gather(
                *(self._type(browser, room, acked, times) for browser, room in zip(self.browsers, rooms, strict=True))
            )

        self.loop.run(run())
        stored = self.ask(f"rows.texts({template})")
        assert stored == acked, "acknowledged, but not stored"
        p50, p95 = (percentile(times, share) * 1000 for share in (0.5, 0.95))
        measured = f"p50 {p50:.0f}, p95 {p95:.0f} ms; {len(times)} saves, all stored"
        return Row(f"L1 {len(rooms)} candidates autosaving{when}", "p95 ≤ 150 ms", measured, p95 / 150)

    # --- L5: autosave against a bare page ------------------------------------------------

    def share_of_bare(self) -> Row:
        browsers = self.browsers[:16]
        rates: dict[str, list[float]] = {"bare": [], "read": [], "save": []}
        revisions = {room: revision for room, (_, revision) in self.ask(f"rows.texts({self.templates[0]})").items()}

        async def bare(browser: Browser, room: str, end: float) -> int:
            done = 0
            while asyncio.get_running_loop().time() < end:
                assert (await browser.get(BARE)).status in (204, 302)
                done += 1
            return done

        async def read(browser: Browser, room: str, end: float) -> int:
            done, page = 0, f"/interviews/{room}/clock/"
            while asyncio.get_running_loop().time() < end:
                assert (await browser.get(page)).status == 200
                done += 1
            return done

        async def save(browser: Browser, room: str, end: float) -> int:
            done, page = 0, f"/interviews/{room}/questions/1/draft/"
            while asyncio.get_running_loop().time() < end:
                text = f"{SENTENCE * 20}{revisions[room]}"
                answer = await browser.fetch(page, text=text, revision=revisions[room])
                assert answer.status == 200, (answer.status, answer.body[:300])
                revisions[room] = json.loads(answer.body)["revision"]
                done += 1
            return done

        async def run(seconds: float) -> None:
            for name, work in (("bare", bare), ("read", read), ("save", save)) * 3:
                end = asyncio.get_running_loop().time() + seconds
                done = await asyncio.gather(*(work(*each, end) for each in zip(browsers, self.rooms)))  # noqa: B905
                rates[name].append(sum(done) / seconds)

        self.loop.run(run(min(10.0, self.seconds / 6)))
        saves, bares, reads = (sum(rates[name]) / len(rates[name]) for name in ("save", "bare", "read"))
        share = saves / bares
        measured = f"{share:.2f} ({saves:.0f} ÷ {bares:.0f} a second); ÷ a GET of the clock {saves / reads:.2f}"
        return Row("L5 autosave ÷ bare GET", "≥ 0.19", measured, 0.19 / share)

    # --- L2: handing in ----------------------------------------------------------------------

    def submits(self) -> Row:
        async def hand_in(browser: Browser, room: str) -> float:
            began = time.perf_counter()
            answer = await browser.post(f"/interviews/{room}/hand-in/")
            assert (answer.status, answer.headers["location"]) == (302, f"/interviews/{room}/receipt/"), answer.status
            receipt = await browser.get(answer.headers["location"])
            assert receipt.status == 200
            return time.perf_counter() - began

        async def run() -> list[float]:
            return await spread((hand_in(*each) for each in zip(self.browsers, self.rooms, strict=True)), 2)

        self.ask(f"rows.write_the_rest({self.templates[0]})")
        before = self.ask(f"rows.texts({self.templates[0]})")
        times = self.loop.run(run())
        assert self.ask(f"rows.texts({self.templates[0]})") == before
        after = self.ask(f"rows.handed_in({self.templates[0]})")
        assert after == {"handed_in": len(self.rooms), "wrong": 0, "ungraded": 0}, after
        measured = f"slowest {max(times):.1f} s, p50 {percentile(times, 0.5):.1f} s; one receipt each"
        return Row(f"L2 {len(times)} submits in 2 s", "receipts ≤ 10 s", measured, max(times) / 10)

    # --- L4: grading ----------------------------------------------------------------------------

    def gradings(self, since: int, bar: float, threads: str, when: str = "") -> Row:
        """From the first grade to the last, and the second that the first took."""
        self.until_graded()
        done = self.ask(f"rows.graded_since({since})")
        assert (done["done"], done["wrong"]) == (8 * len(self.rooms), 0), done
        ideal = done["done"] / THREADS * LATENCY
        share = ideal / (done["seconds"] + LATENCY)
        name = f"L4 {done['done']} gradings, {threads}, {LATENCY:g} s each{when}"
        return Row(name, f"≥ {bar:.2f} of ideal", f"{share:.2f}", bar / share)

    def until_graded(self) -> None:
        until = time.monotonic() + 600
        while self.ask("rows.grades_left()"):
            assert time.monotonic() < until, self.live.log()
            time.sleep(5)

    @contextmanager
    def workers(self, count: int) -> Iterator[str]:
        """`THREADS` in so many workers, their models loaded, everything graded that was waiting; says what they are.

        What a worker's start costs is paid once a day, not once an interview.
        """
        threads = THREADS // count
        started = [self.live.start(*command("worker"), "--concurrency", str(threads)) for _worker in range(count)]
        self.until_graded()
        for worker in started:
            wait_until_idle(worker)
        yield f"{count} × {threads} threads"
        for worker in started:
            worker.terminate()
        for worker in started:
            worker.wait(60)

    def gradings_alone(self, count: int) -> Row:
        with self.workers(count) as threads:
            since = self.ask("rows.last_grade()")
            self.ask(f"rows.grade_all_again({self.templates[0]})")
            return self.gradings(since, 0.90, threads)

    def gradings_beside_autosaves(self, count: int) -> list[Row]:
        other = self.templates[1]
        self.ask(f"rows.begin({other})")
        rooms = self.ask(f"rows.started({other})")["interviews"]
        with self.workers(count) as threads:
            since = self.ask("rows.last_grade()")
            self.ask(f"rows.grade_all_again({self.templates[0]})")
            saves = self.autosaves(other, rooms, f" while {threads} grade")
            return [self.gradings(since, 0.80, threads, ", while L1 runs"), saves]

    # --- L7: the managers' list ----------------------------------------------------------------------

    def results_lists(self, interviews: int) -> list[Row]:
        self.ask(f"rows.graded_interviews({interviews})")
        pages = {"": "", ", graded only": "?state=graded", ", by name": "?q=Ada+7", ", page 300": "?page=300"}
        rows = []
        for name, query in pages.items():
            page = f"/review/{query}"
            taken = self.ask(f"rows.queries_of({page!r})")
            times = self.loop.run(self._times(page, 40))
            p95 = percentile(times, 0.95) * 1000
            measured = f"{taken} queries; p50 {percentile(times, 0.5) * 1000:.0f}, p95 {p95:.0f} ms"
            bar = "≤ 12 queries, p95 ≤ 400 ms"
            rows.append(Row(f"L7 list of {interviews} graded{name}", bar, measured, max(taken / 12, p95 / 400)))
        return rows

    async def _times(self, page: str, count: int) -> list[float]:
        answers = [await self.manager.get(page) for _ in range(count + 3)][3:]
        assert {answer.status for answer in answers} == {200}
        self.manager.close()
        return [answer.seconds for answer in answers]


def command(name: str, port: int = 0) -> list[str]:
    return stack.commands("127.0.0.1", port)[name][1:]


@contextmanager
def prepared(postgres: str, people: int, seconds: float) -> Iterator[Load]:
    """A program with everything but its worker running."""
    os.environ["DATABASE_URL"] = postgres
    # As deployed: with DEBUG on Django keeps every query, which on SQLite takes a query of its own.
    deployed = {"DEBUG": "false", "SECRET_KEY": secrets.token_urlsafe(50), "ALLOWED_HOSTS": "127.0.0.1"}
    once = {"OPENAI_API_KEY": "none", "GRADING_MOST_DISTANCE": "1"}
    with stub(LATENCY) as url, program(OPENAI_BASE_URL=url, **deployed, **once) as live:
        live.manage("migrate", "--verbosity", "0")
        live.manage("collectstatic", "--no-input", "--verbosity", "0")
        load = Load(live, people, seconds)
        for name in ("broker", "sweeper", "web"):
            if name in stack.commands("127.0.0.1", live.port):
                load.processes[name] = live.start(*command(name, live.port))
        assert stack.wait_until_up(live.url + "/login/", 60), live.log()
        yield load


def run(postgres: str, options: argparse.Namespace) -> Iterator[Row]:
    """Every load on one database, in the order in which a day would bring them."""
    with prepared(postgres, options.people, options.seconds) as load:
        yield load.starts()
        yield load.autosaves(load.templates[0], load.rooms)
        yield load.share_of_bare()
        yield load.submits()
        for count in WORKERS:
            yield load.gradings_alone(count)
        for count in WORKERS:
            yield from load.gradings_beside_autosaves(count)
        yield from load.results_lists(options.interviews)
        assert "Internal Server Error" not in (load.live.data / "log.txt").read_text(errors="replace")


def write(lines: list[str]) -> None:
    path = ROOT / "benchmarks" / "load.md"
    before, rest = path.read_text().split(MARKS[0])
    path.write_text("\n".join([before + MARKS[0], *lines, MARKS[1] + rest.split(MARKS[1])[1]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60, help="how long L1 lasts")
    parser.add_argument("--interviews", type=int, default=10_000, help="graded interviews of L7")
    parser.add_argument("--postgres", metavar="URL", default="postgres://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--only", choices=["SQLite", "PostgreSQL"])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended, too
    lines = ["| load | database | bar | measured | share of the bar used |", "|---|---|---|---|---|"]
    load_before = os.getloadavg()[0]
    print("\n".join(lines), flush=True)
    for database, address in (("SQLite", ""), ("PostgreSQL", options.postgres)):
        if options.only in (None, database):
            for row in run(address, options):
                lines.append(row.line(database))
                print(lines[-1], flush=True)
    lines.append(f"\nCores: {os.cpu_count()}. Load of the machine before the run: {load_before:.1f}.")
    print(lines[-1])
    if options.write:
        write(lines)


if __name__ == "__main__":
    main()
