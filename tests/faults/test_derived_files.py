"""A disk that fills up under the index or an export: a sentence says so, and nothing that was there is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.disks import fill, small_disk
from tests.faults.invariants import hold
from tests.live import ROOT, Live, program

pytestmark = pytest.mark.slow

SEARCH = "from questions import retrieval; print(len(retrieval.search('缓存')), retrieval.is_stale())"
ADD = "build.question(slug='new', title='新题目', prompt='怎样压缩模型？'); print('ok')"


def manage(live: Live, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *args], cwd=ROOT, env=live.env, capture_output=True, text=True, timeout=300
    )


def test_while_the_disk_of_the_index_is_full_searching_goes_on(bare: Live) -> None:
    """The index is derived: what cannot be written is told, and made good by the next try."""
    with program(bare) as live, small_disk(live.data / "index", "256k") as folder:
        live.manage("rebuild_index")
        filler = fill(folder)
        assert live.python(ADD) == "ok"
        full = manage(live, "rebuild_index")
        assert full.returncode == 1
        assert "No space left" in full.stderr
        assert "Traceback" not in full.stderr
        found, _stale = live.python(SEARCH).splitlines()[-1].split()
        assert int(found) > 0
        filler.unlink()
        live.manage("rebuild_index")
        assert live.python(SEARCH).splitlines()[-1].endswith("False")
        hold(live)


def rows(path: Path, count: int) -> None:
    each = {"question": "如何加快推理服务？", "reference": "1. 缓存命中", "answer": "缓存" + "可以省去重复计算" * 40}
    path.write_text("".join(json.dumps({"id": str(n), **each}) + "\n" for n in range(count)))


def test_an_export_onto_a_full_disk_says_so_and_goes_on_later(bare: Live, tmp_path: Path) -> None:
    """What was written stays; the same command goes on from there, and no row is there twice or in half."""
    with program(bare) as live, small_disk(tmp_path / "small", "64k") as folder:
        source, target = tmp_path / "in.jsonl", folder / "out.jsonl"
        rows(source, 3)
        assert manage(live, "grade_file", str(source), str(target)).returncode == 0
        before = target.read_bytes()
        filler = fill(folder)
        rows(source, 12)
        full = manage(live, "grade_file", str(source), str(target))
        assert full.returncode == 1
        assert "No space left" in full.stderr
        assert "Traceback" not in full.stderr
        assert target.read_bytes().startswith(before)
        filler.unlink()
        assert manage(live, "grade_file", str(source), str(target)).returncode == 0
        assert sorted(int(json.loads(line)["id"]) for line in target.read_text().splitlines()) == list(range(12))
