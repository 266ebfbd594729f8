"""Invariances: what may be changed about a good answer without changing its score."""

from __future__ import annotations

from collections.abc import Iterator

from interviewer.exam import bank
from interviewer.exam.bank import Sheet
from interviewer.exam.case import Case, no_change

# The characters of our own Chinese answers that are written otherwise in traditional script.
SIMPLIFIED = (
    "与两个么于会侧关写几删别动务单参发听后图学实对师应当径怀户执换据数无时显权条来构标样检欢没泄温滤点盖监码确种竞签简类"
    "线练结给胜规认让训许论评词话该误说读调账贵软转载输达过还这选邮里错链长间顺题风馏验骗齐"
)
TRADITIONAL = (
    "與兩個麼於會側關寫幾刪別動務單參發聽後圖學實對師應當徑懷戶執換據數無時顯權條來構標樣檢歡沒洩溫濾點蓋監碼確種競籤簡類"
    "線練結給勝規認讓訓許論評詞話該誤說讀調賬貴軟轉載輸達過還這選郵裡錯鏈長間順題風餾驗騙齊"
)
_TO_TRADITIONAL = str.maketrans(SIMPLIFIED, TRADITIONAL)
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_NARROW = str.maketrans("，。：；！？（）“”", ',.:;!?()""')


def invariance_cases(sheets: tuple[Sheet, ...]) -> list[Case]:
    """Every change to every good answer that does change it; each family is judged on its own."""
    changes = (_paraphrases, _orders, _layouts, _paddings, _scripts, _widths, _letters, _languages)
    return [case for sheet in sheets for change in changes for case in change(sheet) if case.text != case.other]


def traditional(text: str) -> str:
    """Our Chinese answers in traditional script."""
    return text.translate(_TO_TRADITIONAL)


def _paraphrases(sheet: Sheet) -> Iterator[Case]:
    yield no_change("paraphrase", "other words", sheet.question, sheet.paraphrase, sheet.good)


def _orders(sheet: Sheet) -> Iterator[Case]:
    points = sheet.points
    middle = len(points) // 2
    for kind, order in (
        ("reversed", points[::-1]),
        ("second half first", points[middle:] + points[:middle]),
        ("every other first", points[1::2] + points[::2]),
    ):
        yield no_change("order", kind, sheet.question, sheet.joined(order), sheet.good)


def _layouts(sheet: Sheet) -> Iterator[Case]:
    layouts = {
        "numbered list": "\n".join(f"{n}. {point}" for n, point in enumerate(sheet.points, 1)),
        "bullets": "\n\n".join(f"- {point}" for point in sheet.points),
        "one line each": "\n".join(sheet.points),
        "headings": "\n\n".join(f"## {n}\n\n{point}" for n, point in enumerate(sheet.points, 1)),
        "bold": "\n".join(f"* **{point}**" for point in sheet.points),
        "quoted": "\n>\n".join(f"> {point}" for point in sheet.points),
        "many blank lines": "\n\n\n\n".join(f"  {point}  " for point in sheet.points),
        "table": "| # | |\n|---|---|\n" + "\n".join(f"| {n} | {point} |" for n, point in enumerate(sheet.points, 1)),
    }
    for kind, text in layouts.items():
        yield no_change("layout", kind, sheet.question, text, sheet.good)


def _paddings(sheet: Sheet) -> Iterator[Case]:
    """Sentences that say nothing: between the points, and as a long lead and tail."""
    neutral = bank.texts("neutral", sheet.language)
    between = [part for pair in zip(sheet.points, neutral, strict=False) for part in pair]
    yield no_change("length", "fillers between", sheet.question, sheet.joined(between), sheet.good)
    yield no_change("length", "long lead", sheet.question, sheet.joined([*neutral, *sheet.points]), sheet.good)
    around = sheet.joined([*neutral, *sheet.points, *neutral])
    yield no_change("length", "lead and tail", sheet.question, around, sheet.good)


def _scripts(sheet: Sheet) -> Iterator[Case]:
    if sheet.language == "zh":
        for detail, text in (("good", sheet.good), ("weak", sheet.weak)):
            yield no_change("script", "traditional", sheet.question, traditional(text), text, detail)


def _widths(sheet: Sheet) -> Iterator[Case]:
    yield no_change("width", "full-width letters", sheet.question, _full_width(sheet.good), sheet.good)
    if sheet.language == "zh":
        narrow = sheet.good.translate(_NARROW)
        yield no_change("width", "half-width punctuation", sheet.question, narrow, sheet.good)
    else:
        typeset = sheet.good.replace("'", "’").replace("-", "‑").replace(", ", ",\u00a0")
        yield no_change("width", "typographic signs", sheet.question, typeset, sheet.good)


def _letters(sheet: Sheet) -> Iterator[Case]:
    yield no_change("case", "lower case", sheet.question, sheet.good.lower(), sheet.good)
    yield no_change("case", "upper case", sheet.question, sheet.good.upper(), sheet.good)


def _languages(sheet: Sheet) -> Iterator[Case]:
    """The same answer in the question's other language."""
    other = bank.other_edition(sheet)
    yield no_change("language", f"answered in {other.language}", sheet.question, other.good, sheet.good)


def _full_width(text: str) -> str:
    """Letters and digits full-width; punctuation stays, so that sentences still end."""
    return "".join(chr(_WIDE[ord(c)]) if c.isascii() and c.isalnum() else c for c in text)
