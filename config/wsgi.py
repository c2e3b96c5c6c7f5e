"""The WSGI application for granian, or any other server.

Started by hand rather than by `manage.py demo`, it needs DATABASE_URL and REDIS_URL: it does not bring its own.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()

from redirects.shortcut import in_front_of  # noqa: E402 - needs Django set up, as get_wsgi_application does

application = in_front_of(_django)
