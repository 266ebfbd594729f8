"""Why a question should be looked at, in words for its curator, and what to look for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from interviewer.models import ItemStatistics

LABELS: dict[str, Promise] = {
    "order": gettext_lazy("Does not tell strong from weak"),
    "apart": gettext_lazy("People and the machine disagree"),
    "wrong": gettext_lazy("Candidates were right that something is wrong"),
    "hard": gettext_lazy("Too hard"),
    "easy": gettext_lazy("Too easy"),
    "blank": gettext_lazy("Often left blank"),
    "slow": gettext_lazy("Takes longer than suggested"),
    "known": gettext_lazy("Asked very often"),
    "stale": gettext_lazy("Not looked at for long"),
}

ADVICE: dict[str, Promise] = {
    "order": gettext_lazy("See whether a key point rewards the wrong thing, or the question can be misunderstood."),
    "apart": gettext_lazy("See whether its key points say clearly what earns them, and try answers on the grader."),
    "wrong": gettext_lazy("Read what they said, below, and mend the question, its answer or its key points."),
    "hard": gettext_lazy(
        "See whether the question asks for what its key points expect, and whether they are too many."
    ),
    "easy": gettext_lazy("See whether the question gives its answer away, or its key points are too general."),
    "blank": gettext_lazy("See whether it says clearly what is wanted, and fits the interviews that ask it."),
    "slow": gettext_lazy("Suggest more time, or ask for less."),
    "known": gettext_lazy("Add questions on this topic, or let this one rest for a while."),
    "stale": gettext_lazy("See whether it is still right, and confirm it; or change it."),
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


def _apart(item: ItemStatistics) -> str:
    told = _(
        "In %(share)d%% of the blind double scores the machine and a person are more than one level of six apart "
        "(n = %(n)d); on average the machine's score differs by %(points)s points of 100."
    )
    share = round(100 * item.far / item.doubles)
    return told % {"share": share, "n": item.doubles, "points": item.difference_of_100}


def _wrong(item: ItemStatistics) -> str:
    told = _("Of %(n)d who were asked, %(upheld)d said rightly that something is wrong with it or its grade.")
    return told % {"n": item.asked, "upheld": item.appeals_upheld}


def _stale(item: ItemStatistics) -> str:
    since = date_format(timezone.localtime(item.unlooked_since), "DATE_FORMAT")
    if item.reviewed_at is None:
        return _("Nobody has confirmed it since it came in so, on %(since)s.") % {"since": since}
    return _("Nobody has looked at it since %(since)s.") % {"since": since}


_SENTENCES: dict[str, Callable[[ItemStatistics], str]] = {
    "order": _order,
    "hard": _hard,
    "easy": _easy,
    "blank": _blank,
    "slow": _slow,
    "known": _known,
    "apart": _apart,
    "wrong": _wrong,
    "stale": _stale,
}
