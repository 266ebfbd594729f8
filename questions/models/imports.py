"""Imports in the browser, as rows: what was uploaded, what a preview found, what came of it. Facts are times.

`questions/import_runs.py` and `import_undo.py` write them.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from questions.models.bank import Document, Question


class ImportRun(models.Model):
    """Files that were uploaded together. They are imported together or not at all, and undone together.

    `edition` names the preview that counts: rows of another one are remains. None: there is no preview yet, or none
    that could be imported. `job` is whatever works on the run; what that is, its caller knows.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("uploaded by"), related_name="+", null=True
    )
    uploaded_at = models.DateTimeField(_("uploaded at"), db_index=True)
    job = models.UUIDField(null=True, editable=False)
    edition = models.UUIDField(null=True, editable=False)
    previewed_at = models.DateTimeField(_("read at"), null=True)
    problem = models.TextField(_("problem"), blank=True)  # why there is no preview, beyond what single files say
    refused_at = models.DateTimeField(null=True)  # an import was refused then, because the bank had changed
    committed_at = models.DateTimeField(_("imported at"), null=True)
    committed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("imported by"), related_name="+", null=True
    )
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("undone by"), related_name="+", null=True
    )

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        default_permissions = ()  # whoever keeps the bank imports into it
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def current(self) -> models.QuerySet[ImportChange]:
        """What the preview that counts found, in the order of files and questions."""
        found = ImportChange.objects.filter(run=self).order_by("place")
        return found.filter(edition=self.edition) if self.edition else found.none()

    def undone_counts(self) -> dict[str, int]:
        """How many questions an undo brought back, deleted, retired and left alone."""
        undone = self.changes.exclude(undone="").order_by().values_list("undone")  # type: ignore[attr-defined]
        return dict(undone.annotate(models.Count("pk")))


class ImportFile(models.Model):
    """One uploaded file. `data` is dropped once it is imported: the document keeps its text.

    `error` says why it could not be read. What it did to its document is kept for undoing: `source_before` (None where
    the document was made) and the hash of the text that it left there ("" where it left none).
    """

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="files")
    place = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=255)
    data = models.BinaryField(null=True)
    error = models.TextField(blank=True)
    report = models.JSONField(default=dict)
    document = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="+")
    source_before = models.TextField(null=True)  # noqa: DJ001 (a document may have been empty before)
    source_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["run", "place"], name="import_file_place_once")]

    def __str__(self) -> str:
        return self.name


class ImportChange(models.Model):
    """What a preview found of one question that will change, and what came of it. Those left alone have no row.

    `before` and `after` are contents as versions hold them, dropped once imported: then `version` is the number of the
    newest version that the import left. `near` names questions of the bank that this one may repeat.
    """

    class Kind(models.TextChoices):
        """One that joins was of no document, and says already what this document says."""

        CREATED = "created", _("Created")
        CHANGED = "changed", _("Changed")
        JOINED = "joined", _("Joins the document")
        UNCHANGED = "unchanged", _("Unchanged")

    class Undone(models.TextChoices):
        RESTORED = "restored", _("As before")
        DELETED = "deleted", _("Deleted")
        RETIRED = "retired", _("Retired")
        KEPT = "kept", _("Left as it is")

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="changes")
    file = models.ForeignKey(ImportFile, models.CASCADE, related_name="changes")
    edition = models.UUIDField()
    place = models.PositiveIntegerField()
    number = models.CharField(_("number in the document"), max_length=20)
    line = models.PositiveIntegerField()
    title = models.CharField(_("title"), max_length=300)
    slug = models.CharField(_("slug"), max_length=160)
    language = models.CharField(max_length=10)
    kind = models.CharField(_("kind of change"), max_length=10, choices=Kind)
    status = models.CharField(_("status"), max_length=10, choices=Question.Status)
    joins = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=64)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    hash_before = models.CharField(max_length=64, blank=True)  # `Question.source_hash`, to be brought back
    near = models.JSONField(default=list)  # [{"pk", "slug", "title", "score"}, …], the nearest first
    chosen = models.BooleanField(default=True)
    question = models.ForeignKey(Question, models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(null=True)
    undone = models.CharField(max_length=10, choices=Undone, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["run", "edition", "place"], name="import_change_place_once")]

    def __str__(self) -> str:
        return self.title
