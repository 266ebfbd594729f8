"""`manage.py grade_file`: a file of answers in, a file of graded rows out."""

import json

import pytest
from django.core.management import CommandError, call_command

from interviewer import grading
from interviewer.grading import LLMError

GOOD = {
    "id": "a",
    "question": "怎么降低幻觉？",
    "reference": "先检索相关文档；给出引用来源",
    "answer": "要给出引用来源",
}


@pytest.fixture(autouse=True)
def _tiny_model(tiny_tokens):
    pass


def run(tmp_path, rows, **options):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    call_command("grade_file", str(source), str(target), grader="semantic", **options)
    return [json.loads(line) for line in target.read_text().splitlines()]


def test_a_row(tmp_path):
    (row,) = run(tmp_path, [{**GOOD, "points": ["给出引用来源", {"text": "先检索相关文档", "weight": 2}]}])
    assert (row["id"], row["status"], row["grader"], row["flags"]) == ("a", "done", "semantic", [])
    assert [(p["text"], p["verdict"], p["evidence"]) for p in row["points"]] == [
        ("给出引用来源", "met", ["要给出引用来源"]),
        ("先检索相关文档", "missing", []),
    ]
    assert row["score"] == pytest.approx(1 / 3, abs=0.001)


def test_bad_rows_stop_nobody(tmp_path, capsys):
    rows = run(
        tmp_path, ["{", {**GOOD, "answer": None}, {**GOOD, "id": "c", "points": [{"txt": 1}]}, {**GOOD, "id": "d"}]
    )
    failed = [row for row in rows if row["status"] == "failed"]
    assert [(row["score"], row["reason"].split(":")[0].split(" is")[0]) for row in failed] == [
        (None, "Line 1"),
        (None, "Line 2"),
        (None, "Line 3"),
    ]
    assert rows[-1]["score"] is not None


def test_a_second_run_grades_what_is_left_and_mends_a_torn_line(tmp_path, monkeypatch):
    (tmp_path / "out.jsonl").write_text('{"id": "a", "score": 0.125, "status": "done"}\n{"id": "b", "sco')
    rows = run(tmp_path, [GOOD, {**GOOD, "id": "b"}])
    assert [(row["id"], row["score"] == 0.125) for row in rows] == [("a", True), ("b", False)]


def test_a_fault_of_the_grader_is_no_score(tmp_path, monkeypatch):
    def broken(texts, language):
        raise LLMError("The embedding model cannot be loaded.")

    monkeypatch.setattr(grading, "_read_tokens", broken)
    (row,) = run(tmp_path, [{**GOOD, "id": "other", "question": "另一个问题？"}])
    assert (row["score"], row["status"], "cannot be loaded" in row["reason"]) == (None, "failed", True)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(CommandError):
        call_command("grade_file", str(tmp_path / "no"), str(tmp_path / "out"))
