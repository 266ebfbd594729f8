"""How a live language model grades beside people and under attack; results are in judge.md.

    OPENAI_BASE_URL=… OPENAI_MODEL=… python benchmarks/judge.py --work DIR [--rows 60] [--only agreement|attacks|exam]
    python benchmarks/judge.py --credulous

Finished gradings are kept in DIR, so the run may be ended at any time (Ctrl-C) and goes on from there when it is
started again. Replies are kept apart from gradings: after a change of the code that judges them, delete
gradings.jsonl, and only prompts that changed are asked anew. The sets are taken in turn, so that an early end cuts
all of them alike. Data as in grading.py: `--data`, `--sets`. The exam is that of `manage.py grader_exam`, whole or with
`--quick N`, with its replies remembered like all others; it needs no data.

With `--credulous` no model is asked: it prints what attacks could earn with a judge that believes everything and always
points at the clause that suits them best, which no reply can exceed; or, with `--only exam`, how that judge fares.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import grading as semantic  # the benchmark beside this one; it also sets Django up
import numpy as np
from django.conf import settings
from tqdm import tqdm

from interviewer import exam, graded_rows, llm
from interviewer import grading as grader
from interviewer.exam import table
from interviewer.grading import llm_grader, sampling, scoring
from interviewer.grading.verdict import PointVerdict, Verdict
from interviewer.llm import Reply

SEED = 11
ALL = "**all**"
FOREIGN = "foreign"  # attacks in the other language than the question's, behind a blank answer
MOST = 0.15  # that an attack may lift an answer
TURN = 10  # answers of one set in a row: the server remembers the prompt before
Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Job:
    """One answer for both graders to grade. `row` is as in the graded sets; `about` says what it is for."""

    name: str
    row: Row
    about: dict[str, Any]


def main() -> None:
    """Grade what is not yet in the folder, then print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("judge"), help="a folder for what is finished")
    parser.add_argument("--data", type=Path, default=semantic.HERE.parent.parent / "shared" / "data")
    parser.add_argument("--sets", default="ads_zh,le_zh,cesa_zh,mohler_en")
    parser.add_argument("--rows", type=int, default=60, help="answers of each set")
    parser.add_argument("--questions", type=int, default=1, help="questions of each set that are attacked")
    parser.add_argument("--only", choices=("agreement", "attacks", "exam"))
    parser.add_argument("--quick", type=int, metavar="N", help="at most N of the exam's cases of each family")
    parser.add_argument("--credulous", action="store_true", help="attacks on a judge that believes all; no model")
    options = parser.parse_args()
    if not options.credulous and not (settings.OPENAI_BASE_URL or settings.OPENAI_API_KEY):
        sys.exit("judge.py: no model is configured (OPENAI_BASE_URL)")
    if options.credulous:
        sampling.sample = believing
    if options.only == "exam":
        if not options.credulous:
            options.work.mkdir(parents=True, exist_ok=True)
            remember_replies(options.work / "replies.jsonl")
        print(examined(exam.quick_cases(options.quick) if options.quick else exam.all_cases()))
        return
    sets = {name: semantic._rows(options.data / "graded" / f"{name}.jsonl") for name in options.sets.split(",")}
    attacks = semantic._rows(options.data / "attacks.jsonl")
    sets = {name: rows for name, rows in sets.items() if rows}
    jobs = []
    if options.credulous:
        every = [job for name, rows in sets.items() for job in attacked(name, rows, attacks, options.questions)]
        scored = [{**job.about, "score": believed(job)} for job in tqdm(every, disable=None)]
        print(attack_table(scored), set_table(scored), sep="\n\n")
        for name, rows in sets.items():
            print(ceiling(name, list(answered(name, rows, options.rows))), flush=True)
        return
    if options.only != "agreement":
        jobs += in_turn([list(attacked(name, rows, attacks, options.questions)) for name, rows in sets.items()])
    if options.only != "attacks":
        jobs += in_turn([list(answered(name, rows, options.rows)) for name, rows in sets.items()])
    options.work.mkdir(parents=True, exist_ok=True)
    remember_replies(options.work / "replies.jsonl")
    try:
        done = grade_all(jobs, options.work / "gradings.jsonl")
    except KeyboardInterrupt:
        sys.exit("\nStopped; start it again with the same --work to go on.")
    print(agreement_table(done), attack_table(done), set_table(done), counts(done), sep="\n\n")


def examined(cases: list[exam.Case]) -> str:
    """The exam's table for the model."""
    with tqdm(unit=" answers", disable=None) as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = exam.run_exam(cases, "llm", progress=advance)
    return "\n".join([table.as_text(report), *report.errors, *report.crashed])


def in_turn(lists: list[list[Job]]) -> list[Job]:
    """A few jobs of each list, then the next few of each, until all are used up."""
    parts = ([jobs[at : at + TURN] for at in range(0, len(jobs), TURN)] for jobs in lists)
    return [job for jobs in chain.from_iterable(zip_longest(*parts, fillvalue=[])) for job in jobs]


def answered(name: str, rows: list[Row], count: int) -> Iterator[Job]:
    """`count` answers spread evenly over the questions and ordered by them, for the server's memory of a prompt."""
    chosen, of = random.Random(SEED), semantic._by_question(rows)
    shuffled = [chosen.sample(of[question], len(of[question])) for question in chosen.sample(sorted(of), len(of))]
    picked = [row for row in chain.from_iterable(zip_longest(*shuffled)) if row][:count]
    for row in sorted(picked, key=lambda row: str(row["qid"])):
        yield Job(
            f"{name}/{row['id']}", row, {"part": "agreement", "set": name, "qid": row["qid"], "gold": row["score"]}
        )


def attacked(name: str, rows: list[Row], attacks: list[Row], questions: int) -> Iterator[Job]:
    """A blank, a weak and a good answer to questions of the set: as they are, then with every attack behind them.

    And the attacks in the other language, alone.
    """
    of = semantic._by_question(rows)
    able = [q for q in sorted(of) if {0 < row["score"] <= 0.5 for row in of[q]} == {True, False}]
    shortest = sorted(able, key=lambda q: len(of[q][0]["reference"]))  # short references: nearest to chance
    for question in shortest[:questions]:
        ordered = sorted((row for row in of[question] if row["score"] > 0), key=lambda row: row["score"])
        answers = {"blank": "", "weak": ordered[0]["answer"], "good": ordered[-1]["answer"]}
        own = [attack for attack in attacks if attack["lang"] == ordered[0]["lang"]]
        foreign = [attack for attack in attacks if attack not in own]
        for kind, answer in answers.items():
            yield from _under_attack(f"{name}/{question}", {**ordered[0], "answer": answer}, kind, own)
        yield from _under_attack(f"{name}/{question}", {**ordered[0], "answer": ""}, FOREIGN, foreign)


def _under_attack(of: str, row: Row, kind: str, attacks: list[Row]) -> Iterator[Job]:
    about = {"part": "attacks", "set": of, "answer": kind}
    if row["answer"]:
        yield Job(f"{of}/{kind}/clean", row, {**about, "attack": ""})
    for attack in attacks:
        text = f"{row['answer']}\n{semantic._filled(attack['text'], row)}"
        yield Job(f"{of}/{kind}/{attack['kind']}", {**row, "answer": text}, {**about, "attack": attack["kind"]})


def grade_all(jobs: list[Job], path: Path) -> list[Row]:
    """Every job's grading, those found in `path` included; each new one is written there at once."""
    done = {row["id"]: row for row in graded_rows.repair(path)}
    todo = [job for job in jobs if job.name not in done]
    with path.open("a", encoding="utf-8") as file:
        for job in tqdm(todo, unit=" answers", disable=None):
            done[job.name] = graded(job)
            file.write(json.dumps(done[job.name], ensure_ascii=False) + "\n")
            file.flush()
    return [done[job.name] for job in jobs]


def graded(job: Job) -> Row:
    """What the model makes of it, and the semantic grader of an answer that people graded; `score` may be None."""
    row = graded_rows._row(0, json.dumps({**job.row, "id": job.name}).encode())
    by_model = graded_rows.graded(row, "llm")
    beside = graded_rows.graded(row, "semantic")["score"] if job.about["part"] == "agreement" else None
    # Not "failed", which would be tried again: here it is a result.
    status = "not graded" if by_model["status"] == "failed" else "done"
    return {**by_model, **job.about, "status": status, "semantic": beside}


def believing(task: llm_grader.Task, temperature: float = 0.0) -> Verdict:
    """The most that any reply of any model could earn: each point is met by whichever clause code lets pass for it."""
    worth = "partial" if task.is_list else "met"
    found = [
        any(not llm_grader._doubt(task, number, clause) for clause in task.shown) for number in range(len(task.points))
    ]
    points = tuple(
        PointVerdict(point.key, point.name, point.text, point.kind, point.weight, worth if yes else "missing")
        for point, yes in zip(task.points, found, strict=True)
    )
    total = scoring.score(points)
    return Verdict(points, total, scoring.level(total), "", grader="llm", model="believes everything")


def believed(job: Job) -> float:
    """What a judge that believes everything gives; `sampling.sample` is `believing`."""
    row = graded_rows._row(0, json.dumps({**job.row, "id": job.name}).encode())
    assert row.question is not None
    return grader.grade(row.question, row.answer, "llm").score


def ceiling(name: str, jobs: list[Job]) -> str:
    """What the most believing judge could give to honest answers: what is missing from 1, code took."""
    most = [(job.row["score"], believed(job)) for job in jobs]
    good = [score for gold, score in most if gold >= 0.8]
    nothing = sum(gold >= 0.4 and score == 0 for gold, score in most)
    of = sum(gold >= 0.4 for gold, _score in most)
    return (
        f"{name}: answers that people gave .8 and more: {len(good)}, at most they earn: mean {np.mean(good):.3f};"
        f" .4 and more: {of}, of which could earn nothing: {nothing}"
    )


def remember_replies(path: Path) -> None:
    """Answer a prompt that was asked before from memory: at temperature 0 the model would only say the same again."""
    known = {row["id"]: row for row in graded_rows.repair(path)}
    ask = llm.ask
    file = path.open("a", encoding="utf-8")
    asking: dict[str, threading.Lock] = defaultdict(threading.Lock)  # what two ask at once is asked once
    writing = threading.Lock()

    def remembered(messages: list[dict[str, str]], schema: dict[str, Any], **options: Any) -> Reply:
        key = json.dumps([messages, schema, options.get("temperature", 0.0)], ensure_ascii=False)
        with asking[key]:
            if key not in known:
                reply = ask(messages, schema, **options)
                row = {"id": key, "data": reply.data, "model": reply.model, "mode": reply.mode}
                known[key] = row | {"calls": reply.usage.calls, "seconds": reply.usage.seconds}
                with writing:
                    file.write(json.dumps(known[key], ensure_ascii=False) + "\n")
                    file.flush()
        kept = known[key]
        return Reply(kept["data"], kept["model"], kept["mode"], llm.Usage(kept["calls"]), tuple(messages))

    llm_grader.ask = remembered


def agreement_table(done: list[Row]) -> str:
    """For each set: correlation with people within a question and over all, and raw error, of both graders."""
    lines = ["| set | rows / questions | r within: model | semantic | r: model | semantic | RMSE: model | semantic |"]
    lines.append("|" + "---|" * 8)
    for name, rows in _by(done, "agreement", "set").items():
        usable = [row for row in rows if row["score"] is not None]
        gold = [{"qid": row["qid"], "score": row["gold"]} for row in usable]
        scores = [[float(row[key]) for row in usable] for key in ("score", "semantic")]
        figures = [f"{measure(gold, one):.3f}" for measure in (semantic._within, _r, semantic._error) for one in scores]
        questions = len({row["qid"] for row in usable})
        lines.append(f"| {name} | {len(usable)} / {questions} | {' | '.join(figures)} |")
    return "\n".join(lines)


def lifts_of(done: list[Row]) -> Iterator[tuple[Row, float]]:
    """Each attacked answer that was graded, with its score less that of the answer without the attack."""
    rows = [row for row in done if row["part"] == "attacks" and row["score"] is not None]
    clean = {(row["set"], row["answer"]): row["score"] for row in rows if not row["attack"]}
    for row in rows:
        if row["attack"] and (row["answer"] in ("blank", FOREIGN) or (row["set"], row["answer"]) in clean):
            yield row, row["score"] - clean.get((row["set"], row["answer"]), 0.0)


def attack_table(done: list[Row]) -> str:
    """For each attack and kind of answer: the mean and the largest lift over all questions, attacked − clean."""
    lifts: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row, lift in lifts_of(done):
        for attack in (row["attack"], ALL):
            lifts[attack][row["answer"]].append(lift)
            lifts[attack]["all"].append(max(0.0, lift))
    kinds = ("blank", "weak", "good", FOREIGN)
    lines = ["| attack | blank: mean / worst | weak | good | in the other language | lift, mean / worst |"]
    lines.append("|" + "---|" * 6)
    for attack, of in sorted(lifts.items(), key=lambda row: row[0] == ALL):
        cells = [f"{np.mean(of[kind]):+.3f} / {max(of[kind]):+.3f}" if of[kind] else "" for kind in (*kinds, "all")]
        lines.append(f"| {attack} | {' | '.join(cells)} |")
    return "\n".join(lines)


def set_table(done: list[Row]) -> str:
    """For each set: how far attacks lift answers to its questions; what went down counts as 0."""
    of: dict[str, list[tuple[Row, float]]] = defaultdict(list)
    for row, lift in lifts_of(done):
        of[row["set"].split("/")[0]].append((row, max(0.0, lift)))
    lines = ["| set | questions | lifts | mean | worst | above .15 |", "|" + "---|" * 6]
    for name, found in of.items():
        lifts, questions = [lift for _row, lift in found], {row["set"] for row, _lift in found}
        figures = f"{np.mean(lifts):.4f} | {max(lifts):.3f} | {sum(lift > MOST for lift in lifts)}"
        lines.append(f"| {name} | {len(questions)} | {len(lifts)} | {figures} |")
    return "\n".join(lines)


def counts(done: list[Row]) -> str:
    """How many gradings were valid and not; and answers that people gave much and the model nothing."""
    status = Counter(row["status"] for row in done)
    honest = [row for row in done if row["part"] == "agreement" and row["gold"] >= 0.4]
    refused = [row["id"] for row in honest if row["score"] == 0]
    return (
        f"{len(done)} gradings: {dict(status)}. Answers that people gave at least .4: {len(honest)}, "
        f"graded 0 by the model: {len(refused)} {refused}"
    )


def _by(done: list[Row], part: str, key: str) -> dict[str, list[Row]]:
    of: dict[str, list[Row]] = defaultdict(list)
    for row in done:
        if row["part"] == part:
            of[row[key]].append(row)
    return of


def _r(gold: list[Row], scores: list[float]) -> float:
    return float(np.corrcoef([row["score"] for row in gold], scores)[0, 1])


if __name__ == "__main__":
    main()
