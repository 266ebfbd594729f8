"""People. What a person may do follows from Django's permissions; see `interviewer/access.py` for the two roles."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Anyone who signs in. Everybody may sit interviews; managers and curators may do more."""

    @property
    def is_manager(self) -> bool:
        """May read every interview and its scorecard, and ask for an answer to be graded again."""
        return self.has_perm("interviewer.review_interview")

    @property
    def is_curator(self) -> bool:
        """May keep the question bank, in the admin."""
        return self.is_staff and self.has_perm("questions.change_question")
