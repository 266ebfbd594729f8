"""QTI 3 packages: their structure as we promise it, and packages of other programs.

Round trips: `test_document_formats.py`. Files that are none: `tests/bad_input/test_packages.py`.
"""

from __future__ import annotations

import dataclasses
import io
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command

from questions.documents import ParsedDocument, ParsedPoint, ParsedQuestion, Unwritable, pack, unpack
from questions.importing import import_files, import_starter_bank
from questions.models import Document, Question
from tests.questions.packages import zipped

CONTENT = "{http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1}"
ITEM = "{http://www.imsglobal.org/xsd/imsqtiasi_v3p0}"
LOM = "{http://ltsc.ieee.org/xsd/LOM}"
QUESTION = ParsedQuestion(
    "4-2",
    0,
    'Why "caches" <&>\tat all?',
    "Why?\n\n```\n  x < y\n```\n\n\nThen?",
    "- **a:** b\n- c",
    explanation="Because.",
    topic="serving",
    difficulty=5,
    seconds=900,
    tags=("甲", "<b>"),
    points=(ParsedPoint("a", "b\n\n  c", "must", 2.0), ParsedPoint("", "wrong", "pitfall", 0.5)),
    status="retired",
    slug="caches-four",
)


def document(*questions: ParsedQuestion, language: str = "zh-hans") -> ParsedDocument:
    return ParsedDocument("a", language, questions, (), (), "")


def trees(data: bytes) -> dict[str, ET.Element]:
    """The parts of a package, each of them well-formed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: ET.fromstring(archive.read(name)) for name in archive.namelist()}


def read(parts: dict[str, str]) -> ParsedDocument:
    return unpack(zipped(parts), "a.en.zip").document


def check_structure(data: bytes, questions: int) -> None:
    """What a reader of QTI 3 may rely on."""
    parts = trees(data)
    manifest = parts.pop("imsmanifest.xml")
    assert manifest.tag == f"{CONTENT}manifest" and manifest.get("identifier")
    assert [child.tag.removeprefix(CONTENT) for child in manifest] == ["metadata", "organizations", "resources"]
    assert manifest.findtext(f"{CONTENT}metadata/{CONTENT}schema") == "QTI Package"
    assert manifest.findtext(f"{CONTENT}metadata/{CONTENT}schemaversion") == "3.0.0"
    resources = manifest.findall(f".//{CONTENT}resource")
    assert len(resources) == len(parts) == questions
    for resource in resources:
        assert resource.get("type") == "imsqti_item_xmlv3p0"
        assert [file.get("href") for file in resource.iter(f"{CONTENT}file")] == [resource.get("href")]
        assert resource.find(f"{CONTENT}metadata/{LOM}lom/{LOM}general/{LOM}language") is not None
        check_item(parts.pop(resource.get("href", "")), resource.get("identifier", ""))
    assert parts == {}


def check_item(item: ET.Element, identifier: str) -> None:
    assert item.tag == f"{ITEM}qti-assessment-item" and item.get("identifier") == identifier
    assert {"title", "adaptive", "time-dependent"} <= set(item.keys())
    order = ["qti-response-declaration", "qti-outcome-declaration", "qti-item-body"]
    assert [child.tag.removeprefix(ITEM) for child in item] == order
    [interaction] = item.iter(f"{ITEM}qti-extended-text-interaction")
    assert interaction.get("response-identifier") == item[0].get("identifier") == "RESPONSE"
    assert (item[0].get("cardinality"), item[0].get("base-type")) == ("single", "string")
    assert item[1].get("external-scored") == "human"
    [prompt] = interaction.iter(f"{ITEM}qti-prompt")
    assert "".join(prompt.itertext()).strip()
    for block in item.iter(f"{ITEM}qti-rubric-block"):
        assert block.get("use") == "scoring" and "scorer" in block.get("view", "").split()
        assert "candidate" not in block.get("view", ""), "what is for scorers is shown to candidates"
        assert [child.tag for child in block] == [f"{ITEM}qti-content-body"]


def test_an_item_says_all_of_its_question():
    data = pack(document(QUESTION), "qti")
    check_structure(data, 1)
    parts = trees(data)
    item, manifest = parts["items/q1.xml"], parts["imsmanifest.xml"]
    assert item.get("title") == QUESTION.title
    assert item.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hans"
    blocks = {block.get("class"): block for block in item.iter(f"{ITEM}qti-rubric-block")}
    assert set(blocks) == {"key-points", "model-answer", "explanation"}
    points = [(entry.get("data-kind"), entry.get("data-weight")) for entry in blocks["key-points"].iter(f"{ITEM}li")]
    assert points == [("must", "2.0"), ("pitfall", "0.5")]
    assert "".join(blocks["model-answer"].itertext()).strip() == "- **a:** b- c"

    def said(*path: str) -> list[str]:
        return ["".join(found.itertext()) for found in manifest.findall(".//" + "/".join(LOM + step for step in path))]

    assert said("difficulty", "value") == ["very difficult"]
    assert said("typicalLearningTime", "duration") == ["PT900S"]
    assert said("general", "language") == ["zh-Hans"]
    assert said("keyword", "string") == ["甲", "<b>"]
    assert said("status", "value") == ["unavailable"]
    assert said("taxon", "entry", "string") == ["serving"]
    assert said("identifier", "entry") == ["4-2", "caches-four"]


@pytest.mark.parametrize(
    "change",
    [{}, {"kind": "coding"}, {"points": ()}, {"reference": ""}, {"status": "draft"}, {"prompt": " a\n\n\n\n b\n"}],
)
def test_a_question_comes_back_exactly(change: dict):
    question = dataclasses.replace(QUESTION, **change)
    found = unpack(pack(document(question), "qti"), "a.zip").document
    assert found.language == "zh-hans"
    assert [dataclasses.replace(one, line=0) for one in found.questions] == [question]


def test_a_character_that_xml_cannot_hold_is_refused():
    with pytest.raises(Unwritable, match="U\\+000B"):
        pack(document(dataclasses.replace(QUESTION, reference="a\x0bb")), "qti")


MANIFEST = '<manifest><resources><resource type="{}" href="items/1.xml">{}</resource></resources></manifest>'
THREE = "imsqti_item_xmlv3p0"
ASK = "<qti-extended-text-interaction>{}</qti-extended-text-interaction>"


def package(body: str, metadata: str = "", kind: str = THREE) -> dict[str, str]:
    item = f'<qti-assessment-item title="Why?"><qti-item-body>{body}</qti-item-body></qti-assessment-item>'
    return {"imsmanifest.xml": MANIFEST.format(kind, metadata), "items/1.xml": item}


def test_an_item_of_another_program_is_read():
    prompt = "<div><p>Look at <b>this</b>.</p><ul><li>a</li><li>b<br/>c</li></ul></div>" + ASK.format("")
    time = (
        "<lom><educational><typicalLearningTime><duration>PT1M30S</duration></typicalLearningTime></educational></lom>"
    )
    [question] = read(package(prompt, f"<metadata>{time}</metadata>")).questions
    assert (question.number, question.title, question.seconds, question.difficulty) == ("1", "Why?", 90, 3)
    assert question.prompt == "Look at this.\n\na\n\nb\nc" and question.is_draft


BAD = {
    "QTI 2": (package(ASK.format("x"), kind="imsqti_item_xmlv2p2"), "no items of QTI 3"),
    "no resources": ({"imsmanifest.xml": "<manifest/>"}, "no items of QTI 3"),
    "a choice": (package("<qti-choice-interaction/>"), "Only items with an extended-text interaction"),
    "nothing to ask": (package(ASK.format("")), "“prompt” is missing"),
    "a weight that is none": (
        package(
            ASK.format("<qti-prompt>Why?</qti-prompt>")
            + '<qti-rubric-block class="key-points"><ul><li data-weight="NaN">a</li></ul></qti-rubric-block>'
        ),
        "“weight” must be a number",
    ),
    "a kind that is none": (
        package(
            ASK.format("<qti-prompt>Why?</qti-prompt>")
            + '<qti-rubric-block class="key-points"><ul><li data-kind="x">a</li></ul></qti-rubric-block>'
        ),
        "“kind” must be one of",
    ),
}


@pytest.mark.parametrize(("parts", "words"), BAD.values(), ids=BAD)
def test_an_item_that_cannot_be_used_is_told(parts: dict[str, str], words: str):
    found = read(parts)
    [problem] = found.problems
    assert found.questions == () and words in problem.message


@pytest.mark.django_db
def test_every_package_of_the_starter_bank_has_the_structure(tmp_path: Path):
    import_starter_bank()
    call_command("export_questions", str(tmp_path), "--format", "qti", stdout=io.StringIO())
    files = sorted(tmp_path.iterdir())
    assert {file.suffix for file in files} == {".zip"}
    for file in files:
        name, language, _zip = file.name.split(".")
        questions = Question.objects.filter(document__name=name, document__language__startswith=language)
        check_structure(file.read_bytes(), questions.count())


@pytest.mark.django_db
def test_the_bank_keeps_a_package_as_json(tmp_path: Path):
    path = tmp_path / "caches.en.zip"
    path.write_bytes(pack(document(QUESTION, language="en"), "qti"))
    [report] = import_files([path])
    assert (report.created, report.problems) == (1, [])
    assert Document.objects.get().source.startswith('{\n  "format": "interviewer-questions"')
