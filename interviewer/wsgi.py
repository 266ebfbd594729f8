"""The WSGI application that gunicorn serves. It does not start with a wrong or unsafe configuration."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")

application = get_wsgi_application()

from interviewer.checks import refuse_wrong_configuration  # noqa: E402 (needs the applications loaded)

refuse_wrong_configuration()
