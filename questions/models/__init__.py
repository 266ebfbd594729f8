"""The bank: topics, documents, questions with their rubric points, vectors and versions; imports."""

from questions.models.bank import Document, Language, Passage, Question, QuestionQuerySet, RubricPoint, Topic
from questions.models.imports import ImportChange, ImportFile, ImportRun
from questions.models.versions import AppendOnly, QuestionVersion

__all__ = [
    "AppendOnly",
    "Document",
    "ImportChange",
    "ImportFile",
    "ImportRun",
    "Language",
    "Passage",
    "Question",
    "QuestionQuerySet",
    "QuestionVersion",
    "RubricPoint",
    "Topic",
]
