"""Django settings. Everything an operator may change comes from the environment (see README).

`DATABASE_URL` and `REDIS_URL` are always set by the time this module is read: by the operator, or by
`config.embedded`, which `manage.py` and the test suite enter first.
"""

import os
from pathlib import Path

from api import openapi
from config.environment import database_from_url, email_from_url, flag, listed, secret_key, storage_from_url

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("ACCRUE_DATA_DIR", BASE_DIR / ".data"))

DEBUG = flag("DEBUG", default=False)
SECRET_KEY = secret_key(DATA_DIR)
ALLOWED_HOSTS = listed("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = listed("CSRF_TRUSTED_ORIGINS", default=[])
BASE_URL = os.environ.get("BASE_URL", f"http://localhost:{os.environ.get('PORT', '8000')}")

INSTALLED_APPS = [
    "operators.django_admin.DjangoAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "lucide",
    "rest_framework",
    "drf_spectacular",
    "merchants",
    "ledger",
    "jobs",
    "customers",
    "affiliates",
    "outreach",
    "orders",
    "rewards",
    "commissions",
    "payouts",
    "stats",
    "tracking",
    "fraud",
    "bonuses",
    "pages",
    "backoffice",
    "partner_portal",
    "apply",
    "operators",
    "api",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.content_security.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.sessions.SeenNowAndThenMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "merchants.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "backoffice.shell.shell",
            ]
        },
    }
]

DATABASES = {"default": database_from_url(os.environ["DATABASE_URL"])}
REDIS_URL = os.environ["REDIS_URL"]
CACHES = {
    "default": {
        "BACKEND": "config.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
}

# Django's own default prints nothing while DEBUG is off; a traceback has to be somewhere.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
_PACKAGES = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/uplot", _PACKAGES / "uplot/dist"),
    ("vendor/inter", _PACKAGES / "@fontsource-variable/inter/files"),
    ("vendor/geist-mono", _PACKAGES / "@fontsource-variable/geist-mono/files"),
]
STATIC_ROOT = DATA_DIR / "static"
# What merchants upload, and the files of jobs. A service of several machines names a shared folder, or S3.
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT", DATA_DIR / "media"))
STORAGES = {
    "default": storage_from_url(os.environ.get("MEDIA_STORAGE", "")),
    "staticfiles": {"BACKEND": "config.static_files.StaticFiles"},
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A task whose acknowledgement is lost with the connection runs again anyway; every task is safe twice.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Jobs last minutes. A worker for them alone (`--queues jobs`) keeps the sweeps of every second from waiting for them.
CELERY_TASK_QUEUES = {name: {"routing_key": name} for name in ("celery", "jobs")}
CELERY_TASK_ROUTES = {"jobs.run": {"queue": "jobs"}, "jobs.sweep_files": {"queue": "jobs"}}
# Where each kind of long work is declared (`jobs.kinds`).
JOB_KINDS = [
    "pages.bulk_decisions.KINDS",
    "payouts.in_bulk.KINDS",
    "commissions.in_bulk.KINDS",
    "pages.announced.KINDS",
    "fraud.preview.KINDS",
    "tracking.erasure.KINDS",
    "tracking.customer_erasure.KINDS",
    "backoffice.exports.KINDS",
    "backoffice.rules.history.KINDS",
    "partner_portal.exports.KINDS",
    "api.exports.KINDS",
]

# Who is told of partners whose figures were recomputed (`stats.rollup`).
FIGURES_FOLLOWED_BY = ["bonuses.due.note"]

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {"user_attributes": ("email", "name")}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "merchants"
# Staff come by invitation; backoffice.sign_in says so to allauth, and what else is special here.
ACCOUNT_ADAPTER = "backoffice.sign_in.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = str
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ADAPTER = "backoffice.passkeys.PasskeyAdapter"
MFA_FORMS = {"add_webauthn": "backoffice.passkeys.PasskeyForm"}
MFA_TOTP_ISSUER = "Accrue"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = BASE_URL.startswith("http://localhost")
USERSESSIONS_TRACK_ACTIVITY = True

DEFAULT_FROM_EMAIL = os.environ.get("FROM_EMAIL", "accrue@localhost")
EMAIL_FILE_PATH = ""
SHOW_MAIL = flag("ACCRUE_SHOW_MAIL", default=False)
globals().update(email_from_url(os.environ.get("EMAIL_URL", ""), DATA_DIR))

# 10 MB bodies are refused before they are read; a batch of a thousand sales stays far below.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
# A payout's form has a box for each of up to 1,000 commissions, and a few fields more.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_100

# Proxies of our own in front: how many of the last X-Forwarded-For hops to believe.
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
# A header in which such a proxy names the visitor's country, for instance CF-IPCountry.
COUNTRY_HEADER = os.environ.get("COUNTRY_HEADER", "")

# Requests a minute that one API key may send.
API_RATE_LIMIT = int(os.environ.get("API_RATE_LIMIT", "6000"))

REST_FRAMEWORK = openapi.REST_FRAMEWORK
SPECTACULAR_SETTINGS = openapi.SPECTACULAR_SETTINGS
