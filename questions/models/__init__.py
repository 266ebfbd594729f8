"""The bank: topics, documents, questions with their rubric points, vectors and versions; pairs of near-duplicates."""

from questions.models.bank import Document, Language, Passage, Question, QuestionQuerySet, RubricPoint, Topic
from questions.models.duplicates import DuplicatePair, DuplicateSearch
from questions.models.versions import AppendOnly, QuestionVersion

__all__ = [
    "AppendOnly",
    "Document",
    "DuplicatePair",
    "DuplicateSearch",
    "Language",
    "Passage",
    "Question",
    "QuestionQuerySet",
    "QuestionVersion",
    "RubricPoint",
    "Topic",
]
