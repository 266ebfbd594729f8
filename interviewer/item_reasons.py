"""Why a question should be looked at, in words for its curator, and what to look for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from interviewer.models import ItemStatistics

LABELS: dict[str, Promise] = {
    "order": gettext_lazy("Does not tell strong from weak"),
    "hard": gettext_lazy("Too hard"),
    "easy": gettext_lazy("Too easy"),
    "blank": gettext_lazy("Often left blank"),
    "slow": gettext_lazy("Takes longer than suggested"),
    "known": gettext_lazy("Asked very often"),
}

ADVICE: dict[str, Promise] = {
    "order": gettext_lazy("See whether a key point rewards the wrong thing, or the question can be misunderstood."),
    "hard": gettext_lazy(
        "See whether the question asks for what its key points expect, and whether they are too many."
    ),
    "easy": gettext_lazy("See whether the question gives its answer away, or its key points are too general."),
    "blank": gettext_lazy("See whether it says clearly what is wanted, and fits the interviews that ask it."),
    "slow": gettext_lazy("Suggest more time, or ask for less."),
    "known": gettext_lazy("Add questions on this topic, or let this one rest for a while."),
}


@dataclass(frozen=True)
class Reason:
    """One reason to look at a question: what was found, with its figures, and what to do about it."""

    code: str
    sentence: str

    @property
    def label(self) -> str:
        return str(LABELS[self.code])

    @property
    def advice(self) -> str:
        return str(ADVICE[self.code])


def reasons(item: ItemStatistics) -> list[Reason]:
    """The reasons that were found, the most harmful first."""
    return [Reason(code, _SENTENCES[code](item)) for code in item.codes]


def signed(r: float) -> str:
    """A correlation as it is printed: two decimals and a real minus."""
    return f"{r:.2f}".replace("-0.00", "0.00").replace("-", "−")


def minutes(seconds: float) -> str:
    """Seconds as m:ss."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def _order(item: ItemStatistics) -> str:
    assert item.discrimination is not None and item.discrimination_interval is not None
    low, high = item.discrimination_interval
    values = {"r": signed(item.discrimination), "low": signed(low), "high": signed(high), "n": item.pairs}
    if item.discrimination < 0:
        return (
            _(
                "Who does well on the other questions tends to do worse on this one: "
                "r = %(r)s (likely %(low)s to %(high)s, n = %(n)d)."
            )
            % values
        )
    return (
        _(
            "It hardly tells those who do well on the other questions from those who do not: "
            "r = %(r)s (likely %(low)s to %(high)s, n = %(n)d)."
        )
        % values
    )


def _hard(item: ItemStatistics) -> str:
    assert item.mean is not None
    told = _("Hardly anybody earns points: %(mean)d of 100 on average (n = %(n)d).")
    return told % {"mean": round(item.mean * 100), "n": item.scored}


def _easy(item: ItemStatistics) -> str:
    assert item.mean is not None
    told = _("Nearly everybody earns nearly all points: %(mean)d of 100 on average (n = %(n)d).")
    return told % {"mean": round(item.mean * 100), "n": item.scored}


def _blank(item: ItemStatistics) -> str:
    told = _("%(share)d%% of those who opened it left it blank (n = %(n)d).")
    return told % {"share": round(100 * item.blank / item.reached), "n": item.reached}


def _slow(item: ItemStatistics) -> str:
    assert item.seconds is not None and item.suggested is not None
    told = _("%(share)d%% needed longer than suggested: the median is %(used)s, suggested are %(guide)s (n = %(n)d).")
    share = round(100 * item.over / item.timed)
    return told % {"share": share, "used": minutes(item.seconds), "guide": minutes(item.suggested), "n": item.timed}


def _known(item: ItemStatistics) -> str:
    told = _(
        "It was asked in %(share)d%% of the interviews of the last 90 days that could ask it (n = %(n)d): "
        "its answer may get around."
    )
    return told % {"share": round(100 * item.exposed / item.could), "n": item.could}


_SENTENCES: dict[str, Callable[[ItemStatistics], str]] = {
    "order": _order,
    "hard": _hard,
    "easy": _easy,
    "blank": _blank,
    "slow": _slow,
    "known": _known,
}
