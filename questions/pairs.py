"""Pairs of near-duplicates as curators work them off: what a search found is kept, and so is what was decided.

A pair that was judged not to be the same stays set aside for as long as both questions say what they said then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from questions import duplicates, passages, sameness
from questions.models import DuplicatePair, DuplicateSearch, Question, QuestionQuerySet
from questions.versions import Cause, NotAllowed

Key = tuple[int, int]  # primary keys, the smaller first


@dataclass(frozen=True)
class Group:
    """Questions that hang together by pairs, directly or through others; the pairs with the surest first."""

    questions: list[Question]
    pairs: list[DuplicatePair]


def in_question() -> QuestionQuerySet:
    """The questions among which duplicates are looked for: all that are not retired."""
    return Question.objects.exclude(status=Question.Status.RETIRED)


def store(found: Iterable[duplicates.Pair], at: datetime, *, questions: int, words_only: bool) -> int:
    """Keep what a search among `questions` questions found, begun at `at`, instead of what was found before.

    Judgements stay where the texts are the same. Returns how many pairs wait for a curator.
    """
    found = list(found)
    pks = _keys_of({slug for pair in found for slug in (pair.a, pair.b)})
    new = {_key(pks[pair.a], pks[pair.b]): pair for pair in found if pair.a in pks and pair.b in pks}
    texts = texts_of({pk for key in new for pk in key})
    new = {key: pair for key, pair in new.items() if texts.keys() >= set(key)}
    with transaction.atomic():
        known = {(pair.one_id, pair.other_id): pair for pair in DuplicatePair.objects.all()}
        gone = [pair.pk for key, pair in known.items() if key not in new]
        for batch in passages.batches(gone, passages.CHUNK):
            DuplicatePair.objects.filter(pk__in=batch, judged_at__isnull=True).delete()
        _add([_row(key, pair, texts, at) for key, pair in new.items() if key not in known])
        _renew({known[key]: _row(key, pair, texts, at) for key, pair in new.items() if key in known})
        search = {"searched_at": at, "questions": questions, "words_only": words_only}
        DuplicateSearch.objects.update_or_create(pk=1, defaults=search)
    return DuplicatePair.objects.undecided().count()


def last_search() -> DuplicateSearch | None:
    return DuplicateSearch.objects.filter(pk=1).first()


def changed_since(at: datetime) -> int:
    """How many questions in use were written or changed since `at`."""
    return in_question().filter(updated_at__gt=at).count()


def groups(pairs: Iterable[DuplicatePair]) -> list[Group]:
    """The pairs (with their questions) in groups, the largest first; of equal ones the one with the surest pair."""
    pairs = list(pairs)
    questions = {question.slug: question for pair in pairs for question in (pair.one, pair.other)}
    named = [duplicates.Pair(p.one.slug, p.other.slug, p.score, sameness.Kind(p.kind)) for p in pairs]
    slugs = duplicates.groups(named)
    place = {slug: n for n, group in enumerate(slugs) for slug in group}
    of_group: list[list[DuplicatePair]] = [[] for _group in slugs]
    for pair in sorted(pairs, key=lambda pair: -pair.score):
        of_group[place[pair.one.slug]].append(pair)
    made = [Group([questions[slug] for slug in group], of) for group, of in zip(slugs, of_group, strict=True)]
    return sorted(made, key=lambda group: (-len(group.questions), -group.pairs[0].score))


def match(one: int, other: int) -> sameness.Match | None:
    """How much two questions are the same by what the database has; None if one is gone."""
    contents = sameness.Reader().read([one, other])
    return sameness.compare(contents[one], contents[other]) if len(contents) == 2 else None


def said(one: Question, other: Question) -> str:
    """By what the texts of two questions, in whatever order, are known: SHA-256 (hex)."""
    first, second = sorted((one, other), key=lambda question: question.pk)
    return _said(_text_hash(first.title, first.prompt, first.reference),
                 _text_hash(second.title, second.prompt, second.reference))  # fmt: skip


def find(one: int, other: int) -> DuplicatePair | None:
    key = _key(one, other)
    return DuplicatePair.objects.filter(one=key[0], other=key[1]).select_related("judged_by").first()


def judge_apart(one: int, other: int, seen: str, cause: Cause) -> None:
    """Note that two questions are not the same. Raises NotAllowed unless they say what they said when it was `seen`."""
    texts, (first, second) = texts_of([one, other]), _key(one, other)
    if len(texts) != 2 or _said(texts[first], texts[second]) != seen:
        raise NotAllowed(_("One of the two was changed meanwhile: look again, then decide."))
    found = match(one, other) or sameness.Match(0.0, sameness.Kind.MEANING)
    judgement = {"said": seen, "judged_at": cause.at, "judged_by": cause.author, "reason": cause.reason}
    DuplicatePair.objects.update_or_create(
        one_id=first,
        other_id=second,
        defaults=judgement,
        create_defaults={**judgement, "score": found.score, "kind": found.kind, "found_at": cause.at},
    )


def reconsider(one: int, other: int) -> None:
    """Take a judgement back: the pair waits for a curator again."""
    first, second = _key(one, other)
    DuplicatePair.objects.filter(one=first, other=second).update(judged_at=None, judged_by=None, reason="")


def set_aside(question: int, others: Collection[int]) -> set[int]:
    """Those of `others` that were judged not to be the same as `question`, by the texts that they have now."""
    judged = DuplicatePair.objects.set_aside().filter(
        Q(one=question, other__in=others) | Q(other=question, one__in=others)
    )
    texts, keys = texts_of([question, *others]), {}
    for one, other, known in judged.values_list("one", "other", "said"):
        keys[one if other == question else other] = known == _said(texts[one], texts[other])
    return {pk for pk, is_so in keys.items() if is_so}


def texts_of(pks: Collection[int]) -> dict[int, str]:
    """Question → the hash of what is compared of it."""
    found: dict[int, str] = {}
    for batch in passages.batches(sorted(pks), passages.CHUNK):
        rows = Question.objects.filter(pk__in=batch).values_list("pk", "title", "prompt", "reference")
        found.update((pk, _text_hash(*texts)) for pk, *texts in rows)
    return found


def _text_hash(title: str, prompt: str, reference: str) -> str:
    return passages.hash_of("\x1f".join((title, prompt, reference)))


def _said(first: str, second: str) -> str:
    return passages.hash_of(first + second)


def _key(one: int, other: int) -> Key:
    return min(one, other), max(one, other)


def _keys_of(slugs: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in passages.batches(sorted(slugs), passages.CHUNK):
        found.update(Question.objects.filter(slug__in=batch).values_list("slug", "pk"))
    return found


def _row(key: Key, pair: duplicates.Pair, texts: dict[int, str], at: datetime) -> DuplicatePair:
    known = _said(texts[key[0]], texts[key[1]])
    return DuplicatePair(one_id=key[0], other_id=key[1], score=pair.score, kind=pair.kind, said=known, found_at=at)


def _add(rows: list[DuplicatePair]) -> None:
    """New pairs; one that somebody judged in this very moment stays as it is."""
    DuplicatePair.objects.bulk_create(rows, ignore_conflicts=True, batch_size=passages.CHUNK)


def _renew(rows: dict[DuplicatePair, DuplicatePair]) -> None:
    """Known pairs as they were found now: a judgement of other texts goes, unless it was made meanwhile."""
    for known, now in rows.items():
        if known.said != now.said:
            DuplicatePair.objects.filter(pk=known.pk, said=known.said).update(
                said=now.said, judged_at=None, judged_by=None, reason=""
            )
        if (known.score, known.kind) != (now.score, now.kind):
            DuplicatePair.objects.filter(pk=known.pk).update(score=now.score, kind=now.kind)
