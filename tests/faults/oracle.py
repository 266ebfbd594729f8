"""An interview in plain Python and whole seconds: what the verbs must do, told a second time and without a database.

Each verb says what comes of it, as a word: "ok", or why not. A refusal changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TRANSIT = 10  # seconds
CLOCKS_DIFFER = 2
CLOCK, NOBODY = "clock", "nobody"


@dataclass(frozen=True)
class Rules:
    """What a template says, in seconds."""

    length: int
    expiry: str = "autosubmit"
    grace: int = 0
    pauses: int = 0


@dataclass
class Sitting:
    """One person's sitting. Times are seconds since noon."""

    person: str
    rules: Rules
    started: int
    deadline: int = 0
    texts: list[str] = field(default_factory=lambda: ["", ""])
    revisions: list[int] = field(default_factory=lambda: [0, 0])
    paused: tuple[int, int] | None = None
    pause_used: int = 0
    by_managers: int = 0
    made_good: set[int] = field(default_factory=set)  # each second that was given back
    handed_in: tuple[int, str] | None = None
    grades: int = 0  # of each answer

    def __post_init__(self) -> None:
        self.deadline = self.deadline or self.started + self.rules.length

    @property
    def ends(self) -> int:
        return self.deadline + self.rules.grace

    @property
    def is_open(self) -> bool:
        return self.handed_in is None

    def is_paused(self, at: int) -> bool:
        return self.paused is not None and at < self.paused[1]

    def is_expired(self, at: int) -> bool:
        return self.is_open and self.paused is None and at > self.ends + TRANSIT

    def own_clock(self, at: int) -> int:
        """`at` less the pause it is in, which counts for as long as it has lasted and no longer than it may."""
        if self.paused is None or at < self.paused[0]:
            return at
        return at - (min(at, self.paused[1]) - self.paused[0])

    # --- The candidate ------------------------------------------------------------

    def save(self, which: int, text: str, revision: int, at: int) -> str:
        if self.is_open and self.is_paused(at):
            return "paused"
        if not self.is_open or self.paused or at > self.ends + TRANSIT:
            return "closed"  # a pause that is over must be ended first, which a page does
        if text == self.texts[which]:
            return "ok"
        if revision != self.revisions[which]:
            return "conflict"
        self.texts[which] = text
        self.revisions[which] += 1
        return "ok"

    def submit(self, at: int, by: str) -> str:
        if not self.is_open:
            return "ok"
        if not self.is_paused(at) and self.own_clock(at) > self.ends + TRANSIT:
            by = CLOCK
        if by == CLOCK and self.own_clock(at) < self.ends - CLOCKS_DIFFER:
            return "ok"
        self.end_pause(at)
        if by == CLOCK:
            at = min(at, self.ends)
            by = NOBODY if self.rules.expiry == "abandon" else CLOCK
        self.handed_in = (at, by)
        self.grades = 0 if by == NOBODY else 1
        return "ok"

    # --- The clock ------------------------------------------------------------------

    def pause(self, at: int) -> str:
        if not self.is_open:
            return "closed"
        if self.is_paused(at):
            return "ok"
        running_out = self.paused[1] - self.paused[0] if self.paused else 0
        if at >= self.deadline + running_out:
            return "closed"
        left = self.rules.pauses - self.pause_used - running_out
        if left <= 0:
            return "none left"
        self.end_pause(at)
        self.paused = (at, at + left)
        return "ok"

    def end_pause(self, at: int) -> str:
        if self.is_open and self.paused:
            since, bound = self.paused
            end = max(min(at, bound), since)
            self.deadline += end - since
            self.pause_used += end - since
            self.made_good |= set(range(since, end))
            self.paused = None
        return "ok"

    def extend(self, length: int, seen: int) -> str:
        if not self.is_open:
            return "closed"
        if seen != self.by_managers:
            return "already"
        self.by_managers += 1
        self.deadline += length
        return "ok"

    def credit(self, since: int, until: int) -> str:
        since = max(since, self.started)
        if not self.is_open or self.own_clock(since) > self.ends + TRANSIT:
            return "ok"
        lost = set(range(since, until))
        given = lost - self.made_good - set(range(*(self.paused or (0, 0))))
        if given:
            self.deadline += len(given)
            self.made_good |= lost
        return "ok"


@dataclass
class World:
    """All sittings, in the order in which they began."""

    sittings: list[Sitting] = field(default_factory=list)

    def start(self, person: str, rules: Rules, at: int) -> int:
        """The number of the person's sitting under these rules: the open one, or one that begins now."""
        self.sweep(at, person)
        for number, each in enumerate(self.sittings):
            if each.is_open and (each.person, each.rules) == (person, rules):
                return number
        self.sittings.append(Sitting(person, rules, at))
        return len(self.sittings) - 1

    def sweep(self, at: int, person: str = "") -> None:
        """Close what is over. Who looks for one person ends everybody's pauses that are over, if there is cause."""
        mine = [each for each in self.sittings if each.is_open and person in ("", each.person)]
        if not any(each.is_expired(at) or (each.paused and each.paused[1] <= at) for each in mine):
            return
        for each in self.sittings:
            if each.is_open and each.paused and each.paused[1] <= at:
                each.end_pause(at)
        for each in mine:
            if each.is_expired(at):
                each.submit(at, CLOCK)
