"""Word files: as people type them, and as we write them.

Round trips: `test_document_formats.py`. Files that are none: `tests/bad_input/test_packages.py`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from django.conf import settings
from django.core.management import call_command

from questions.documents import ParsedDocument, Unwritable, unpack, write_docx
from questions.documents.paragraphs import lines_of, paragraphs_of
from questions.importing import import_files
from questions.models import Document, Question
from tests import build
from tests.questions.packages import office, relations, zipped


def saved(document: docx.document.Document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def read(data: bytes, name: str = "caches.docx") -> tuple[ParsedDocument, str]:
    unpacked = unpack(data, name)
    return unpacked.document, unpacked.text


def word(body: str, **parts: str) -> bytes:
    """A Word file with this XML in its body; parts by their kinds."""
    found = office("word/document.xml", f"<document><body>{body}</body></document>")
    found["word/_rels/document.xml.rels"] = relations(*((kind, f"{kind}.xml") for kind in parts))
    return zipped({**found, **{f"word/{kind}.xml": text for kind, text in parts.items()}})


def p(text: str, style: str = "", more: str = "") -> str:
    """A paragraph; a text that begins with "<" is XML."""
    runs = text if text.startswith("<") else r(text)
    shape = f'<pStyle val="{style}"/>' if style else ""
    return f"<p><pPr>{shape}{more}</pPr>{runs}</p>"


def r(text: str, look: str = "") -> str:
    return f'<r><rPr>{look}</rPr><t space="preserve">{text}</t></r>'


ASKED = p("题目：什么是缓存？") + p("答案：先查缓存。")


# --- In ---


def test_a_document_typed_in_word_is_read():
    file = docx.Document()
    file.add_heading("缓存", level=0)
    file.add_heading("1. 谁先谁后", level=2)
    label = file.add_paragraph()
    label.add_run("题").bold = True
    label.add_run("目：").bold = True
    label.add_run("先写库还是先删缓存？")
    file.add_paragraph("难度：4")
    file.add_paragraph("标签：缓存，一致性")
    file.add_paragraph("")
    file.add_paragraph().add_run("答案：").bold = True
    for name, text in (("先写库：", "再删缓存。"), ("双删：", " 过一会儿再删。")):
        item = file.add_paragraph(style="List Number")
        item.add_run(name).bold = True
        item.add_run(text)
    file.add_paragraph("误区：")
    file.add_paragraph("两次都会成功。", style="List Bullet")
    file.add_heading("2. 热点", level=2)
    file.add_paragraph("题目：热点键怎么办？\n说出两种。")
    file.add_paragraph("答案：本地缓存。")
    found, text = read(saved(file))
    assert (found.name, found.language, found.problems) == ("caches", "zh-hans", ())
    first, second = found.questions
    assert (first.number, first.title, first.prompt) == ("1", "谁先谁后", "先写库还是先删缓存？")
    assert (first.difficulty, first.tags) == (4, ("缓存", "一致性"))
    assert first.reference == "1. **先写库：** 再删缓存。\n2. **双删：** 过一会儿再删。"
    assert [(point.name, point.text, point.kind) for point in first.points] == [
        ("先写库", "再删缓存。", "must"),
        ("双删", "过一会儿再删。", "must"),
        ("", "两次都会成功。", "pitfall"),
    ]
    assert second.prompt == "热点键怎么办？\n说出两种。"
    assert text.startswith("# 缓存\n\n## 1. 谁先谁后\n\n**题目：** 先写库")


STYLES = """<styles>
<style styleId="a"><name val="heading 2"/><pPr><outlineLvl val="1"/></pPr></style>
<style styleId="b"><name val="我的标题"/><basedOn val="a"/></style>
<style styleId="c"><name val="Source Code"/></style>
<style styleId="d"><name val="List Paragraph"/></style>
<style styleId="e"><name val="loop"/><basedOn val="e"/></style>
<style styleId="f"><name val="toc 1"/></style>
<style styleId="g"><name val="Strong"/><rPr><b/></rPr></style></styles>"""
NUMBERING = """<numbering>
<abstractNum abstractNumId="0"><lvl ilvl="0"><start val="1"/><numFmt val="decimal"/><lvlText val="第%1题"/></lvl>
<lvl ilvl="1"><start val="1"/><numFmt val="decimal"/><lvlText val="%1.%2)"/></lvl></abstractNum>
<abstractNum abstractNumId="1"><lvl ilvl="0"><numFmt val="bullet"/><lvlText val="o"/></lvl></abstractNum>
<num numId="1"><abstractNumId val="0"/></num><num numId="2"><abstractNumId val="1"/></num>
<num numId="3"><abstractNumId val="0"/><lvlOverride ilvl="0"><startOverride val="5"/></lvlOverride></num></numbering>"""


def listed(number: int, depth: int = 0) -> str:
    return f'<numPr><ilvl val="{depth}"/><numId val="{number}"/></numPr>'


MONO = '<rFonts ascii="Consolas"/>'
# The body's XML → the Markdown that it is read as.
BODIES: dict[str, tuple[str, str]] = {
    "a heading by its style": (p("甲", "b"), "## 甲"),
    "a heading by its outline": (p("甲", "", '<outlineLvl val="0"/>'), "# 甲"),
    "bold in a heading": (p(r("甲", "<b/>"), "a"), "## 甲"),
    "headings that Word counts": (p("甲", "a", listed(1)) + p("乙", "a", listed(1)), "## 第1题 甲\n\n## 第2题 乙"),
    "lists that are counted on": (p("a", "", listed(1)) + p("x") + p("b", "", listed(1)), "1. a\n\nx\n\n2. b"),
    "a list that begins anew": (p("a", "", listed(1)) + p("b", "", listed(3)), "1. a\n\n5. b"),
    "a list in a list": (
        p("a", "", listed(1)) + p("b", "", listed(1, 1)) + p("c", "", listed(2, 0)),
        "1. a\n   1) b\n\n- c",
    ),
    "a list that is switched off": (p("a", "", listed(0)), "a"),
    "a list that is none": (p("a", "", listed(99)), "a"),
    "items parted by empty lines": (p("a", "", listed(2)) + p("") + p("b", "", listed(2)), "- a\n\n- b"),
    "an item of two paragraphs": (p("a", "", listed(2)) + p("b", "d") + p("c"), "- a\n  b\n\nc"),
    "a label in the style of lists": (p("a", "", listed(2)) + p("误区：", "d"), "- a\n\n误区："),
    "prose in the style of lists": (p("a", "d") + p("b", "d"), "a\n\nb"),
    "a line break": (p("<r><t>a</t><br/><t>b</t><br type='page'/></r>"), "a\nb"),
    "a line break in an item": (p("<r><t>a</t><br/><t>b</t></r>", "", listed(2)), "- a\n  b"),
    "bold in pieces": (p(r("a ", "<b/>") + r("b ", "<b/>") + r("c")), "**a b** c"),
    "bold by a style": (p(r("a", '<rStyle val="g"/>') + r(" b")), "**a** b"),
    "bold switched off": (p(r("a", '<rStyle val="g"/><b val="0"/>')), "a"),
    "italics": (p(r("a", "<i/>") + r(" b")), "*a* b"),
    "a word of code": (p(r("call ") + r("f()", MONO)), "call `f()`"),
    "code in a typewriter's font": (p(r("if x:", MONO)) + p(r("    y()", MONO)), "```\nif x:\n    y()\n```"),
    "code by its style": (p("if x:", "c") + p("", "c") + p("  y()", "c"), "```\nif x:\n\n  y()\n```"),
    "code that has marks": (p("```python", "c") + p("x", "c") + p("```", "c"), "```python\nx\n```"),
    "marks within code": (p("a", "c") + p("```", "c") + p("b", "c"), "````\na\n```\nb\n````"),
    "indented text": (p("<r><tab/><t>a</t></r>"), "a"),
    "a table of contents": (p("1. 甲......3", "f") + p("a"), "a"),
    "a style that is based on itself": (p("a", "e"), "a"),
    "blanks that do not count": (p("<r><t> a </t></r>"), "a"),
    "a link": (p("<hyperlink><r><t>a</t></r></hyperlink>"), "a"),
    "a field": (p("<r><instrText>PAGE</instrText></r><r><t>a</t></r>"), "a"),
    "hidden text": (p(r("a", "<vanish/>") + r("b")), "b"),
    "a content control": (f"<sdt><sdtContent>{p('a')}</sdtContent></sdt>", "a"),
    "a table": (
        "<tbl><tr><tc>" + p("a") + "</tc><tc>" + p("b|c") + "</tc></tr><tr><tc>" + p("d") + "</tc></tr></tbl>",
        "| a | b\\|c |\n| --- | --- |\n| d |  |",
    ),
    "a frame": ("<tbl><tr><tc>" + p("a") + p("b") + "</tc></tr></tbl>", "a\n\nb"),
    "a form": (
        "<tbl><tr><tc>" + p("题目") + "</tc><tc>" + p("甲？") + "</tc></tr>"
        "<tr><tc>" + p("答案：") + "</tc><tc>" + p("a", "", listed(2)) + p("b", "", listed(2)) + "</tc></tr></tbl>",
        "**题目：**\n\n甲？\n\n**答案：**\n\n- a\n- b",
    ),
}


@pytest.mark.parametrize(("body", "text"), BODIES.values(), ids=BODIES)
def test_paragraphs_are_read_as_lines(body: str, text: str):
    assert read(word(body, styles=STYLES, numbering=NUMBERING))[1] == f"{text}\n"


# The body's XML and other parts → the text, a word of the remark.
CHANGED: dict[str, tuple[str, dict[str, str], str, str]] = {
    "text put in": (p("<ins><r><t>a</t></r></ins>"), {}, "a", "tracked changes"),
    "text taken out": (p("<del><r><delText>b</delText><t>c</t></r></del><r><t>a</t></r>"), {}, "a", "tracked changes"),
    "text moved": (
        p("<moveFrom><r><t>a</t></r></moveFrom>") + p("<moveTo><r><t>a</t></r></moveTo>"),
        {},
        "a",
        "tracked",
    ),
    "paragraphs joined": (p("a", "", "<rPr><del/></rPr>") + p("b"), {}, "ab", "tracked changes"),
    "a comment": (p("a"), {"comments": "<comments><comment>x</comment></comments>"}, "a", "comments in this file"),
    "a picture": (p("<r><drawing><t>x</t></drawing><t>a</t></r>"), {}, "a", "Pictures"),
    "a text box": (p("<r><AlternateContent><t>x</t></AlternateContent><t>a</t></r>"), {}, "a", "text boxes"),
    "a footnote": (p("<r><t>a</t><footnoteReference/></r>"), {}, "a", "notes"),
    "a formula": (p("<oMath><r><t>x</t></r></oMath><r><t>a</t></r>"), {}, "a", "formulas"),
    "merged cells": ("<tbl><tr><tc><tcPr><gridSpan/></tcPr>" + p("a") + "</tc></tr></tbl>", {}, "a", "merged cells"),
}


@pytest.mark.parametrize(("body", "parts", "text", "words"), CHANGED.values(), ids=CHANGED)
def test_what_is_read_otherwise_is_told(body: str, parts: dict[str, str], text: str, words: str):
    found, markdown = read(word(body, **parts))
    assert markdown.strip() == text
    [note] = [note for note in found.notes if words in note.message]
    assert note.line == 0


def test_a_file_without_any_of_that_has_no_remark():
    found, _text = read(word(ASKED, comments="<comments/>"))
    assert (found.notes, found.problems, len(found.questions)) == ((), (), 1)


def test_a_remark_quotes_its_paragraph():
    found, _text = read(
        word(p("缓存", "", '<outlineLvl val="0"/>') + p("") + p("题目：甲？") + p("难度：9") + p("答案：乙。"))
    )
    [problem] = found.problems
    assert problem.line == 4 and "难度：9" in problem.message and "1 to 5" in problem.message
    assert found.questions[0].line in (1, 3)


# --- Out ---


def test_the_starter_bank_is_pleasant_in_word():
    for path in sorted((settings.BASE_DIR / "questions" / "starter").glob("*.md")):
        source = path.read_text(encoding="utf-8")
        paragraphs = paragraphs_of(source)
        assert not [one for one in paragraphs if one.kind == "literal"], path.name
        assert "\n".join(line.text for line in lines_of(paragraphs)) == source.strip("\n")


def test_word_finds_headings_lists_and_bold_labels():
    text = (
        "### 1. Why?\n\n**Question:** Why `f()`?\n\n**Answer:**\n\n3. **a:** b\n4. c\n   - d\n\n```python\nx = 1\n```\n"
    )
    paragraphs = docx.Document(io.BytesIO(write_docx(text))).paragraphs
    assert [(one.style.name, one.text) for one in paragraphs] == [
        ("Heading 3", "1. Why?"),
        ("Normal", "Question: Why f()?"),
        ("Normal", "Answer:"),
        ("List Paragraph", "a: b"),
        ("List Paragraph", "c"),
        ("List Paragraph", "d"),
        ("Code", "```python\nx = 1\n```"),
    ]
    assert [(run.text, run.bold, run.style.name) for run in paragraphs[1].runs][::2] == [
        ("Question:", True, "Default Paragraph Font"),
        ("f()", None, "Code Char"),
    ]


# Markdown with one question, in shapes that Word does not know.
AWKWARD = {
    "a loose list": "- a\n\n- b",
    "numbers that jump": "1. a\n5. b",
    "the same number": "1. a\n1. b",
    "stars": "* a\n* b",
    "a list right below": "text\n- a\n- b",
    "text right below a heading": "a\n\n#### h\nb",
    "two blank lines": "a\n\n\nb",
    "an indented list": "  - a\n    - b",
    "hard breaks": "a  \nb\\\nc",
    "nested emphasis": "**a *b* c** and ***d*** and __e__",
    "bold without a blank": "**a：**b",
    "code in bold": "**`a`** and ``b ` c``",
    "code alone": "`a`",
    "a quotation": "> a\n> - b",
    "a table": "| a | b |\n|---|---|\n| c | d |",
    "an indented block": "    a\n\n      b",
    "HTML": "<b>\na\n</b>",
    "two fences": "```\na\n```\n\n~~~\nb\n~~~",
    "code within an item": "- a\n\n  ```\n  b\n  ```\n- c",
    "two lists": "- a\n\n1. b\n\n* c",
    "blanks at the ends": " a\u3000\n\tb",
    "three paragraphs within an item": "1. a\n\n   b\n\n   c\n2. d",
}


@pytest.mark.parametrize("answer", AWKWARD.values(), ids=AWKWARD)
def test_what_word_does_not_know_comes_back_all_the_same(answer: str):
    text = f"### 1. Why?\n\n**Question:** Why?\n\n**Answer:**\n\nx\n\n{answer}\n\ny\n"
    found, _text = read(write_docx(text), "a.en.docx")
    [question] = found.questions
    assert question.reference == f"x\n\n{answer}\n\ny"


@pytest.mark.parametrize("char", ["\x0b", "\x0c", "\x1f", "\ufffe"])
def test_a_character_that_word_cannot_hold_is_refused(char: str):
    with pytest.raises(Unwritable, match=f"U\\+{ord(char):04X} in line 3"):
        write_docx(f"### 1. Why?\n\n**Question:** W{char}hy?\n\n**Answer:** x\n")


@pytest.mark.django_db
def test_prose_goes_to_word_and_comes_back(tmp_path: Path):
    question = "## 1. Why?\n\n**Question:** Why?\n\n**Answer:** Because."
    source = f"# Caches\n\nRead this first.\n\n{question}\n\n## Sources\n\nNone.\n"
    path = tmp_path / "caches.en.md"
    path.write_text(source)
    import_files([path])
    call_command("export_questions", str(tmp_path / "out"), "--format", "docx", stdout=io.StringIO())
    [file] = (tmp_path / "out").iterdir()
    assert "Read this first." in [one.text for one in docx.Document(str(file)).paragraphs]
    build.without_history()
    Question.objects.all().delete()
    Document.objects.all().delete()
    import_files([file])
    assert Document.objects.get().source.strip() == source.strip()


@pytest.mark.django_db
def test_what_is_edited_in_word_changes_the_question_and_no_other(tmp_path: Path):
    path = tmp_path / "caches.en.md"
    path.write_text("# 1. Why?\n\n**Answer:** Because.\n\n# 2. How?\n\n**Answer:**\n\n- So.\n")
    import_files([path])
    call_command("export_questions", str(tmp_path / "out"), "--format", "docx", stdout=io.StringIO())
    [path] = (tmp_path / "out").iterdir()
    edit(path, lambda paragraphs: paragraphs[-1].add_run(" And on."))
    [report] = import_files([path])
    assert (report.created, report.updated, report.unchanged, report.problems) == (0, 1, 1, [])
    assert Question.objects.get(number="2").reference == "- So. And on."


def edit(path: Path, change: Callable[[list], object]) -> None:
    file = docx.Document(str(path))
    change(file.paragraphs)
    file.save(str(path))
