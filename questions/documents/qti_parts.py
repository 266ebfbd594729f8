"""The parts of a QTI 3 package as we write them, and the names that its reader looks for."""

from __future__ import annotations

import html
from collections.abc import Mapping

from questions.documents.parsed import ParsedDocument, ParsedPoint, ParsedQuestion

MANIFEST = "imsmanifest.xml"
ITEM_TYPE = "imsqti_item_xmlv3p0"
# Classes of rubric blocks: `use` alone cannot tell what they hold.
POINTS, MODEL_ANSWER, EXPLANATION, EXAMPLES = "key-points", "model-answer", "explanation", "examples"
# Catalogues of LOM identifiers.
NUMBER, SLUG = "interviewer-number", "interviewer-slug"
# Words of LOM's vocabularies.
LEVELS = {"very easy": 1, "easy": 2, "medium": 3, "difficult": 4, "very difficult": 5}
LIFE = {"draft": "draft", "revised": "review", "final": "published", "unavailable": "retired"}  # LOM has no "in review"
_LEVEL = {level: word for word, level in LEVELS.items()}
_LIFE = {status: word for word, status in LIFE.items()}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_CONTENT = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
_ITEM = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
_LOM = "http://ltsc.ieee.org/xsd/LOM"
_LANGUAGE = {"zh-hans": "zh-Hans", "en": "en"}


def manifest_part(document: ParsedDocument, files: Mapping[str, ParsedQuestion]) -> str:
    """The list of items, each with its metadata."""
    resources = "\n".join(_resource(question, document.language, file) for file, question in files.items())
    return f"""{_HEAD}<manifest xmlns="{_CONTENT}" identifier="questions">
<metadata><schema>QTI Package</schema><schemaversion>3.0.0</schemaversion></metadata>
<organizations/>
<resources>
{resources}
</resources>
</manifest>
"""


def item_part(question: ParsedQuestion, language: str, file: str) -> str:
    """One question as an item that a person scores."""
    form = "preformatted" if question.kind == "coding" else "plain"
    rubrics = [
        _rubric(POINTS, f"<ul>{''.join(map(_point, question.points))}</ul>"),
        _rubric(MODEL_ANSWER, _paragraphs(question.reference)),
        _rubric(EXPLANATION, _paragraphs(question.explanation)),
        _rubric(EXAMPLES, _paragraphs(question.examples)),
    ]
    return f"""{_HEAD}<qti-assessment-item xmlns="{_ITEM}" identifier="{_name(file)}" title="{_quoted(question.title)}"
 adaptive="false" time-dependent="false" xml:lang="{_LANGUAGE[language]}">
<qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="string"/>
<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float" external-scored="human"/>
<qti-item-body>
<qti-extended-text-interaction response-identifier="RESPONSE" expected-lines="12" format="{form}">
<qti-prompt>{_paragraphs(question.prompt)}</qti-prompt>
</qti-extended-text-interaction>
{"".join(rubrics)}</qti-item-body>
</qti-assessment-item>
"""


def _resource(question: ParsedQuestion, language: str, file: str) -> str:
    return f"""<resource identifier="{_name(file)}" type="{ITEM_TYPE}" href="{file}">
<metadata><lom xmlns="{_LOM}">
{_general(question, language)}
{_vocabulary("lifeCycle", "status", _LIFE.get(question.status, ""))}<educational>
<difficulty><source>LOMv1.0</source><value>{_LEVEL[question.difficulty]}</value></difficulty>
<typicalLearningTime><duration>PT{question.seconds}S</duration></typicalLearningTime>
</educational>
{_topic(question.topic, language)}</lom></metadata>
<file href="{file}"/>
</resource>"""


def _general(question: ParsedQuestion, language: str) -> str:
    names = {NUMBER: question.number, SLUG: question.slug}
    identifiers = [
        f"<identifier><catalog>{catalog}</catalog><entry>{_plain(entry)}</entry></identifier>"
        for catalog, entry in names.items()
        if entry
    ]
    keywords = [f"<keyword>{_string(tag, language)}</keyword>" for tag in question.tags]
    title = f"<title>{_string(question.title, language)}</title>"
    code = f"<language>{_LANGUAGE[language]}</language>"
    return f"<general>{''.join([*identifiers, title, code, *keywords])}</general>"


def _vocabulary(group: str, name: str, value: str) -> str:
    if not value:
        return ""
    return f"<{group}><{name}><source>LOMv1.0</source><value>{value}</value></{name}></{group}>\n"


def _topic(topic: str, language: str) -> str:
    if not topic:
        return ""
    purpose = "<purpose><source>LOMv1.0</source><value>discipline</value></purpose>"
    taxon = f"<taxon><entry>{_string(topic, language)}</entry></taxon>"
    source = f"<source>{_string('interviewer-topics', 'en')}</source>"
    return f"<classification>{purpose}<taxonPath>{source}{taxon}</taxonPath></classification>\n"


def _rubric(name: str, content: str) -> str:
    if not content:
        return ""
    view = "scorer" if name in (POINTS, MODEL_ANSWER) else "scorer tutor"
    return f"""<qti-rubric-block view="{view}" use="scoring" class="{name}">
<qti-content-body>{content}</qti-content-body>
</qti-rubric-block>
"""


def _point(point: ParsedPoint) -> str:
    name = f'<p class="name">{_lines(point.name)}</p>' if point.name else ""
    text = f'<div class="text">{_paragraphs(point.text)}</div>'
    return f'<li data-kind="{point.kind}" data-weight="{point.weight!r}">{name}{text}</li>'


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_lines(part)}</p>" for part in text.split("\n\n")) if text else ""


def _lines(text: str) -> str:
    return "<br/>".join(_plain(line) for line in text.split("\n"))


def _string(text: str, language: str) -> str:
    return f'<string language="{_LANGUAGE[language]}">{_plain(text)}</string>'


def _plain(text: str) -> str:
    return html.escape(text, quote=False)


def _quoted(text: str) -> str:
    """As an attribute, in which a reader would turn tabs and line ends into blanks."""
    return html.escape(text).replace("\n", "&#10;").replace("\t", "&#9;")


def _name(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".xml")
