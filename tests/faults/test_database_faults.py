"""The database is locked, full, or cuts its connections: "try again" is answered, and nothing acknowledged is lost."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.client import Candidate, Unanswered, persistently
from tests.faults.conftest import graded_by
from tests.faults.disks import fill, small_disk
from tests.faults.invariants import hold
from tests.faults.locks import address, locked_for
from tests.live import Live, program, wait_until
from tests.stub_openai import StubOpenAI

pytestmark = pytest.mark.broker
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def live(bare: Live) -> Iterator[Live]:
    with program(bare) as live:
        live.web()
        yield live


def test_while_the_database_is_locked_for_3_s_a_save_waits(live: Live) -> None:
    candidate = Candidate(live, "waits").sign_in()
    with locked_for(live, 3):
        assert candidate.save("typed meanwhile").status_code == 200
        candidate.submit()
    hold(live, candidate.ledger)


@slow
def test_while_the_database_is_locked_for_25_s_a_save_is_told_to_try_again(live: Live) -> None:
    """The sentence comes while it is locked still, in time for a browser and a proxy that wait for half a minute."""
    candidate = Candidate(live, "is-told").sign_in()
    candidate.save("typed before")
    with locked_for(live, 25):
        with pytest.raises(Unanswered) as refused:
            candidate.save("typed meanwhile")
        assert refused.value.args == (503, "5")
        hold(live, candidate.ledger)
        persistently(lambda: candidate.save("typed meanwhile"))
    persistently(candidate.submit)
    hold(live, candidate.ledger)


# --- Full -------------------------------------------------------------------------------


def test_a_full_disk_refuses_texts_and_loses_none(bare: Live, tmp_path: Path) -> None:
    if address(bare):
        pytest.skip("the disk of PostgreSQL is not ours to fill")
    with small_disk(tmp_path / "small", "6m") as folder, program(bare) as live:
        shutil.copy(bare.data / "db.sqlite3", folder)
        live.env["DATABASE_URL"] = f"sqlite:///{folder}/db.sqlite3"
        live.web()
        candidate = Candidate(live).sign_in()
        candidate.save("typed before")
        filler = fill(folder)
        with pytest.raises(Unanswered) as refused:
            for n in range(60):
                candidate.save(f"{n}" * 20_000)
        assert refused.value.args == (503, "5")
        assert candidate.http.get(candidate.room + "questions/1/").status_code == 200  # reading goes on
        filler.unlink()
        hold(live, candidate.ledger)
        assert persistently(lambda: candidate.save("typed afterwards")).status_code == 200
        persistently(candidate.submit)
        hold(live, candidate.ledger)


# --- PostgreSQL: connections are cut --------------------------------------------------------

CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@slow
def test_connections_that_are_cut_again_and_again_lose_nothing(bare: Live) -> None:
    """Web, worker and sweeper go on by themselves: nobody starts them again."""
    if not address(bare):
        pytest.skip("only PostgreSQL has connections to cut")
    with StubOpenAI(latency=0.2) as stub, graded_by(stub, bare, WORKER_THREADS="4") as live:
        live.web()
        live.worker()
        candidate = Candidate(live, questions=6).sign_in()
        stop = threading.Event()

        def cut() -> None:
            with psycopg.connect(address(live), autocommit=True) as server:
                while not stop.wait(0.3):
                    server.execute(CUT)

        cutting = threading.Thread(target=cut)
        cutting.start()
        try:
            for n in range(60):
                persistently(lambda n=n: candidate.save(f"text {n}", n % 6))
            persistently(candidate.submit)
            time.sleep(3)
        finally:
            stop.set()
            cutting.join()
        hold(live, candidate.ledger)
        pending = "print(Grade.objects.pending().count())"
        wait_until(lambda: live.python(pending) == "0", 120, "all grades\n" + live.log())
        hold(live, candidate.ledger, settled=True)
        assert all(process.poll() is None for process in live.processes)
