"""The words that question documents are labelled with, in Chinese and English, and how a line is recognised as one."""

from __future__ import annotations

import dataclasses
import re
import unicodedata

# A document may say these once for all of its questions; the others belong to one question each.
INHERITED = ("topic", "difficulty", "seconds", "tags", "kind")
METADATA = (*INHERITED, "status", "title", "number", "slug")

_VOCABULARY = {
    "question": "题目 面试题 试题 考题 编程题 算法题 算法编程题 问答题 简答题 选择题 思考题"
    " 问题 提问 问 题目描述 问题描述"
    "|question|interview question|coding question|q|problem",
    "answer": "答案 参考答案 标准答案 示例答案 满分答案 回答 参考回答 解答 参考解答 答 答案要点 参考要点"
    "|answer|reference answer|model answer|sample answer|suggested answer|solution|a",
    "explanation": "解析 详解 详细解析 题目解析 解析说明 解释 分析 解题思路|explanation|analysis|rationale",
    "answer or explanation": "答案解析 满分答案解析 答案及解析 答案与解析 答案和解析|answer and explanation",
    "examples": "举例 举例说明 例子 示例 实例 案例 代码示例 示例代码 代码实例 源代码实例"
    "|example|examples|code example|code examples|example code|sample code",
    "bonus": "加分项 加分点 加分|bonus|bonus points|nice to have|extra credit",
    "pitfalls": "误区 常见误区 常见错误 错误说法 陷阱"
    "|pitfall|pitfalls|common pitfalls|common mistakes|misconceptions|common misconceptions",
    "topic": "主题 话题 领域 类别|topic|category",
    "difficulty": "难度 难度等级 难度级别|difficulty|difficulty level",
    "seconds": "时长 时间 建议时长 建议用时 用时 限时 作答时间 答题时间"
    "|time|time limit|duration|suggested time|seconds",
    "tags": "标签 关键词 关键字|tag|tags|keywords",
    "kind": "类型 题型 题目类型|kind|type|question type",
    "rubric": "评分点 题目评分点|rubric points",
    "status": "题目状态|question status",
    "title": "题目标题|question title",
    "number": "题号|question number",
    "slug": "题目标识|question slug",
}
_KINDS = {
    word: kind for kind, words in _VOCABULARY.items() for word in (*words.split("|")[0].split(), *words.split("|")[1:])
}
# Also used for parts of an answer: they start a new question only where they are the document's own label.
_WEAK = {"问题", "提问", "问", "题目描述", "问题描述", "problem"}

_NUMERAL = r"(?:\d{1,9}(?:\.\d{1,4}){0,3}|[一二三四五六七八九十]{1,3})"
_SHAPE = re.compile(
    r"(?P<bold>\*{1,3}|__)?\s*(?P<bracket>【)?(?P<word>[^:：*_【】]{1,40})(?(bracket)】)\s*(?P<colon>[:：])?"
    r"(?(bold)(?:\s*(?P<closed>(?P=bold)))?\s*(?P<outer>[:：])?)"
)
_WORD_NUMBER = re.compile(rf"(?P<word>\D*?)\s*[#№(]?\s*(?P<number>{_NUMERAL})\s*\)?")
_NTH = re.compile(rf"第\s*(?P<number>{_NUMERAL})\s*(?:道题|个问题|道|题|问)")
_ASIDE = re.compile(r"\s*\([^()]*\)$")
_HEAD = re.compile(
    rf"(?:(?P<word>[^\W\d_]{{1,9}}(?: question)?)\s*[#№]?\s*(?P<number>{_NUMERAL})"
    rf"|{_NTH.pattern.replace('number', 'nth')})"
    r"(?:\s*(?P<mark>[.．、)）:：|—–-])\s*|(?P<gap>\s+)|$)",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"[(（\[【]\s*(?P<inside>\d{1,9})\s*[)）\]】]\s*[.．、:：]?\s*"
    r"|(?P<plain>\d{1,9}(?:\.\d{1,4}){0,3})\s*(?:[.．](?!\d)|[、)）：]|:(?=\s))\s*"
    r"|(?P<dotted>\d{1,9}(?:\.\d{1,4}){1,3})\s+"
)
# No label is longer; a bound on what the patterns look at keeps them linear in the length of a line.
_REACH = 200
_NUMERALS = "零一二三四五六七八九"


@dataclasses.dataclass(frozen=True)
class Label:
    """A recognised label: what it announces, the word itself, its number ("" if none) and the text after it."""

    kind: str
    word: str
    text: str
    number: str = ""
    bold: bool = False

    @property
    def is_weak(self) -> bool:
        return self.word in _WEAK


def bare(text: str) -> str:
    """`text` without the emphasis that wraps it as a whole."""
    for mark in ("***", "**", "__"):
        inner = text[len(mark) : -len(mark)]
        if text.startswith(mark) and text.endswith(mark) and inner.strip() and mark not in inner:
            return inner.strip()
    return text


def plain_number(numeral: str) -> str:
    """`numeral` in ASCII digits: full-width and Chinese numerals (up to 99) are converted."""
    numeral = unicodedata.normalize("NFKC", numeral)
    if numeral[:1].isdecimal():
        return numeral
    tens, ten, ones = numeral.rpartition("十")
    if not ten:
        return "".join(str(_NUMERALS.index(digit)) for digit in numeral)
    units = _NUMERALS.find(ones) if ones else 0
    return str((_NUMERALS.find(tens) if tens else 1) * 10 + max(units, 0))


def split_number(text: str) -> tuple[str, str]:
    """("3", "rest") for "3. rest", "３、rest", "(3) rest", "1.2 rest"; ("", text) where no number is printed."""
    if not (match := _NUMBER.match(text, 0, _REACH)):
        return "", text
    numeral = match["inside"] or match["plain"] or match["dotted"]
    return plain_number(numeral), text[match.end() :]


def match_label(text: str, *, heading: bool = False) -> Label | None:
    """The label that `text` begins with, bold or not, with its colon inside or outside, or none in a heading."""
    return _labelled(text, heading) or _numbered_head(text, heading) or _label_after_number(text, heading)


def _labelled(text: str, heading: bool) -> Label | None:
    if not (match := _SHAPE.match(text, 0, _REACH)):
        return None
    rest = text[match.end() :].strip()
    alone = not rest and (heading or bool(match["closed"]))
    if not (match["colon"] or match["outer"] or match["bracket"] or alone):
        return None
    if not (known := _known(match["word"])):
        return None
    bold = match["bold"] or ""
    if bold and not match["closed"]:
        rest = rest.removesuffix(bold) if rest.endswith(bold) else bold + rest
    kind, word, number = known
    return Label(kind, word, rest, number, bool(bold) or heading)


def _known(raw: str) -> tuple[str, str, str] | None:
    """(kind, word, number) for a label's text, or None for words that mean nothing here."""
    word = " ".join(unicodedata.normalize("NFKC", raw).casefold().split())
    if match := _NTH.fullmatch(word):
        return "question", "第", plain_number(match["number"])
    for candidate in (word, _ASIDE.sub("", word)):
        if candidate in _KINDS:
            return _KINDS[candidate], candidate, ""
    match = _WORD_NUMBER.fullmatch(word)
    if match and (kind := _KINDS.get(match["word"].strip())):
        return kind, match["word"].strip(), plain_number(match["number"])
    return None


def _numbered_head(text: str, heading: bool) -> Label | None:
    """ "Q1. What …", "第1题 …" or, in headings, "Question 1 What …"."""
    text = bare(text)
    match = _HEAD.match(text, 0, _REACH)
    if not match or not (heading or (match["mark"] or "-") in ".．、)）:："):
        return None
    word = (match["word"] or "第").casefold()
    if match["word"] and _KINDS.get(word) != "question":
        return None
    return Label("question", word, text[match.end() :].strip(), plain_number(match["number"] or match["nth"]), True)


def _label_after_number(text: str, heading: bool) -> Label | None:
    """ "1. Question: …": a printed number before the label of a question."""
    number, rest = split_number(text)
    label = _labelled(rest, heading) if number else None
    return dataclasses.replace(label, number=number) if label and label.kind == "question" else None
