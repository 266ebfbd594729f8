"""A decision packet for people to read: the content of its JSON file as a PDF, with that file attached.

The only import of fpdf. Chinese comes from Noto Sans SC, of which the characters that are used are embedded.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from fontTools.ttLib import TTFont
from fpdf import FPDF

from interviewer.models import Decision, Interview
from interviewer.pass_bands import Placed, Where
from interviewer.templatetags.interviewer_extras import flag_text, grader_label, kind_label, status_label, verdict_label

FONT = files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"
MOST_PRINTED = 20_000  # characters of one text; what is longer is read in the attachment
SMALL, PLAIN, LARGE, TITLE = 8.5, 10.5, 13, 18  # points
_LINE = 1.55  # of the size
_LONGEST_PIECE = 30  # characters of one word
_SOFT, _INK = (105, 102, 95), (29, 28, 26)
# What stands together on a line: a Chinese character or a word, with what opens before it and what closes after it.
_PIECES = re.compile(
    r"[（《「『【〈“‘]*(?:[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+)"
    r"[，。、；：？！）》」』】〉”’…]*\s*|\s+"
)

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every step


def write_pdf(said: Mapping[str, Any], json_file: bytes) -> bytes:
    """The content of a packet as a PDF, in the active language, with `json_file` attached as packet.json."""
    pdf = _Sheets(said)
    pdf.top()
    pdf.decision()
    pdf.score()
    for question in said["questions"]:
        pdf.question(question)
    pdf.timeline()
    pdf.provenance(json_file)
    pdf.embed_file(bytes=json_file, basename="packet.json", compress=True)
    return bytes(pdf.output())


@cache
def _known() -> frozenset[int]:
    """The characters that the font can draw."""
    with TTFont(str(FONT), lazy=True) as font:
        return frozenset(font.getBestCmap())


def _printable(text: str) -> str:
    """A text whose every character can be drawn: others are named, "[U+1F600]". At most two lines on end are blank."""
    text = re.sub(r"\n{4,}", "\n\n\n", text.replace("\r\n", "\n"))
    cut = text[:MOST_PRINTED]
    if len(cut) < len(text):
        cut += "\n" + _("[Cut here: the whole text stands in the attachment packet.json.]")
    return "".join(
        each if each in "\n" or ord(each) in _known() else " " if each.isspace() else f"[U+{ord(each):04X}]"
        for each in cut
    )


def _pieces(paragraph: str) -> Iterator[str]:
    """What a line is made of; what is too long for any line comes in parts."""
    for piece in _PIECES.findall(paragraph):
        yield from (piece[start : start + _LONGEST_PIECE] for start in range(0, len(piece), _LONGEST_PIECE))


def _when(iso: str | None) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(iso)), "DATETIME_FORMAT") if iso else "—"


class _Sheets(FPDF):
    """The pages; each method writes one part below the one before."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(format="A4")
        self.said = said
        self.set_title(f"{said['position']['title']}: {said['candidate']}")
        self.set_creator("interviewer")
        self.set_margins(22, 20)
        self.set_auto_page_break(True, 22)
        self.add_font("sans", fname=str(FONT))
        self.add_page()

    def footer(self) -> None:
        self.set_y(-14)
        self._style(SMALL, soft=True)
        said = self.said
        self.cell(0, 5, _printable(f"{said['position']['title']} · {said['candidate']}")[:90])
        self.set_x(self.l_margin)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")

    # --- Pieces ---

    def _style(self, size: float, soft: bool = False) -> None:
        self.set_font("sans", size=size)
        self.set_text_color(*(_SOFT if soft else _INK))

    def _text(self, text: str, size: float = PLAIN, soft: bool = False, indent: float = 0) -> None:
        self._style(size, soft)
        self._lines(text, self.l_margin + indent, self.epw - indent)

    def _lines(self, text: str, left: float, room: float) -> None:
        """A text from the present height on, in lines that end where Chinese and English lines may."""
        high = self.font_size * _LINE
        for line in self._wrapped(_printable(text), room):
            self.set_x(left)
            self.cell(room, high, line, new_x="LMARGIN", new_y="NEXT")

    def _wrapped(self, text: str, room: float) -> Iterator[str]:
        wide = cache(self.get_string_width)  # of a character: there is no kerning
        for paragraph in text.split("\n"):
            line, used = "", 0.0
            for piece in _pieces(paragraph):
                needed = sum(wide(each) for each in piece)
                if line and used + needed - (wide(" ") if piece.endswith(" ") else 0) > room:
                    yield line.rstrip()
                    line, used = "", 0.0
                line, used = line + piece, used + needed
            yield line.rstrip()

    def _head(self, text: str) -> None:
        if self.will_page_break(30):
            self.add_page()
        self.ln(6)
        self._text(text, LARGE)
        self.ln(1)

    def _facts(self, facts: Sequence[tuple[str, str]]) -> None:
        for name, value in facts:
            self._style(PLAIN, soft=True)
            self.cell(48, self.font_size * _LINE, _printable(name), new_x="LMARGIN", new_y="TOP")
            self._style(PLAIN)
            self._lines(value, self.l_margin + 48, self.epw - 48)

    # --- Parts ---

    def top(self) -> None:
        said, sitting = self.said, self.said["interview"]
        self._text(_("Decision packet"), SMALL, soft=True)
        self._text(said["position"]["title"], TITLE)
        self.ln(2)
        handed_in = _("%(when)s by %(who)s") % {
            "when": _when(sitting["submitted_at"]),
            "who": Interview.SubmittedBy(sitting["submitted_by"]).label,
        }
        self._facts(
            [
                (_("Candidate"), said["candidate"]),
                (_("Organisation"), said["organisation"]),
                (_("Started"), _when(sitting["started_at"])),
                (_("Handed in"), handed_in),
                (_("Version of the blueprint"), str(said["blueprint"]["version"])),
                (_("Packet made"), _when(said["made_at"])),
            ]
        )

    def decision(self) -> None:
        for n, each in enumerate([self.said["decision"], *self.said["earlier_decisions"]]):
            self._head(_("Decision") if n == 0 else _("An earlier decision, not in force"))
            self._text(str(Decision.Outcome(each["outcome"]).label), LARGE)
            self._text(f"{each['by'] or '—'} · {_when(each['at'])}", SMALL, soft=True)
            self._text(each["reason"])

    def score(self) -> None:
        self._head(_("Result"))
        score, reach = self.said["score"], self.said["score"]["band_of_100"]
        told = _("%(n)s of %(total)s answers") % {"n": score["graded"], "total": score["asked"]}
        said = _("none yet: it needs three graded answers")
        if reach:
            said = _("%(low)s–%(high)s of 100") % reach
        self._facts([(_("Graded"), told), (_("Band"), said)])
        if reach:
            told = _("where the result would lie with other questions of the same kind, nine times out of ten")
            self._text(told, SMALL, soft=True)
        for line in score.get("pass_bands", ()):
            self._text(str(Placed(line["name"], line["from"], Where(line["where"]))), indent=3)

    def question(self, question: Mapping[str, Any]) -> None:
        self._head(_("Question %(n)s: %(title)s") % {"n": question["position"], "title": question["asked"]["title"]})
        self._text(question["asked"]["prompt"], SMALL, soft=True)
        grade = next((each for each in question["grades"] if each["in_force"]), None)
        self.ln(2)
        self._text(_("Answer"), SMALL, soft=True)
        self._text(question["answer"] if question["answer"].strip() else _("Left blank."))
        self.ln(2)
        if grade is None:
            status = question["grades"][0]["status"] if question["grades"] else ""
            self._text(status_label(status))
        else:
            self._grade(question, grade)

    def _grade(self, question: Mapping[str, Any], grade: Mapping[str, Any]) -> None:
        self._text(_("%(n)s of 100") % {"n": round(question["score"] * 100)})
        for point in grade["points"]:
            kind = kind_label(point["kind"])
            self._text(f"{verdict_label(point)} · {point['name'] or point['text']} ({kind})", indent=3)
            for evidence in point["evidence"]:
                self._text(_("“%(words)s”") % evidence, SMALL, soft=True, indent=8)
            if point["reason"]:
                self._text(point["reason"], SMALL, soft=True, indent=8)
        for flag in grade["flags"]:
            self._text(flag_text(flag), SMALL, indent=3)
        told = f"{grader_label(grade['grader'])} · {grade['model'] or '—'} · {_when(grade['graded_at'])}"
        hashes = (("prompt", grade["prompt_sha256"]), ("rubric", grade["rubric_sha256"]))
        self._text(told, SMALL, soft=True)
        for name, value in hashes:
            if value:
                self._text(f"{name} {value}", SMALL, soft=True)

    def timeline(self) -> None:
        self._head(_("Timeline of the attempt"))
        for entry in self.said["timeline"]:
            at = timezone.localtime(datetime.fromisoformat(entry["at"]))
            self._text(f"{at:%Y-%m-%d %H:%M:%S}   {entry['text']}", SMALL)

    def provenance(self, json_file: bytes) -> None:
        said = self.said
        self._head(_("Is this packet genuine?"))
        self._text(
            _("“manage.py verify_packet FILE” on the server that made it says whether this file, or the attached "
              "packet.json, is ours and unchanged. All details, with the questions as they were asked, stand in the "
              "attachment."),
            SMALL,
        )  # fmt: skip
        self.ln(2)
        for name, value in (
            ("packet.json SHA-256", hashlib.sha256(json_file).hexdigest()),
            ("receipt SHA-256", said["interview"]["receipt_sha256"]),
            ("blueprint SHA-256", said["blueprint"]["sha256"]),
            (f"audit log, event {said['audit_head']['number']}", said["audit_head"]["sha256"]),
        ):
            self._text(f"{name}: {value or '—'}", SMALL, soft=True)
