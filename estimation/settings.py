"""Settings, all of them, read from the environment (and from `.env` beside manage.py).

`.env.example` explains each variable. A variable FOO may also be given as FOO_FILE, the path of a file
that holds the value, so that secrets can stay out of the environment.
"""

import re
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from estimation import keys, openid_settings
from estimation.monitoring import logs

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()
env.read_env(BASE_DIR / ".env")

DEBUG: bool = env.bool("DEBUG", default=False)

# One that can be guessed lets everybody in: whoever has it signs sessions. Without DEBUG there is no way around.
MAKE_A_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))' makes one"
SECRET_KEY: str = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set, and without DEBUG there is no default. "
            f"Set it (or SECRET_KEY_FILE); {MAKE_A_KEY}."
        )
    SECRET_KEY = "only-for-development-because-DEBUG-is-on"  # noqa: S105 - without DEBUG there is no default # nosec B105
if not DEBUG and (fault := keys.weakness(SECRET_KEY)):
    raise ImproperlyConfigured(
        f"SECRET_KEY {fault}. Set another one (or SECRET_KEY_FILE); {MAKE_A_KEY}. "
        "With the present one in SECRET_KEY_FALLBACKS, sessions and invite links go on for now."
    )
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# The proxies in front of the site. They alone are believed who a request comes from, and whether it came by TLS
# (X-Forwarded-For, X-Forwarded-Proto): a client could send these headers too.
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])
for proxy in TRUSTED_PROXIES:
    try:
        ip_network(proxy)
    except ValueError:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES takes addresses and networks such as 127.0.0.1 or 10.0.0.0/8, not “{proxy}”."
        ) from None
if env.bool("BEHIND_PROXY", default=False) and not TRUSTED_PROXIES:
    raise ImproperlyConfigured(
        "BEHIND_PROXY is no longer known. Set TRUSTED_PROXIES to the address of the proxy, such as 127.0.0.1."
    )

# --- Applications. `evolution` stands first: the earliest application wins a command of the same name.

INSTALLED_APPS = [
    "evolution",
    "users",
    "groups",
    "issues",
    "estimation",
    "django_linear_migrations",
    "simple_history",
    "import_export",
    "csp",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "whitenoise.runserver_nostatic",
    "estimation.admin_config.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "estimation.monitoring.requests.watch_requests",
    "estimation.headers.guard",
    "django.middleware.security.SecurityMiddleware",
    "estimation.headers.ContentSecurityPolicy",
    "estimation.methods.refuse_others",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "estimation.cookies.take_over_earlier_sessions",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "estimation.middleware.refuse_unknown_schema",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "estimation.middleware.explain_method_not_allowed",
    "estimation.middleware.ExplainTooManyRequests",
    "estimation.middleware.limit_changes",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
    "estimation.transactions.RetryTransactions",
]

ROOT_URLCONF = "estimation.urls"
WSGI_APPLICATION = "estimation.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database


def _sqlite(database: dict[str, Any]) -> dict[str, Any]:
    """Writers queue up (IMMEDIATE) instead of failing in mid-transaction; readers never wait (WAL)."""
    return database | {
        "ENGINE": "evolution.backends.sqlite3",
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,  # seconds that a writer waits for another one
            "init_command": "PRAGMA journal_mode=WAL",
        },
        # A file: the in-memory database that Django would take fails tests that use several threads.
        "TEST": {"NAME": env.str("TEST_SQLITE", default=str(BASE_DIR / "test.sqlite3"))},
    }


def _mysql(database: dict[str, Any]) -> dict[str, Any]:
    """MySQL and MariaDB alike: every character, no silent truncation, no gap locks."""
    authority = env.str("DATABASE_CA_FILE", default="")
    tls = {"ssl": {"ca": authority}, "ssl_mode": "VERIFY_IDENTITY"} if authority else {}
    return database | {
        "ENGINE": "evolution.backends.mysql",
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **tls,
            "charset": "utf8mb4",
            "isolation_level": "read committed",
            "init_command": (
                "SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
                "innodb_lock_wait_timeout = 10"  # seconds; the servers' own 50 keep a thread too long
            ),
        },
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"},
    }


def _database() -> dict[str, Any]:
    database: dict[str, Any] = dict(env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}"))
    match database["ENGINE"]:
        case "django.db.backends.sqlite3":
            return _sqlite(database)
        case "django.db.backends.mysql":
            return _mysql(database)
        case _:
            raise ImproperlyConfigured(
                "DATABASE_URL must begin with sqlite:/// or mysql:// (for MariaDB too)."
            )


DATABASES = {"default": _database()}
# The two Flask schemas have 32-bit ids, and the history passes through them exactly.
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

# A group's page is its room: what the groups themselves know nothing about.
ABSOLUTE_URL_OVERRIDES = {"groups.group": lambda group: reverse("issues:room", args=[group.pk])}

# Tells other processes' screens of a change at once; without it they look four times a second. "" for none.
REDIS_URL: str = env.str("REDIS_URL", default="")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// (TLS) or unix://.")

# Hosts to which webhooks may go: .example.org is a domain with all below it, * any public address, nothing is nobody.
WEBHOOK_HOSTS: list[str] = [host.lower() for host in env.list("WEBHOOK_HOSTS", default=["*"])]
# Hosts of the own network to which webhooks may go, as they stand in their addresses; and who signs their certificates.
WEBHOOK_PRIVATE_HOSTS: list[str] = env.list("WEBHOOK_PRIVATE_HOSTS", default=[])
WEBHOOK_CA_FILE: str = env.str("WEBHOOK_CA_FILE", default="")

# --- People

AUTH_USER_MODEL = "users.User"
LOGIN_URL = "users:sign-in"
LOGIN_REDIRECT_URL = "groups:group-list"
LOGOUT_REDIRECT_URL = "start"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Ten wrong passwords for one account from one address: that address has to wait. Others, and other accounts, need not,
# so that nobody can lock an account for its owner.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "users.requests.client_network"
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "users.sign_in_attempts.username"
AXES_LOCKOUT_CALLABLE = "estimation.middleware.sign_in_locked"
# Of those who come in nothing is noted; of a wrong password neither the page wanted, with whose invite link one could
# sit down, nor the form's token.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # a lock ends by itself; `manage.py axes_reset_username` ends it at once
AXES_SENSITIVE_PARAMETERS = ["next", "csrfmiddlewaretoken"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["nickname", "email"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "users.validators.ContextWordsValidator"},
]
# Sign-in by OpenID Connect: docs/sign-in.md. Without OIDC_ISSUER there is none of it.
OIDC_ISSUER: str = env.str("OIDC_ISSUER", default="")
OIDC_CLIENT_ID: str = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET: str = env.str("OIDC_CLIENT_SECRET", default="")
if fault := openid_settings.fault(OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, debug=DEBUG):
    raise ImproperlyConfigured(fault)
# What stands on the button: “Go on with …”.
OIDC_NAME: str = env.str("OIDC_NAME", default="") if OIDC_ISSUER else ""
OIDC_NAME = OIDC_NAME or openid_settings.host(OIDC_ISSUER)
# Whether staff enter the admin with a second factor only.
STAFF_TWO_FACTOR: bool = env.bool("STAFF_TWO_FACTOR", default=env.bool("HTTPS", default=not DEBUG))
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
# Django's in the database, and whose each is.
SESSION_ENGINE = "users.session_store"
# A guest is known by the session alone: it is kept for a year. Others for less: see users/sessions.py.
SESSION_COOKIE_AGE = 365 * 24 * 60 * 60  # seconds

vars().update(env.email("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 10  # seconds
# Whoever signs up shows by a link in a mail that the mailbox is theirs: wherever mails are sent and not only printed.
SIGN_UP_BY_MAIL: bool = env.bool(
    "SIGN_UP_BY_MAIL", default=vars()["EMAIL_BACKEND"] != "django.core.mail.backends.console.EmailBackend"
)
# A link to choose a new password is good for so long.
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Estimation <estimation@localhost>")

# --- Texts and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "estimation" / "locale"]
TIME_ZONE: str = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

# --- Static files: served by the application itself, with names that change with their content

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Security. HTTPS=off is for a server that is reached only from its own machine.

HTTPS: bool = env.bool("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
if HTTPS:
    # Browsers take a cookie of such a name over TLS alone, from this host and for this host.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-django_language"
# In the session: a cookie of their own would tell the names of groups and issues to whoever looks into the browser.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=365 * 24 * 60 * 60) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# The health checks come from the machine itself, without TLS.
# A program that sends its token without TLS is refused by the API, so that somebody notices; so is a Prometheus that
# comes from another machine.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$", r"^api/v1/"]
CSRF_FAILURE_VIEW = "estimation.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # Scripts put no text into a page as HTML but by the one policy in estimation.js.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["estimation"],
        "upgrade-insecure-requests": HTTPS,
    },
}

# --- How the site is observed: docs/operations.md, and docs/security.md, "The log"

# With it Prometheus may ask for /metrics; without it there is no such address.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")
if METRICS_TOKEN and not DEBUG and (fault := keys.weakness(METRICS_TOKEN, 32)):
    raise ImproperlyConfigured(
        f"METRICS_TOKEN {fault}. python3 -c 'import secrets; print(secrets.token_urlsafe(32))' makes a good one."
    )

# Where errors are reported to; nowhere where it is not set.
SENTRY_DSN: str = env.str("SENTRY_DSN", default="")
if SENTRY_DSN and not re.fullmatch(r"https?://[^/@\s]+@[^/@\s]+(/[^\s]+)*/\d+", SENTRY_DSN):
    raise ImproperlyConfigured("SENTRY_DSN must look like https://KEY@HOST/NUMBER, as Sentry tells it.")
LOG_FORMAT: str = env.str("LOG_FORMAT", default="plain" if DEBUG else "json")
if LOG_FORMAT not in logs.FORMATS:
    raise ImproperlyConfigured("LOG_FORMAT must be json or plain.")
LOGGING = logs.configuration(LOG_FORMAT, env.str("LOG_LEVEL", default="INFO"))
