"""The WSGI application for granian, or any other server.

Started by hand rather than by `manage.py demo`, it needs DATABASE_URL and REDIS_URL: it does not bring its own.
"""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_pages = get_wsgi_application()

from config.api_handler import api_before  # noqa: E402 - these need Django set up, as get_wsgi_application does
from redirects.shortcut import in_front_of  # noqa: E402

application = in_front_of(api_before(_pages))

# A sale leaves hundreds of objects and no cycles among them. Looking for some after every 700 objects, and now and then
# through all that was imported, takes 2.4 % of its CPU.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)
