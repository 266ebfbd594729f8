"""Facts about people, interviews, answers and grades. A method here touches one row; verbs are in `interviews.py`."""

from interviewer.models.exams import ExamResult
from interviewer.models.grades import Grade
from interviewer.models.interviews import Answer, Interview, InterviewTemplate
from interviewer.models.people import User

__all__ = ["Answer", "ExamResult", "Grade", "Interview", "InterviewTemplate", "User"]
