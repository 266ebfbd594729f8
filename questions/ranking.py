"""How search weighs meaning against words: pure sums over numpy arrays, measured in benchmarks/search.md."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]

# A reference answer says more than a question does, and its cosine tells questions of one pattern apart.
ANSWER_WEIGHT = 2.0
# What full coverage is worth in standard deviations of closeness.
COVERAGE_WEIGHT = 16.0


def standardised(values: Scores) -> Scores:
    """`values` with mean 0 and deviation 1; values that do not differ (or a single one) become 0. NaN stays NaN."""
    known = values[~np.isnan(values)]
    if not known.size:
        return values
    deviation = float(known.std())
    return (values - known.mean()) / (deviation if deviation > 1e-6 else 1.0)


def closeness(question_cosines: Scores, answer_cosines: Scores) -> Scores:
    """One figure per candidate for how near in meaning it is, standardised over the candidates.

    Both arguments hold one cosine per candidate, NaN where it has no vector of that part: the other part
    then stands in. A candidate without any vector yet counts as an average one.
    """
    question, answer = standardised(question_cosines), standardised(answer_cosines)
    question, answer = np.where(np.isnan(question), answer, question), np.where(np.isnan(answer), question, answer)
    return np.nan_to_num(standardised(question + ANSWER_WEIGHT * answer)).astype(np.float32)


def fused(close: Scores, coverage: Scores) -> Scores:
    """The score that hits are ordered by: `closeness` plus what the words in common are worth."""
    return close + np.float32(COVERAGE_WEIGHT) * coverage
