"""The Django project and the interviewer: room, grading, scorecards."""

from interviewer.celery import app as celery_app

__all__ = ["celery_app"]
