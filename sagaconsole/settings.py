"""Django settings; every deployment choice comes from `environment.py`."""

import logging
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from sagaconsole import logs
from sagaconsole.environment import read_environment

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = read_environment()

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.public_url]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_rq",
    "django_htmx",
    "django_filters",
    "template_partials",
    "csp",
    "ninja",
    "orchestration",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "sagaconsole.compression.CompressTexts",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "orchestration.console.preferences.middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "sagaconsole.urls"
ASGI_APPLICATION = "sagaconsole.asgi.application"

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
                "django.template.context_processors.i18n",
                "orchestration.console.context.console",
            ],
        },
    },
]

DATABASES = {"default": ENVIRONMENT.database}
# For the few statements that store/prepared.py runs; Django's own cursors never prepare.
DATABASES["default"]["OPTIONS"] = {**ENVIRONMENT.database.get("OPTIONS", {}), "prepare_threshold": 5}
if ENVIRONMENT.database_pool:
    # A new connection costs more than most requests; only the web process asks for a pool (see asgi.py).
    # After a restart of PostgreSQL the pool holds dead ones; the check costs one empty statement a request.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"]["OPTIONS"],
        "pool": {
            "min_size": min(2, ENVIRONMENT.database_pool),
            "max_size": ENVIRONMENT.database_pool,
            "timeout": 3,
            # By default it waits twice as long after each failure, and finds a PostgreSQL that is back only much later.
            "reconnect_timeout": 1,
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

RQ_QUEUES = {
    name: {"URL": ENVIRONMENT.redis_url, "SERIALIZER": "orchestration.worker.SignedJSON"}
    for name in ("drain", "housekeeping")
}
RQ = {"JOB_CLASS": "orchestration.worker.SagaJob"}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("pt-br", _("Brazilian Portuguese"))]
LOCALE_PATHS = [BASE_DIR / "orchestration" / "locale"]
TIME_ZONE = ENVIRONMENT.time_zone
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "console:overview"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENVIRONMENT.behind_tls
SESSION_COOKIE_NAME = "__Host-sessionid" if ENVIRONMENT.behind_tls else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if ENVIRONMENT.behind_tls else "csrftoken"
SECURE_SSL_REDIRECT = ENVIRONMENT.behind_tls
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if ENVIRONMENT.behind_tls else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENVIRONMENT.behind_tls
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.behind_tls else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

LOGGING = logs.configuration(ENVIRONMENT.log_format)
logging.captureWarnings(ENVIRONMENT.log_format == "json")  # else they would be lines of their own kind

# The engine. Seconds unless said otherwise; the architecture page explains each.
SAGA_PUBLIC_URL = ENVIRONMENT.public_url
SAGA_PARTICIPANT_HOSTS = ENVIRONMENT.participant_hosts
SAGA_WEBHOOK_HOSTS = ENVIRONMENT.webhook_hosts
SAGA_WEBHOOK_LOG_AGE = timedelta(days=ENVIRONMENT.webhook_log_days)
SAGA_WEBHOOK_LOG_ROWS, SAGA_ANNOUNCEMENTS = ENVIRONMENT.webhook_log_rows, ENVIRONMENT.announcements
SAGA_ALLOW_FAULTS = ENVIRONMENT.allow_faults or ENVIRONMENT.is_demo
SAGA_FUNCTION_MODULES = ENVIRONMENT.function_modules
SAGA_MAX_CALLS = ENVIRONMENT.max_calls
SAGA_API_RATE = ENVIRONMENT.api_rate
SAGA_IS_DEMO = ENVIRONMENT.is_demo
AMQP_URL, AMQP_PREFIX, AMQP_PREFETCH = ENVIRONMENT.amqp_url, ENVIRONMENT.amqp_prefix, ENVIRONMENT.amqp_prefetch
SAGA_AMQP_BROKERS = [url for url in (ENVIRONMENT.amqp_url, *ENVIRONMENT.amqp_brokers) if url]
SAGA_GRPC_ADDRESS = ENVIRONMENT.grpc_address
SAGA_GRPC_CERTIFICATE, SAGA_GRPC_KEY = ENVIRONMENT.grpc_certificate, ENVIRONMENT.grpc_key
# What participants are called with over TLS: PEM files, or nothing.
SAGA_PARTICIPANT_CA = ENVIRONMENT.participant_ca
SAGA_PARTICIPANT_CERTIFICATE, SAGA_PARTICIPANT_KEY = ENVIRONMENT.participant_certificate, ENVIRONMENT.participant_key
