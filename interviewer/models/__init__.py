"""Facts about people, interviews, answers and grades. A method here touches one row; verbs are in `interviews.py`."""

from interviewer.models.appeals import Appeal
from interviewer.models.audit import AuditEvent, AuditHead, Verb
from interviewer.models.clock import Accommodation, Extension, Pulse, in_words
from interviewer.models.decisions import Decision, Packet
from interviewer.models.endpoints import Endpoint
from interviewer.models.events import InterviewEvent
from interviewer.models.exams import ExamResult
from interviewer.models.grades import Grade
from interviewer.models.hiring import Invitation, Organisation, Position
from interviewer.models.interviews import Answer, Interview
from interviewer.models.items import ItemHealthRun, ItemStatistics
from interviewer.models.jobs import Job
from interviewer.models.people import SignInTries, User
from interviewer.models.privacy import PurgeRun
from interviewer.models.reviews import HumanScore, IdentityReveal, Override, Reveal, ReviewClaim
from interviewer.models.spending import Spending
from interviewer.models.templates import BlueprintRow, InterviewTemplate, TemplateInUse

__all__ = [
    "Accommodation",
    "Answer",
    "Appeal",
    "AuditEvent",
    "AuditHead",
    "BlueprintRow",
    "Decision",
    "Endpoint",
    "ExamResult",
    "Extension",
    "Grade",
    "HumanScore",
    "IdentityReveal",
    "Interview",
    "InterviewEvent",
    "InterviewTemplate",
    "Invitation",
    "ItemHealthRun",
    "ItemStatistics",
    "Job",
    "Organisation",
    "Override",
    "Packet",
    "Position",
    "Pulse",
    "PurgeRun",
    "Reveal",
    "ReviewClaim",
    "SignInTries",
    "Spending",
    "TemplateInUse",
    "User",
    "Verb",
    "in_words",
]
