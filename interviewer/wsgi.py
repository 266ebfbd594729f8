"""The WSGI application that gunicorn serves.

It does not start with a wrong or unsafe configuration, and says every few seconds that it is up.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")

application = get_wsgi_application()

from interviewer import pulse  # noqa: E402 (needs the applications loaded)
from interviewer.checks import refuse_wrong_configuration  # noqa: E402

refuse_wrong_configuration()
pulse.keep_beating()
