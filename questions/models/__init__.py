"""The bank: topics, documents, questions with their points, vectors, versions; imports, pairs of near-duplicates."""

from questions.models.append_only import AppendOnly, AppendOnlyModel, AppendOnlyQuerySet
from questions.models.bank import (
    Document,
    Language,
    Passage,
    Question,
    QuestionQuerySet,
    RubricPoint,
    SpareVector,
    Topic,
    tags_in,
)
from questions.models.duplicates import DuplicatePair, DuplicateSearch
from questions.models.imports import ImportChange, ImportFile, ImportRun
from questions.models.versions import QuestionVersion

__all__ = [
    "AppendOnly",
    "AppendOnlyModel",
    "AppendOnlyQuerySet",
    "Document",
    "DuplicatePair",
    "DuplicateSearch",
    "ImportChange",
    "ImportFile",
    "ImportRun",
    "Language",
    "Passage",
    "Question",
    "QuestionQuerySet",
    "QuestionVersion",
    "RubricPoint",
    "SpareVector",
    "Topic",
    "tags_in",
]
