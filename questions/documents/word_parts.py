"""The parts of a Word file that are the same in each: its styles, and lists as they are asked for."""

from __future__ import annotations

from collections.abc import Iterable

from questions.documents.word_styles import CODE, LITERAL

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_SIZES = (36, 32, 28, 26, 24, 24)  # of headings, in half points
_INDENT = 420  # twentieths of a point: two Chinese characters
_BULLETS = "•◦▪"
_MONO = '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas" w:cs="Consolas"/><w:noProof/><w:sz w:val="20"/>'


def _heading(level: int) -> str:
    size = _SIZES[level - 1]
    return f"""<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>
<w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/>
<w:pPr><w:keepNext/><w:spacing w:before="240" w:after="120"/><w:outlineLvl w:val="{level - 1}"/></w:pPr>
<w:rPr><w:b/><w:sz w:val="{size}"/></w:rPr></w:style>"""


def _block(identifier: str, name: str, fill: str) -> str:
    return f"""<w:style w:type="paragraph" w:customStyle="1" w:styleId="{identifier}"><w:name w:val="{name}"/>
<w:basedOn w:val="Normal"/><w:qFormat/>
<w:pPr><w:shd w:val="clear" w:color="auto" w:fill="{fill}"/><w:jc w:val="left"/></w:pPr>
<w:rPr>{_MONO}</w:rPr></w:style>"""


_STYLES = f"""{HEAD}<w:styles xmlns:w="{WORD}">
<w:docDefaults><w:rPrDefault><w:rPr>
<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="SimSun" w:cs="Calibri"/><w:sz w:val="22"/>
</w:rPr></w:rPrDefault>
<w:pPrDefault><w:pPr><w:spacing w:after="120" w:line="288" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>
<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>
<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont"><w:name w:val="Default Paragraph Font"/>
</w:style>
{"".join(_heading(level) for level in range(1, 7))}
<w:style w:type="paragraph" w:styleId="ListParagraph"><w:name w:val="List Paragraph"/><w:basedOn w:val="Normal"/>
<w:qFormat/><w:pPr><w:ind w:left="{_INDENT}"/><w:contextualSpacing/></w:pPr></w:style>
{_block("Code", CODE, "F2F2F2")}
{_block("Markdown", LITERAL, "FFF8E1")}
<w:style w:type="character" w:customStyle="1" w:styleId="CodeChar"><w:name w:val="{CODE} Char"/><w:qFormat/>
<w:rPr>{_MONO}</w:rPr></w:style>
</w:styles>"""

FRAME = {
    "[Content_Types].xml": f"""{HEAD}<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>
<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/>
<Override PartName="/word/numbering.xml" ContentType="{_TYPE}.numbering+xml"/>
</Types>""",
    "_rels/.rels": f"""{HEAD}<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>
</Relationships>""",
    "word/_rels/document.xml.rels": f"""{HEAD}<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/>
<Relationship Id="rId2" Type="{_OFFICE}/numbering" Target="numbering.xml"/>
</Relationships>""",
    "word/styles.xml": _STYLES,
}


def numbering_part(lists: Iterable[tuple[str, int]]) -> str:
    """Lists numbered from 1, each of which begins at its marker ("-", "3.", "1)") at its depth."""
    kinds = {"-": 0, ".": 1, ")": 2}
    numbers = [
        f'<w:num w:numId="{place}"><w:abstractNumId w:val="{kinds[marker[-1]]}"/>{_start(marker, depth)}</w:num>'
        for place, (marker, depth) in enumerate(lists, start=1)
    ]
    abstract = "".join(_abstract(place, mark) for mark, place in kinds.items())
    return f'{HEAD}<w:numbering xmlns:w="{WORD}">{abstract}{"".join(numbers)}</w:numbering>'


def _start(marker: str, depth: int) -> str:
    if marker == "-":
        return ""
    start = f'<w:startOverride w:val="{int(marker[:-1])}"/>'
    return f'<w:lvlOverride w:ilvl="{depth}">{start}</w:lvlOverride>'


def _abstract(place: int, mark: str) -> str:
    levels = "".join(_level(depth, mark) for depth in range(9))
    return f"""<w:abstractNum w:abstractNumId="{place}"><w:multiLevelType w:val="hybridMultilevel"/>{levels}
</w:abstractNum>
"""


def _level(depth: int, mark: str) -> str:
    form, text = ("bullet", _BULLETS[depth % 3]) if mark == "-" else ("decimal", f"%{depth + 1}{mark}")
    left = _INDENT * (depth + 1)
    return f"""<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>
<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{left}" w:hanging="{_INDENT}"/></w:pPr></w:lvl>
"""
