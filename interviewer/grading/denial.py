"""Stretches of an answer that the answer itself takes back: "none of the following is true: …", "以上全是谣言".

Whoever pastes a reference and denies it has not said it. What is denied is left out before anything is compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from .copied import Copied
from .verdict import Span
from .words import units

_WRONG = (
    r"(?:[是都全属大]错|有误|错的|错了|错误的|错误(?=[：:])|不对|不正确|不准确|不成立|不是真|不属实|不实|不可信|不靠谱|没有道理|没道理|站不住|谣言|谣传|虚假|假的|谬|荒唐|胡说|胡扯|瞎"
    r"|误解|误区|迷思|反话|说反了|反着|没有一[句条个项点]|无一)"
)
_FALSE = (
    r"(?:(?:not|n['’]t) (?:\w+ ){0,2}(?:true|correct|right|valid|accurate|the case|so|hold)|false\b|wrong\b"
    r"|incorrect|untrue"
    r"|inaccurate|invalid|mistakes?\b|mistaken|nonsense|rubbish|bogus|myths?\b|lies?\b|fiction|misconceptions?|fallac|fake)"
)
_START = r"(?:^|(?<=[。！？!?\n;；.]))\s*"
# What comes after these words, up to where the answer turns to what it holds to be right, is denied.
_AHEAD = re.compile(
    rf"(?:以下|下面|下列|下述|如下|后面|接下来)[^。！？!?\n]{{0,24}}?{_WRONG}[^。：:，,\n]{{0,8}}"
    r"|\b(?:none|nothing|neither|no part|not one|not a word) (?:of |in )?(?:\w+ ){0,2}(?:following|below"
    r"|follows|next)[^.:\n]{0,40}"
    rf"|\b(?:following|below|what follows|next)\b[^.:\n]{{0,40}}?{_FALSE}"
    rf"|(?:我|本人|没有?人|谁也)[^。，,：:\n]{{0,6}}(?:不|反对|否认|怀疑|拒绝)[^。，,：:\n]{{0,6}}(?=[：:])"
    rf"|\bI (?:\w+ ){{0,2}}(?:(?:not|n['’]t|never) \w+|don['’]t \w+|deny|disagree|reject|doubt|dispute"
    rf"|refuse)[^.:\n]{{0,30}}(?=:)"
    rf"|{_START}[^。，,：:\n]{{0,8}}(?:错误|错的|不正确|不成立|谣言|虚假|假的|谬误|误解|误区)的?(?:说法|观点|看法|例子|回答|理解)?(?:是|如下)?(?=[：:])"
    rf"|{_START}(?:\w+ ){{0,4}}(?:(?:false|wrong|incorrect|untrue|mistaken) \w+|myths?|misconceptions?"
    rf"|lies)(?: \w+){{0,2}}(?=:)",
    re.IGNORECASE,
)
# What comes before these words is denied, up to the beginning.
_BEHIND = re.compile(
    rf"{_START}[^。，,\n]{{0,6}}(?:以上|上述|上面|前面|前述|前文|刚才|所有这些|这些[^。，,\n]{{0,6}}(?:都|全|统统|没))[^。！？!?\n]{{0,20}}?{_WRONG}"
    rf"|{_START}(?:\w+,? ){{0,3}}(?:none|nothing|neither|not one|not a word) (?:(?:of |in )?(?:\w+ ){{0,2}}"
    r"(?:above|preceding|previous|foregoing)|(?:of|in) (?:\w+ ){0,2}(?:this|that|these|those))\b"
    rf"|{_START}(?:\w+,? ){{0,4}}(?:above|preceding|foregoing|everything (?:I|above|before)|all (?:of )?(?:this"
    rf"|that|these|those|it))"
    rf"\b[^.:\n]{{0,40}}?{_FALSE}",
    re.IGNORECASE,
)
# One sentence is denied.
_SENTENCE = re.compile(
    r"(?:我|本人)[^。，,\n]{0,4}(?:不认为|不觉得|不相信|不同意|不赞同|不认可|不承认|反对|否认)"
    r"|\bI (?:\w+ )?(?:do not|don['’]t|cannot|can['’]t|never) (?:think|believe|agree|accept|claim|say)\b"
    r"|\bI (?:deny|disagree|reject|doubt|dispute)\b"
    r"|\bit (?:is|was)(?: simply| just| completely| totally)? (?:not true|not the case|untrue|false|wrong"
    r"|a myth|incorrect) (?:to say )?that\b"
    r"|(?:并非|并不是|根本不是|不是说|谁说|没有证据表明|绝不是)(?=[^。\n]{12})",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"正确的?(?:是|说法|做法|答案|应|理解)|实际上|事实上|其实|应该是|应当是|真正的"
    r"|\b(?:in fact|actually|instead|rather|the (?:truth|correct|right)|correctly|in reality)\b",
    re.IGNORECASE,
)
_END = re.compile(r"[。！？!?\n]|\.(?=\s|$)")
# Around a copied reference a shorter hint will do: nobody honest frames one with such words.
_HINT = re.compile(
    rf"{_WRONG}|{_FALSE}|不认为|不觉得|不相信|不同意|不赞同|反对|否认|并非|并不|绝非|绝不|相反|推翻|驳|反例|反面|别信|不是这样|没有的事|才怪|不然|未必"
    r"|\b(?:den(?:y|ied|ies)|disagree\w*|reject\w*|refut\w*|debunk\w*|contrary|opposite|never|none|doubt\w*|don['’]t"
    r"|do not|does not|cannot)\b|^\s*(?:不|not)\b",
    re.IGNORECASE,
)
# A long text that nobody writes again word for word is held up or held against something: any "not" will do.
_FAINT_HINT = re.compile(rf"{_HINT.pattern}|不|非|没有|\b(?:not|no|nor)\b", re.IGNORECASE)
AROUND = 40  # characters before and after a copied reference that frame it
HELD_UP = 60  # letters of a copied reference from which whatever else introduces it or recurs between holds it up
_LEAD = re.compile(r"[^。！？!?;；.\n]*[:：][\s\"“「『\d.、)）*-]*$")
_NEUTRAL = units("答案 回答 作答 解答 我的 如下 要点 answer answers solution reply points point follows here")


def denied(text: str, copied: Copied, labels: frozenset[str] = frozenset()) -> list[Span]:
    """(start, end) of the stretches of the normalised `text` that the answer denies as a whole.

    `labels` are words that may stand beside a copied reference without holding it up: its points' names, the question.
    """
    spans = (
        *_ahead(text),
        *_behind(text),
        *_sentences(text),
        *_framed(text, copied, labels),
        *_held_up(text, copied, labels),
    )
    return [span for span in spans if span[0] < span[1]]


def blank(text: str, spans: list[Span]) -> str:
    """`text` with the spans overwritten by blanks, so that all offsets stay."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _ahead(text: str) -> Iterator[Span]:
    for match in _AHEAD.finditer(text):
        turn = _TURN.search(text, match.end())
        yield match.start(), turn.start() if turn else len(text)


def _behind(text: str) -> Iterator[Span]:
    for match in _BEHIND.finditer(text):
        yield 0, match.end()


def _sentences(text: str) -> Iterator[Span]:
    for match in _SENTENCE.finditer(text):
        end = _END.search(text, match.end())
        yield match.start(), end.start() if end else len(text)


def _framed(text: str, copied: Copied, labels: frozenset[str]) -> Iterator[Span]:
    """The whole of a copied reference, if what stands around it or has been put between its words denies it."""
    if copied.is_reference:
        start, end = copied.span
        around = (text[max(0, start - AROUND) : start], text[end : end + AROUND])
        hint = _FAINT_HINT if copied.is_pasted else _HINT
        if any(hint.search(part) and not _is_label(part, labels) for part in (*around, *copied.between)):
            yield start, end


def _held_up(text: str, copied: Copied, labels: frozenset[str]) -> Iterator[Span]:
    """The whole of a long copied reference that other words lead in, or that the same words follow point by point.

    What such words say need not be understood ("only a layman believes: …"): an answer of one's own is not written
    word for word like the reference, between words that are about it.
    """
    if not copied.is_reference or copied.length < HELD_UP:
        return
    lead = _LEAD.search(text[: copied.span[0]])
    recurring = Counter(words for part in copied.between if (words := "".join(re.findall(r"[^\W\d_]+", part))))
    frames = [lead[0] if lead else "", *(words for words, times in recurring.items() if times > 1)]
    if not all(_is_label(frame, labels | _NEUTRAL) for frame in frames):
        yield copied.span


def _is_label(text: str, labels: frozenset[str]) -> bool:
    """Whether a text is but a number and known words."""
    return {unit for unit in units(text) if not unit.isdigit()} <= labels
