"""A radar chart as geometry: values of 100 in, outlines and marks out. Templates draw it as SVG, CSS colours it.

Each series has a mark of its own shape, so that none is known by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MOST_SERIES = 5
LEAST_AXES = 3  # fewer span no area
WIDTH, HEIGHT, RADIUS = 480, 310, 110  # of the drawing, in its own units
_MARK = 4.5  # half as wide as a mark


@dataclass(frozen=True)
class Spoke:
    """One axis: where it ends, and where its label stands."""

    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str
    label: str


@dataclass(frozen=True)
class Series:
    """One outline: `outline` for a polygon, `marks` one path for all its marks, `key` the mark alone for a legend."""

    number: int
    outline: str
    marks: str
    key: str


@dataclass(frozen=True)
class Radar:
    """The whole drawing; `rings` are polygons at 25, 50, 75 and 100."""

    spokes: list[Spoke]
    rings: list[str]
    series: list[Series]

    width, height = WIDTH, HEIGHT
    middle_x, middle_y = WIDTH / 2, HEIGHT / 2


def radar(axes: Sequence[str], values: Sequence[Sequence[int | None]]) -> Radar | None:
    """A series for each of `values`, on one axis for each name; None where there are too few axes.

    What is not known (None) is left out of an outline: it is never drawn as 0.
    """
    if len(axes) < LEAST_AXES:
        return None
    count = len(axes)
    rings = [_outline([_place(n, count, level) for n in range(count)]) for level in (25, 50, 75, 100)]
    return Radar(
        [_spoke(n, count, label) for n, label in enumerate(axes)],
        rings,
        [_series(number, row, count) for number, row in enumerate(values, start=1)],
    )


def mark(number: int, x: float, y: float) -> str:
    """The path of a series' mark around a point: circle, square, triangle, diamond or cross."""
    r = _MARK
    return {
        1: f"M{x - r:.1f} {y:.1f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z",
        2: f"M{x - r:.1f} {y - r:.1f}h{2 * r}v{2 * r}h{-2 * r}z",
        3: f"M{x:.1f} {y - r:.1f}l{r} {2 * r}h{-2 * r}z",
        4: f"M{x:.1f} {y - r - 1:.1f}l{r + 1} {r + 1}l{-r - 1} {r + 1}l{-r - 1} {-r - 1}z",
        5: f"M{x - r:.1f} {y - r:.1f}l{2 * r} {2 * r}M{x + r:.1f} {y - r:.1f}l{-2 * r} {2 * r}",
    }[number]


def _series(number: int, row: Sequence[int | None], count: int) -> Series:
    places = [_place(n, count, value) for n, value in enumerate(row) if value is not None]
    return Series(number, _outline(places), "".join(mark(number, *place) for place in places), mark(number, 12, 8))


def _place(n: int, count: int, value: float) -> tuple[float, float]:
    angle = 2 * math.pi * n / count
    return (
        WIDTH / 2 + math.sin(angle) * RADIUS * value / 100,
        HEIGHT / 2 - math.cos(angle) * RADIUS * value / 100,
    )


def _outline(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _spoke(n: int, count: int, label: str) -> Spoke:
    x, y = _place(n, count, 100)
    label_x, label_y = _place(n, count, 114)
    lean = label_x - WIDTH / 2
    anchor = "middle" if abs(lean) < 1 else "start" if lean > 0 else "end"
    return Spoke(round(x, 1), round(y, 1), round(label_x, 1), round(label_y + 4, 1), anchor, label)
