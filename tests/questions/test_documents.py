"""Question documents: text in, plain data out."""

import codecs

import pytest
from django.conf import settings

from questions.documents import DocumentError, ParsedDocument, ParsedQuestion, decode, parse
from questions.documents.points import points_of

SEEDS = settings.BASE_DIR.parent / "shared" / "seeds"


def read(*lines: str, name: str = "sample.md") -> ParsedDocument:
    return parse("\n".join(lines), name)


def only(*lines: str) -> ParsedQuestion:
    document = read(*lines)
    assert len(document.questions) == 1
    assert document.problems == ()
    return document.questions[0]


def numbers(document: ParsedDocument) -> list[str]:
    return [question.number for question in document.questions]


def messages(remarks) -> list[tuple[int, str]]:
    return [(remark.line, remark.message) for remark in remarks]


# --- Shapes ---


def test_our_own_shape_fills_every_field():
    document = read(
        "# Caches",
        "",
        "**Topic:** serving",
        "",
        "### 1. Warm caches",
        "",
        "**Question:** How do you warm a cache?",
        "**Difficulty:** 4",
        "**Time:** 5 minutes",
        "**Tags:** cache, latency",
        "**Kind:** coding",
        "",
        "**Answer:**",
        "",
        "1. **Replay:** send old requests.",
        "2. **Measure**: watch the hit rate.",
        "",
        "**Bonus:**",
        "- **Budget:** names a limit.",
        "",
        "**Pitfalls:**",
        "- A cache is always right.",
        "",
        "**Explanation:** Cold caches are slow.",
        "**Example:**",
        "```python",
        "# warm",
        "```",
        name="caches.en.md",
    )
    question = document.questions[0]
    assert (document.name, document.language, document.problems) == ("caches", "en", ())
    assert (question.number, question.line, question.title) == ("1", 5, "Warm caches")
    assert question.prompt == "How do you warm a cache?"
    assert question.reference == "1. **Replay:** send old requests.\n2. **Measure**: watch the hit rate."
    assert (question.explanation, question.examples) == ("Cold caches are slow.", "```python\n# warm\n```")
    assert (question.topic, question.difficulty, question.seconds) == ("serving", 4, 300)
    assert (question.tags, question.kind) == (("cache", "latency"), "coding")
    assert [(point.kind, point.name, point.text) for point in question.points] == [
        ("must", "Replay", "send old requests."),
        ("must", "Measure", "watch the hit rate."),
        ("should", "Budget", "names a limit."),
        ("pitfall", "", "A cache is always right."),
    ]


@pytest.mark.parametrize(
    "question, answer",
    [
        ("**题目：** 甲", "**答案：** 乙"),
        ("**题目**：甲", "**答案**：乙"),
        ("**题目:** 甲", "**答案:** 乙"),
        ("题目：甲", "答案：乙"),
        ("题目: 甲", "参考答案: 乙"),
        ("【题目】甲", "【答案】乙"),
        ("**题目：甲**", "**答案：乙**"),
        ("**题目**\n\n甲", "**答案**\n\n乙"),
        ("__问题：__ 甲", "*回答：* 乙"),
        ("#### 题目\n甲", "#### 答案\n乙"),
        ("**Question:** 甲", "**Reference answer:** 乙"),
        ("**问题（必答）：** 甲", "**答案（示例）：** 乙"),
        ("- **题目：** 甲", "- **答案：** 乙"),
    ],
)
def test_labels_bold_or_not_colon_inside_or_outside_text_beside_or_below(question, answer):
    parsed = only("### 1. 标题", question, answer)
    assert (parsed.title, parsed.prompt, parsed.reference) == ("标题", "甲", "乙")


@pytest.mark.parametrize(
    "heading, number, title",
    [
        ("### 7. Why?", "7", "Why?"),
        ("#### 面试题 7：为何？", "7", "为何？"),
        ("## Question 7: Why?", "7", "Why?"),
        ("# Q7: Why?", "7", "Why?"),
        ("### 第7题 为何？", "7", "为何？"),
        ("### 第七题：为何？", "7", "为何？"),
        ("### ７．为何？", "7", "为何？"),
        ("### 7、为何？", "7", "为何？"),
        ("### （7）为何？", "7", "为何？"),
        ("### **7. Why?**", "7", "Why?"),
        ("###7. Why?", "7", "Why?"),
        ("### 1.7 Why?", "1.7", "Why?"),
        ("### Why?", "1", "Why?"),
        ("**面试题 7：为何？**", "7", "为何？"),
        ("Q7. Why?", "7", "Why?"),
        ("**7. Why?**", "7", "Why?"),
    ],
)
def test_headings_give_number_and_title(heading, number, title):
    parsed = only(heading, "**答案：** x")
    assert (parsed.number, parsed.title, parsed.prompt, parsed.reference) == (number, title, title, "x")


def test_questions_without_any_heading():
    document = read("Q: One?", "A: First.", "", "Q: Two?", "A: Second.")
    assert [(question.prompt, question.reference) for question in document.questions] == [
        ("One?", "First."),
        ("Two?", "Second."),
    ]
    assert numbers(document) == ["1", "2"]


def test_questions_as_items_of_a_list_keep_their_nested_lists():
    document = read(
        "1. **题目：** 甲", "   **答案：** 乙", "   - **举例：** 深", "2. **题目：** 丙", "   **答案：** 丁"
    )
    assert [question.reference for question in document.questions] == ["乙\n- **举例：** 深", "丁"]


def test_lone_numbered_lines_above_answers_are_questions():
    document = read("1. 什么是甲？", "答案：一", "", "2. 什么是乙？", "", "答案：", "- 二")
    assert [(q.number, q.title, q.reference) for q in document.questions] == [
        ("1", "什么是甲？", "一"),
        ("2", "什么是乙？", "- 二"),
    ]


def test_a_chapter_with_several_questions_is_prose():
    document = read("## Chapter", "题目：甲", "答案：一", "题目：乙", "答案：二", "## Summary", "The end.")
    assert [(question.title, question.reference) for question in document.questions] == [("甲", "一"), ("乙", "二")]
    assert document.prose == "## Chapter\n## Summary\nThe end."


# --- What is not a label or a heading ---


@pytest.mark.parametrize("fence", ["```", "~~~", "````python"])
def test_code_is_kept_and_never_read(fence):
    end = fence.replace("python", "")
    code = [fence, "# 2. a comment", "**题目：** no", "答案：no", "\ttabbed", "", end]
    assert only("### 1. T", "**答案：**", *code).reference == "\n".join(code)


def test_unknown_labels_and_deeper_headings_stay_in_their_section():
    body = ["先说。", "", "**重要性：**", "", "- 甲", "", "#### 步骤", "", "说明。", "**解决问题：** 好"]
    assert only("### 1. T", "**答案：** " + body[0], *body[1:]).reference == "\n".join(body)


def test_labels_inside_the_list_of_an_answer_are_text():
    body = "1. **举例：** a\n   **解析：** b\n2. **题目：** c"
    parsed = only("### 1. T", "**题目：** t", "**答案：**", body, "**解析：** e")
    assert (parsed.reference, parsed.explanation) == (body, "e")


def test_a_label_that_comes_twice_stays_in_the_text():
    assert only("### 1. T", "**答案：** a", "**举例：** b", "**举例：** c").examples == "b\n\n**举例：** c"


def test_an_unclosed_fence_is_reported_where_it_opens():
    document = read("### 1. T", "**答案：** x", "```", "### 2. U", "**答案：** y")
    assert [line for line, _message in messages(document.problems)] == [3]
    assert "### 2. U" in document.questions[0].reference


# --- Numbers ---


def test_a_number_printed_again_gets_a_suffix_and_a_note():
    document = read("### 4. A", "答案：a", "### 4. B", "答案：b", "### 4. C", "答案：c")
    assert numbers(document) == ["4", "4-2", "4-3"]
    assert [line for line, _message in messages(document.notes)] == [3, 5]


def test_numbers_do_not_depend_on_words():
    before = read("### 1. A", "答案：a", "### B", "答案：b", "### 2. C", "答案：c")
    after = read("### 1. New", "答案：new", "### New too", "答案：x", "### 2. Newer", "答案：y")
    assert numbers(before) == numbers(after) == ["1", "2-2", "2"]


def test_tasks_listed_below_a_heading_are_drafts():
    document = read(
        "### 4. 练习题", "请完成：", "1. **排序：** 实现排序。", "2. 查找", "   - 二分", "", "### 4. B", "答案：b"
    )
    assert numbers(document) == ["4.1", "4.2", "4-2"]
    assert [(q.title, q.prompt, q.is_draft) for q in document.questions[:2]] == [
        ("排序", "**排序：** 实现排序。", True),
        ("查找", "查找\n- 二分", True),
    ]
    assert document.prose.split("\n") == ["### 4. 练习题", "请完成："]


def test_lists_in_prose_are_not_tasks():
    document = read("## 题目目录", "1. 甲", "## 总结", "1. 乙", "### 1. T", "答案：x")
    assert numbers(document) == ["1"]
    assert "1. 甲" in document.prose and "1. 乙" in document.prose


def test_asking_the_same_twice_is_a_note_not_a_problem():
    document = read("### 1. A", "题目：为何 慢？", "答案：a", "### 2. B", "题目：为何慢?", "答案：b")
    assert messages(document.notes) == [(4, "Question 2 asks the same as question 1.")]
    assert document.problems == ()


# --- Metadata ---


def test_a_documents_defaults_yield_to_a_questions_own_values():
    document = read("**难度：** 2", "**标签：** 甲、乙", "### 1. A", "难度：５", "答案：a", "### 2. B", "答案：b")
    assert [question.difficulty for question in document.questions] == [5, 2]
    assert document.questions[1].tags == ("甲", "乙")


@pytest.mark.parametrize(
    "label, word",
    [("Difficulty: 9", "1 to 5"), ("Time: abc", "30 to 7200"), ("Time: 5", "30 to 7200"), ("Kind: song", "coding")],
)
def test_a_bad_value_is_a_problem_that_says_what_to_write(label, word):
    document = read("### 1. T", f"**{label}**", "**Answer:** x")
    [(line, message)] = messages(document.problems)
    assert line == 2 and word in message
    assert (document.questions[0].difficulty, document.questions[0].seconds) == (3, 300)


def test_metadata_words_inside_an_answer_are_text():
    assert only("### 1. T", "答案：x", "Time: O(n)").reference == "x\nTime: O(n)"


@pytest.mark.parametrize(
    "name, text, expected",
    [
        ("a.zh.md", "### 1. T\nAnswer: x", ("a", "zh-hans")),
        ("folder/b.EN.markdown", "### 1. 题\n答案：x", ("b", "en")),
        ("c.v2.txt", "### 1. 用 Transformer 做什么？\n答案：翻译文本", ("c.v2", "zh-hans")),
        ("d.md", "### 1. What?\nAnswer: See 《论文》.", ("d", "en")),
    ],
)
def test_name_and_language(name, text, expected):
    document = parse(text, name)
    assert (document.name, document.language) == expected


# --- Points ---


def test_an_answer_without_a_list_gives_at_most_six_points_and_loses_no_sentence():
    text = "".join(f"第{n}句。" for n in range(20))
    points, _rest = points_of(text)
    assert 2 <= len(points) <= 6
    assert "".join(point.text for point in points) == text


def test_two_lists_with_the_same_names_give_each_point_once():
    points, rest = points_of("说：\n- **甲：** a\n- **乙：** b\n\n**用途：**\n\n- **甲：** c")
    assert [(point.name, point.text) for point in points] == [("甲", "a\nc"), ("乙", "b")]
    assert rest == ["说：", "**用途：**"]


def test_nested_items_belong_to_their_point():
    points, _rest = points_of("1. **A:** one\n   - deep\n     - deeper\n2. two")
    assert [(point.name, point.text) for point in points] == [("A", "one\n- deep\n  - deeper"), ("", "two")]


def test_fields_never_overflow_and_the_full_text_stays():
    long = "长" * 1000
    parsed = only(f"### 1. {long}", "题目：短", f"答案：\n- **{'名' * 200}：** x", f"**标签：** {'t' * 20}")
    assert len(parsed.title) == 300 and parsed.prompt == f"{long}\n\n短"
    assert len(parsed.points[0].name) == 120 and "名" * 200 in parsed.points[0].text


# --- Bad input ---


def test_line_ends_marks_and_unstorable_characters():
    document = parse("\ufeff### 1. T\r\n题目：a\x00b\r\n答案：x\ry\ud800\r\n", "a.md")
    assert document.questions[0].prompt == "a\ufffdb"
    assert document.questions[0].reference == "x\ny\ufffd"


def test_an_answer_without_question_and_an_empty_answer_are_problems():
    assert [line for line, _message in messages(read("**答案：** x").problems)] == [1]
    document = read("### 1. T", "题目：a", "**答案：**", "### 2. U", "答案：b")
    assert [line for line, _message in messages(document.problems)] == [1]
    assert [question.is_draft for question in document.questions] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "Q" + " " * 1_000_000,
        "题目：a\n答案：\n- **a" + " " * 1_000_000 + "x",
        "- " * 500_000,
        "> " * 500_000,
        "**题目" * 200_000,
        "".join("  " * depth + "- **答案：** x\n" for depth in range(500)),
        "### 4. T\n答案：x\n" * 5_000,
        "题目：a\n" + "**答案：** x\n" * 20_000,
        "",
    ],
    ids=range(9),
)
def test_hostile_texts_are_read_in_linear_time(text):
    assert parse(text, "hostile.md").name == "hostile"


@pytest.mark.parametrize(
    "data",
    [
        "题目：为何".encode(),
        codecs.BOM_UTF8 + "题目：为何".encode(),
        codecs.BOM_UTF16_LE + "题目：为何".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "题目：为何".encode("utf-16-be"),
        "题目：为何".encode("gb18030"),
    ],
)
def test_common_encodings_are_decoded(data):
    assert decode(data) == "题目：为何"


def test_utf_16_without_a_mark_is_decoded():
    assert decode("### 1. 题目\n".encode("utf-16-le")) == "### 1. 题目\n"


@pytest.mark.parametrize("data", [bytes(range(256)) * 10, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff", b"\0" * 99])
def test_other_files_are_refused_in_a_sentence(data):
    with pytest.raises(DocumentError, match="not a text file"):
        decode(data)


# --- Documents from the field ---


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the sample documents are not on this machine")
@pytest.mark.parametrize("pattern, questions, drafts", [("001*", 30, 0), ("002*", 20, 4), ("003*", 30, 0)])
def test_documents_from_the_field_are_read_whole(pattern, questions, drafts):
    [path] = SEEDS.glob(pattern + ".txt")
    text = decode(path.read_bytes())
    document = parse(text, path.name)
    assert document.problems == ()
    assert document.language == "zh-hans"
    assert sum(not question.is_draft for question in document.questions) == questions
    assert sum(question.is_draft for question in document.questions) == drafts
    assert all(question.points for question in document.questions if not question.is_draft)
    kept = set(document.prose.split("\n"))
    for question in document.questions:
        parts = (question.title, question.prompt, question.reference, question.explanation, question.examples)
        kept.update("\n".join(parts).split("\n"))
    assert [line for line in text.split("\n") if line.strip() and not _is_kept(line, kept)] == []


def _is_kept(line: str, kept: set[str]) -> bool:
    """Whether a source line is among the kept ones, whole or behind its label, heading marks or list number."""
    rests = [line, *(line.split(mark, 1)[1].strip() for mark in ("：** ", "：", ". ") if mark in line)]
    return line.strip() in {"**答案：**", "**举例：**", "**解析：**"} or any(rest in kept for rest in rests)
