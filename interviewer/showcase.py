"""The sample on the front page: a question of the starter bank, answered by us, graded by the semantic grader.

It is graded once, when the program is prepared, and kept as a file; without the file the front page has no sample.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from django.conf import settings

from interviewer import grading
from interviewer.exam.subject import code_hash
from interviewer.scorecard import Result, result_of
from questions.frozen import FrozenQuestion
from questions.models import Question

SAMPLES = {
    "zh-hans": (
        "compression-2-zh",
        "老师是大模型，学生是 1.5B 的小模型，目标是让小模型在工单分类这件事上接近大模型的效果。\n"
        "如果能拿到老师的概率分布，就用软标签来训练，里面有“第二像哪一类”的信息，比硬标签多；温度可以调高一些。\n"
        "学不好的情况：训练用的工单没有覆盖真实分布，缺少方言和长尾类别，上线以后这部分就会错。",
    ),
    "en": (
        "compression-2-en",
        "The large model is the teacher and the 1.5B model is the student; we want the small one to come close to the "
        "large one at ticket classification.\n"
        "If we can read the teacher's probabilities we train on soft labels, because they also say which class is the "
        "second most likely, which a hard label does not; a higher temperature makes that visible.\n"
        "It goes badly when the training tickets do not cover the real distribution: rare classes and dialects that "
        "are missing will be wrong in production.",
    ),
}


def _path(language: str) -> Path:
    return settings.DATA_DIR / "showcase" / f"{language}.json"


def ensure() -> None:
    """Grade the samples that are missing, or whose question or grader has changed since."""
    for language, (slug, text) in SAMPLES.items():
        question = Question.objects.published().filter(slug=slug).first()
        if question is not None and not _is_current(language, question.frozen(), text):
            _write(language, question.frozen(), text)


def _is_current(language: str, asked: FrozenQuestion, text: str) -> bool:
    kept = _read(language)
    return bool(kept) and (kept["asked"]["hash"], kept["text"], kept.get("code")) == (asked.hash, text, code_hash())


def _write(language: str, asked: FrozenQuestion, text: str) -> None:
    verdict = grading.grade(asked, text, "semantic")
    kept = {"asked": asked.to_json(), "text": text, "verdict": verdict.to_json(), "code": code_hash()}
    path = _path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".tmp").write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
    path.with_suffix(".tmp").replace(path)


def _read(language: str) -> dict:
    try:
        return json.loads(_path(language).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def load(language: str) -> Result | None:
    """The graded sample in a language, or None where none was made."""
    kept = _read(language)
    if not kept:
        return None
    answer = SimpleNamespace(
        position=1, asked=FrozenQuestion.from_json(kept["asked"]), text=kept["text"], seconds_used=0
    )
    grade = SimpleNamespace(verdict=kept["verdict"], score=kept["verdict"]["score"], status="done", reason="")
    return result_of(answer, grade)
