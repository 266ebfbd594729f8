"""Questions whose words are what readers and writers of documents trip over."""

from __future__ import annotations

import dataclasses

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from questions.documents import ParsedPoint, ParsedQuestion
from questions.documents.package import NOT_XML
from questions.documents.parsed import NAME_LENGTH, TITLE_LENGTH
from questions.documents.points import points_of

NASTY = st.sampled_from(
    [
        "**Answer:** no",
        "**题目：** 甲",
        "### 2. Two",
        "# One",
        "```python",
        "```",
        "~~~~ verbatim",
        "~~~~",
        "1. one",
        "- two",
        "  - three",
        "    code",
        "---",
        "***",
        "> quote",
        "<!-- open",
        "<script>",
        "Q: what?",
        "A: that.",
        "Why?",
        "为什么？",
        "**Rubric points:** none",
        "无",
        "none",
        "[must] x",
        "- [must ×2] **a:** b",
        "答案：乙",
        "**Difficulty:** 9",
        "题号：7",
        "\\**Answer:**",
        "🙂 ｆｕｌｌ：ｗｉｄｔｈ　",
        "|a|b|",
        "\t tab",
        " ",
        "",
        "**name:** text",
        "第1题 丙",
        "=1+1",
        "\u2028",
        "\x0b",
        "\\",
    ]
)
FREE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=30)
TEXT = st.lists(NASTY | FREE, min_size=0, max_size=6).map("\n".join).map(lambda text: text if text.strip() else "")
WORD = st.text(
    st.characters(exclude_categories=["Cs", "Zs", "Cc", "Zl", "Zp"], exclude_characters="\0\r,，、"),
    min_size=1,
    max_size=12,
)
SLUG = st.from_regex(r"[-\w]{1,12}", fullmatch=True)
LINE = (NASTY | FREE).map(lambda text: text.replace("\n", " ")[:TITLE_LENGTH]).filter(str.strip)
POINT = st.builds(
    ParsedPoint,
    name=st.just("") | LINE.map(lambda name: name[:NAME_LENGTH]).filter(str.strip),
    text=TEXT.filter(bool),
    kind=st.sampled_from(["must", "should", "pitfall"]),
    weight=st.sampled_from([1.0, 0.5, 2.0, 1 / 3]),
)


@st.composite
def questions(draw) -> ParsedQuestion:
    reference = draw(TEXT)
    derived = tuple(points_of(reference)[0][:40])
    return ParsedQuestion(
        number=draw(st.sampled_from(["1", "4-2", "4.1", "007", "A", "十"]) | WORD),
        line=0,
        title=draw(LINE),
        prompt=draw(TEXT.filter(bool)),
        reference=reference,
        explanation=draw(TEXT),
        examples=draw(TEXT),
        kind=draw(st.sampled_from(["discussion", "coding"])),
        topic=draw(WORD),
        difficulty=draw(st.integers(1, 5)),
        seconds=draw(st.integers(30, 7200)),
        tags=tuple(draw(st.lists(WORD, max_size=3, unique=True))),
        points=draw(st.just(derived) | st.lists(POINT, max_size=4).map(tuple)),
        status=draw(st.sampled_from(["", "draft", "published", "retired"])),
        slug=draw(st.just("") | SLUG),
    )


def without_controls(question: ParsedQuestion) -> ParsedQuestion:
    """The question with "x" for each character that XML cannot hold."""
    texts = {
        field.name: NOT_XML.sub("x", value)
        for field in dataclasses.fields(question)
        if isinstance(value := getattr(question, field.name), str)
    }
    points = tuple(
        dataclasses.replace(point, name=NOT_XML.sub("x", point.name), text=NOT_XML.sub("x", point.text))
        for point in question.points
    )
    tags = tuple(dict.fromkeys(NOT_XML.sub("x", tag) for tag in question.tags))
    return dataclasses.replace(question, **texts, points=points, tags=tags)


LANGUAGES = st.sampled_from(["zh-hans", "en"])
MANY = st.lists(questions(), min_size=1, max_size=4, unique_by=lambda question: question.number).map(tuple)
slowly = hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
