from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InterviewerConfig(AppConfig):
    name = "interviewer"
    verbose_name = _("Interviews")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from interviewer import checks  # noqa: F401  (registers the system checks)
