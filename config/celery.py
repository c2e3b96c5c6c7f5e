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

# Sweeps: they find work in the database, so a tick that is lost or comes twice changes nothing. What no worker takes
# in time expires, lest ticks pile up while the workers stand still; not too soon, or a long queue would starve them.
_EVERY_SECONDS = {
    "tracking.drain_clicks": 1,
    "stats.sweep": 2,
    "bonuses.sweep": 2,
    "fraud.sweep": 10,
    "jobs.sweep": 30,
    "commissions.sweep_holds": 60,
    "tracking.sweep_answers": 24 * 60 * 60,
    "fraud.sweep_addresses": 24 * 60 * 60,
    "jobs.sweep_files": 24 * 60 * 60,
    "affiliates.sweep_applications": 24 * 60 * 60,
    "affiliates.sweep_deadlines": 60 * 60,
}
app.conf.beat_schedule = {
    task: {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 10)}}
    for task, seconds in _EVERY_SECONDS.items()
}
