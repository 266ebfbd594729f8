"""Soft recall: how much of each key point's meaning stands somewhere in an answer, token by token.

A reference token is found to the degree that the nearest answer token is nearer than unrelated text would be. Tokens
that say nothing, or that the question hands out already, do not count.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .background import Background, Tokens, Vectors, at_length
from .words import FUNCTION_CHARACTERS, STOP, stem

NEXT_TO_NOTHING = 1e-6
# Of the way from chance to identity: the same word in another sentence is not quite the same vector, and its
# translation much less so.
FULL = 0.93
FULL_ACROSS = 0.33
_CJK = re.compile("[\u3400-\u9fff]")
_WORD = re.compile(r"[a-z0-9]")

Mask = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False)
class SoftReference:
    """The reference side of soft recall, the same for every answer to a question.

    `vectors` float32 [tokens, d] of unit length; `floors` float32 [lengths of an answer, tokens]; `weights` float32
    [tokens]; `members` bool [points, tokens]: which tokens belong to which key point; `asked` float32 [its tokens, d]:
    the question; `full`: the share of the way from chance to identity that counts as the same.
    """

    vectors: Vectors
    floors: Vectors
    weights: Vectors
    members: Mask
    asked: Vectors
    full: float = FULL

    @property
    def masses(self) -> Vectors:
        """float32 [points]: how many telling tokens each point has, in full ones."""
        return self.members @ self.weights


@dataclasses.dataclass(frozen=True, eq=False)
class Match:
    """How the tokens of an answer, `answer` float32 [answer tokens, d] of unit length, meet the reference's."""

    reference: SoftReference
    answer: Vectors

    @cached_property
    def nearness(self) -> Vectors:
        """float32 [tokens, answer tokens], cosines."""
        return self.reference.vectors @ self.answer.T

    def recall(self, point: int, heard: Mask) -> tuple[float, Vectors]:
        """The share 0..1 of point number `point` found in the answer tokens `heard` (bool [answer tokens]).

        Also what each answer token contributes to that share: float32 [answer tokens].
        """
        reference, given = self.reference, np.zeros(self.nearness.shape[1], np.float32)
        mine = np.flatnonzero(reference.members[point])
        mass = float(reference.weights[mine].sum())
        if mass < NEXT_TO_NOTHING or not heard.any():
            return 0.0, given
        near = np.where(heard, self.nearness[mine], -1.0)
        floors = at_length(reference.floors[:, mine], self.nearness.shape[1])
        found = above(near.max(1), floors, reference.full) * reference.weights[mine] / mass
        np.add.at(given, near.argmax(1), found)
        return float(found.sum()), given

    def beyond_question(self, point: int) -> Mask:
        """bool [answer tokens]: which stand nearer to point number `point` than to the question."""
        to_point = self.nearness[self.reference.members[point]].max(0, initial=-1.0)
        return to_point > (self.reference.asked @ self.answer.T).max(0, initial=-1.0)


def soft_reference(
    text: str,
    spans: Sequence[tuple[int, int]],
    tokens: Tokens,
    asked: str,
    asked_tokens: Tokens,
    own: Background,
    yardstick: Background,
) -> SoftReference:
    """`text` holds the key points at `spans`; `tokens` are its own, `asked_tokens` those of the question `asked`.

    Both texts are normalised and in lower case. `own` is the yardstick of their language, `yardstick` of the answers'.
    """
    vectors, offsets, question = own.centred(tokens), tokens.offsets, own.centred(asked_tokens)
    chance = own.floors(vectors)
    handed_out = above((vectors @ question.T).max(1, initial=0.0), chance[0])
    telling = _telling([text[start:end] for start, end in offsets], asked)
    members = np.array([(offsets[:, 0] >= start) & (offsets[:, 1] <= end) for start, end in spans])
    weights = _weights(telling, telling * (1 - handed_out) ** 2, members)
    if own is yardstick:
        return SoftReference(vectors, chance, weights, members, question)
    return SoftReference(vectors, yardstick.floors(vectors), weights, members, question, FULL_ACROSS)


def above(nearness: Vectors, floors: Vectors, full: float = FULL) -> Vectors:
    """Cosines as shares 0..1 of the way from what chance gives to `full`, a share of the way to identity."""
    return np.clip((nearness - floors) / (full * (1 - floors)), 0.0, 1.0)


def _weights(telling: Vectors, new: Vectors, members: Mask) -> Vectors:
    """A point whose words were all handed out by the question is known by all its telling words instead."""
    weights = new.astype(np.float32)
    for mine in members:
        if weights[mine].sum() < NEXT_TO_NOTHING:
            weights[mine] = telling[mine]
    return weights


def _telling(tokens: Sequence[str], asked: str) -> Vectors:
    """[tokens] 1 for what carries meaning of its own, 0 for function words, punctuation and words of the question."""
    known = {stem(word) for word in re.findall(r"[a-z0-9_+*#]+", asked)}
    return np.array([_tells(token.strip("▁ \n"), asked, known) for token in tokens], np.float32)


def _tells(token: str, asked: str, known: set[str]) -> bool:
    if _CJK.search(token):
        characters = set(_CJK.findall(token))
        return not characters <= FUNCTION_CHARACTERS and not (len(token) >= 2 and token in asked)
    return bool(_WORD.search(token)) and token not in STOP and stem(token) not in known
