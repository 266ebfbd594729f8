"""Filters that turn facts into what a person reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

import nh3
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from markdown_it import MarkdownIt

from interviewer import claims, grading, item_reasons, trials
from interviewer.grading.shape import written_in
from interviewer.highlight import Quote, Segment, highlight
from interviewer.highlight import quotes as quotes_of
from interviewer.models import Grade, in_words
from interviewer.scorecard import Result
from questions.models import RubricPoint

register = template.Library()

_TAGS = {"p", "br", "hr", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "h3", "h4", "h5", "h6",
         "table", "thead", "tbody", "tr", "th", "td", "a", "del", "s"}  # fmt: skip
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_MARKDOWN.options["maxNesting"] = 20
_LONGEST_MARKDOWN = 20_000  # characters; beyond that some texts take seconds, and no question is so long


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as HTML: no raw HTML, no images, only harmless tags and links; what is too long stays as it is."""
    return mark_safe(_rendered(text))  # noqa: S308 (cleaned below)


@lru_cache(maxsize=512)
def _rendered(text: str) -> str:
    if len(text) > _LONGEST_MARKDOWN:
        return format_html("<pre>{}</pre>", text)
    return nh3.clean(_MARKDOWN.render(text), tags=_TAGS, attributes={"a": {"href"}, "ol": {"start"}})


@register.filter
def language_of(text: str, default: str) -> str:
    """The `lang` of a text: what it is written in, or `default`, a question's language, where that cannot be told."""
    written = written_in(text)
    if written not in ("zh", "en") or default.startswith(written):
        return default
    return "zh-hans" if written == "zh" else "en"


@register.filter
def clock(seconds: float) -> str:
    """Seconds as m:ss, or h:mm:ss from an hour on."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


@register.filter
def spoken(length: timedelta) -> str:
    """A length of time in words."""
    return in_words(length)


@register.filter
def prompt_messages(prompt: str) -> list[dict[str, str]]:
    """The messages that a verdict's `prompt` holds, each with "role" and "content", exactly as they were sent."""
    return json.loads(prompt) if prompt else []


@register.filter
def of_100(score: float) -> int:
    """A score of 0–1 in points of 100."""
    return round(score * 100)


@register.filter
def signed(r: float) -> str:
    """A correlation: two decimals and a real minus."""
    return item_reasons.signed(r)


@register.filter
def signed_points(points: float) -> str:
    """What a point adds to a score of 100 or takes away: a real minus, one decimal where that says more."""
    rounded = round(points, 1)
    whole = rounded == int(rounded)
    return f"{'−' if rounded < 0 else ''}{abs(int(rounded)) if whole else abs(rounded)}"


@register.filter
def shares(points: list[dict[str, Any]]) -> list[trials.Share]:
    """The sum behind a score, point by point."""
    return trials.shares(points)


@register.filter
def lookup(mapping: Mapping[str, Any], key: str) -> Any:
    """`mapping[key]`, or the key itself."""
    return mapping.get(key, key)


@register.filter
def point_number(key: str) -> str:
    """The number of a point by its key: "p3" → "3"."""
    return key.removeprefix("p")


@register.filter
def point_numbers(keys: Sequence[str]) -> str:
    """The numbers of several points: "1, 3"."""
    return ", ".join(map(point_number, keys))


@register.filter
def to_show(points: list[Mapping[str, Any]], show_reference: bool) -> list[Mapping[str, Any]]:
    """The points a reader may see: without the reference, no pitfall that was avoided."""
    return [point for point in points if show_reference or point["kind"] != RubricPoint.Kind.PITFALL or fell(point)]


def fell(point: Mapping[str, Any]) -> bool:
    """Whether the answer makes the wrong statement of a pitfall."""
    return point["verdict"] in ("met", "partial")


@register.filter
def marked(result: Result, show_reference: bool) -> list[Segment]:
    """The answer cut at its evidence, as far as it is evidence for points that the reader may see."""
    points = to_show(result.verdict["points"], show_reference) if result.verdict else []
    return highlight(result.text, {point["key"]: point["spans"] for point in points})


@register.filter
def quotes(point: Mapping[str, Any] | None, text: str) -> list[Quote]:
    """The words of the answer that a point's verdict rests on; none where nobody judged it."""
    return quotes_of(text, point["spans"]) if point else []


@register.filter
def point_title(point: Mapping[str, Any], show_reference: bool) -> str:
    """A point by its name. What earned something was said by the candidate and may be told; the rest only by name."""
    if point["name"]:
        return point["name"]
    if show_reference or fell(point):
        return point["text"]
    return _("A point of the reference answer")


@register.filter
def verdict_label(point: Mapping[str, Any]) -> str:
    """A point's verdict in words; for a pitfall the words are about falling into it."""
    if point["kind"] == RubricPoint.Kind.PITFALL:
        return _("fell into it") if fell(point) else _("avoided")
    return {
        "met": pgettext("verdict", "met"),
        "partial": pgettext("verdict", "partly"),
        "missing": pgettext("verdict", "missing"),
        "contradicted": pgettext("verdict", "contradicted"),
    }[point["verdict"]]


@register.filter
def kind_label(kind: str) -> str:
    """A rubric point's kind in words."""
    return str(RubricPoint.Kind(kind).label)


@register.filter
def status_label(status: str) -> str:
    """A grade's status in words; "" where nobody has asked for a grade."""
    return str(Grade.Status(status).label) if status else _("Not sent to be graded")


@register.filter
def grader_label(grader: str) -> str:
    """A grader in words."""
    names = {"llm": _("Language model"), "semantic": _("Similarity to the reference answer"), "precheck": _("A rule")}
    names["person"] = _("A person")
    return names[grader]


@register.filter
def flag_text(code: str) -> str:
    """A verdict's flag as a sentence."""
    return grading.flag_text(code)


@register.filter
def browser_length(text: str) -> int:
    """A text's length as browsers count it, for pages that compare it with what a device keeps."""
    return claims.length(text)


@register.filter
def browser_checksum(text: str) -> int:
    """A text's checksum as browsers reckon it, likewise."""
    return claims.checksum(text)
