from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InterviewerConfig(AppConfig):
    name = "interviewer"
    verbose_name = _("Interviews")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from interviewer import checks  # noqa: F401  (registers the system checks)
        from interviewer.audit import bank
        from questions.exporting import bank_exported
        from questions.versions import versions_made

        versions_made.connect(bank.on_versions_made)
        bank_exported.connect(bank.on_bank_exported)
