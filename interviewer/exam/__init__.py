"""The grader's exam: what every grader has to pass before it is trusted. Data and sums; no database.

questions and answers (`bank`) → cases (`attacks`, `invariances`, `honest`, `sanity`) → `run` → report (`report`)
"""

from interviewer.exam.cases import FAMILIES, Case, all_cases, quick_cases
from interviewer.exam.report import Family, Report
from interviewer.exam.run import run_exam
from interviewer.exam.subject import Subject, subject

__all__ = ["FAMILIES", "Case", "Family", "Report", "Subject", "all_cases", "quick_cases", "run_exam", "subject"]
