"""The audit log: who saw, changed, exported or decided what, and when. `interviewer/audit/` adds and checks."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from questions.models import AppendOnlyModel


class Verb(models.TextChoices):
    """Everything that is audited. A label goes on after a name: "li published a question".

    Codes are stored for good: rename none, reuse none. A new one needs no migration, only its two languages.
    """

    # The question bank
    QUESTION_WRITTEN = "question.written", _("wrote a question")
    QUESTION_EDITED = "question.edited", _("changed a question")
    QUESTION_DRAFTED = "question.drafted", _("made a question a draft again")
    QUESTION_SUBMITTED = "question.submitted", _("submitted a question for review")
    QUESTION_PUBLISHED = "question.published", _("published a question")
    QUESTION_RETIRED = "question.retired", _("retired a question")
    QUESTION_RESTORED = "question.restored", _("brought back an earlier version of a question")
    QUESTION_MERGED = "question.merged", _("merged a question with another one")
    QUESTION_SEPARATED = "question.separated", _("separated a question from another one again")
    QUESTION_IMPORTED = "question.imported", _("imported questions")
    IMPORT_UNDONE = "import.undone", _("took back an import")
    QUESTION_CONFIRMED = "question.confirmed", _("confirmed that a question is still right")
    QUESTION_FOUND = "question.found", _("changed a question past the program")
    QUESTION_DELETED = "question.deleted", _("deleted a question")
    DOCUMENT_DELETED = "document.deleted", _("deleted a document")
    BANK_EXPORTED = "bank.exported", _("exported questions")
    TOPIC_ADDED = "topic.added", _("added a topic")
    TOPIC_CHANGED = "topic.changed", _("changed a topic")
    TOPIC_DELETED = "topic.deleted", _("deleted a topic")
    # What interviews are like, and for whom
    TEMPLATE_ADDED = "template.added", _("added an interview template")
    TEMPLATE_CHANGED = "template.changed", _("changed an interview template")
    TEMPLATE_DELETED = "template.deleted", _("deleted an interview template")
    ACCOMMODATION_ADDED = "accommodation.added", _("gave somebody extra time for all interviews")
    ACCOMMODATION_CHANGED = "accommodation.changed", _("changed somebody's extra time")
    ACCOMMODATION_DELETED = "accommodation.deleted", _("took somebody's extra time away")
    # Hiring
    ORGANISATION_ADDED = "organisation.added", _("added an organisation")
    ORGANISATION_CHANGED = "organisation.changed", _("changed an organisation or who manages it")
    ORGANISATION_DELETED = "organisation.deleted", _("deleted an organisation")
    POSITION_OPENED = "position.opened", _("opened a position")
    POSITION_CHANGED = "position.changed", _("changed a position")
    POSITION_CLOSED = "position.closed", _("closed a position")
    POSITION_REOPENED = "position.reopened", _("opened a position again")
    INVITED = "position.invited", _("invited people to a position")
    INVITATIONS_SENT = "position.sent", _("had invitations sent by e-mail")
    INVITATION_RENEWED = "invitation.renewed", _("made a new link for an invitation")
    INVITATION_REVOKED = "invitation.revoked", _("revoked an invitation")
    # Interviews that were sat
    INTERVIEW_SEEN = "interview.seen", _("looked at an interview")
    RECEIPT_SEEN = "receipt.seen", _("downloaded a receipt")
    TIME_ADDED = "interview.extended", _("gave an interview more time")
    GRADE_REQUESTED = "grade.requested", _("asked for a new grade of an answer")
    ABANDONED_GRADED = "interview.graded", _("decided to have an abandoned interview graded")
    REVIEW_CLAIMED = "review.claimed", _("began to review an interview")
    ANSWER_SCORED = "answer.scored", _("scored an answer")
    VERDICT_REVEALED = "verdict.revealed", _("had the machine's verdict on an answer shown")
    RESULTS_REVEALED = "results.revealed", _("had the results of all candidates of a position shown")
    SCORE_OVERRIDDEN = "score.overridden", _("decided which score of an answer counts")
    APPEAL_ANSWERED = "appeal.answered", _("answered what a candidate says is wrong")
    IDENTITY_REVEALED = "identity.revealed", _("had it shown who sat an interview")
    PARKED_RETRIED = "grades.retried", _("had all answers tried again that waited for a person")
    DECIDED = "interview.decided", _("decided about a candidate")
    PACKET_MADE = "packet.made", _("made a decision packet")
    PACKET_SEEN = "packet.seen", _("downloaded a decision packet")
    CANDIDATES_EXPORTED = "candidates.exported", _("exported the list of a position's candidates")
    GRADER_EXAMINED = "grader.examined", _("examined a grader")
    # What is kept of candidates
    DATA_EXPORTED = "data.exported", _("downloaded what is kept of them")
    INTERVIEW_ERASED = "interview.erased", _("deleted the data of an interview")
    INVITATIONS_ERASED = "invitations.erased", _("deleted names and addresses of invitations that were never used")
    PERSON_ERASED = "person.erased", _("deleted their account")
    # People and what they may do
    PERSON_ADDED = "person.added", _("added a person")
    PERSON_CHANGED = "person.changed", _("changed a person's account")
    PERSON_DELETED = "person.deleted", _("deleted a person's account")
    PASSWORD_SET = "person.password", _("set somebody's password")
    DEMO_CLOSED = "people.closed", _("closed the accounts of the demo people")
    GROUP_ADDED = "group.added", _("added a group")
    GROUP_CHANGED = "group.changed", _("changed a group")
    GROUP_DELETED = "group.deleted", _("deleted a group")
    # The log itself
    AUDIT_EXPORTED = "audit.exported", _("exported the audit log")
    AUDIT_RESUMED = "audit.resumed", _("went on with an audit log whose head could not be trusted")


class AuditEvent(AppendOnlyModel):
    """One thing that was done. Rows are added by `interviewer/audit/`, never changed.

    Nothing in it is a name, an address or somebody's text, so that it can stay when a person's data goes: `actor` is
    "person:12", "command", "program" or "unknown"; `object` is "question:34"; `facts` are codes, ids, counts, dates.
    `hash` is over all of these and `previous`, the hash before; `signature` is a keyed one of `hash`.
    """

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    at = models.DateTimeField(_("at"), db_index=True)
    actor = models.CharField(_("who"), max_length=40)
    verb = models.CharField(_("what was done"), max_length=40)  # no `choices`: a new verb shall need no migration
    object = models.CharField(_("to what"), max_length=80, blank=True)
    facts = models.JSONField(_("details"), default=dict, blank=True)
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("event of the audit log")
        verbose_name_plural = _("audit log")
        ordering = ["-number"]
        default_permissions = ()
        permissions = [("read_audit", "Can read and export the audit log")]
        indexes = [
            models.Index(fields=["actor", "number"], name="audit_actor"),
            models.Index(fields=["verb", "number"], name="audit_verb"),
            models.Index(fields=["object", "number"], name="audit_object"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.actor} {self.verb} {self.object}"


class AuditHead(models.Model):
    """One row: how far the log goes. Signed, so that cutting off the log's end shows."""

    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    signature = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.number}: {self.hash}"
