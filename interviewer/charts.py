"""Small bar charts as geometry: counts in, rectangles and labels out. Templates draw them as SVG, CSS colours them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 320, 168  # of the drawing, in its own units
LEFT, TOP, BOTTOM = 4, 22, 140  # where the bars begin, end at most, and stand
GAP = 3  # between two bars
LEAST = 1.5  # a bar of something is seen


@dataclass(frozen=True)
class Bar:
    """One bar: its rectangle, what it stands for, the number above it, and that number's middle."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: str
    middle: float


@dataclass(frozen=True)
class Tick:
    """A label under the bars, and where; the outermost ones lean inwards."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Chart:
    """A bar chart. `mark` is where a line crosses the bars, if anywhere."""

    bars: list[Bar]
    ticks: list[Tick]
    mark: float | None = None

    width, height, top, bottom = WIDTH, HEIGHT, TOP, BOTTOM


def bar_chart(
    heights: Sequence[float],
    labels: Sequence[str],
    values: Sequence[str],
    edges: Sequence[tuple[float, str]],
    mark: float | None = None,
    full: float | None = None,
) -> Chart:
    """Bars of these heights, the highest (or `full`) as high as there is room.

    `edges` are labels under the bars at places of the axis, `mark` is another place; places count in bars.
    """
    step = (WIDTH - 2 * LEFT) / len(heights)
    highest = full or max(heights) or 1
    bars = []
    for n, (height, label, value) in enumerate(zip(heights, labels, values, strict=True)):
        tall = max(LEAST, (BOTTOM - TOP) * height / highest) if height else 0.0
        x = LEFT + n * step
        bars.append(
            Bar(
                x=round(x + GAP / 2, 1),
                y=round(BOTTOM - tall, 1),
                width=round(step - GAP, 1),
                height=round(tall, 1),
                label=label,
                value=value,
                middle=round(x + step / 2, 1),
            )
        )
    ticks = [Tick(round(LEFT + place * step, 1), text, _anchor(place, len(heights))) for place, text in edges]
    return Chart(bars, ticks, None if mark is None else round(LEFT + min(mark, len(heights)) * step, 1))


def _anchor(place: float, count: int) -> str:
    return "start" if place <= 0 else "end" if place >= count else "middle"
