"""The Celery application: a doorbell for work that the database remembers.

Nothing below `config` imports it. Tasks are declared with `shared_task`, and the app is the default one of every
process that has loaded Django's apps (see `config.apps`).
"""

from celery import Celery

app = Celery("accrue")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Also in threads other than the one that imported this module, as those of the web server.
app.set_default()

# name: {"task": "app.tasks.verb", "schedule": seconds}. A sweep that finds what a lost doorbell left.
app.conf.beat_schedule = {}
