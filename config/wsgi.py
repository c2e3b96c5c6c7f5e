"""The WSGI application for granian, or any other server.

Started by hand rather than by `manage.py demo`, it needs DATABASE_URL and REDIS_URL: it does not bring its own.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
