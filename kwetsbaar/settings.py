"""The one settings file: safe when unset, strict when wrong. docs/operating.md tells of every variable.

Unset, the site stands on this machine alone: an embedded PostgreSQL, keys that are made once, mail in files, all in
KWETSBAAR_DATA. KWETSBAAR_URL with https means production.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import dj_email_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from kwetsbaar import keys

BASE = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("KWETSBAAR_DATA") or BASE / ".data").resolve()

# Where the site stands

PORT = os.environ.get("PORT") or "8000"
if not PORT.isdecimal() or not 0 < int(PORT) < 65536:
    raise ImproperlyConfigured(f"PORT: a number from 1 to 65535, not {PORT}.")
URL = urlsplit(os.environ.get("KWETSBAAR_URL") or f"http://127.0.0.1:{PORT}")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PRODUCTION = URL.scheme == "https"
if not URL.hostname or URL.path.strip("/") or not (PRODUCTION or (URL.scheme == "http" and URL.hostname in LOOPBACK)):
    raise ImproperlyConfigured("KWETSBAAR_URL: https://your.host, or http://127.0.0.1:PORT on this machine alone.")
SITE_URL = f"{URL.scheme}://{URL.netloc}"
ALLOWED_HOSTS = sorted(LOOPBACK | {URL.hostname})  # loopback too: a probe on the same machine asks /healthz

DEBUG = os.environ.get("DEBUG", "0") == "1"
if DEBUG and PRODUCTION:
    raise ImproperlyConfigured("DEBUG shows what people wrote on error pages: not on an https address.")

# The database and the keys

if database_url := os.environ.get("DATABASE_URL"):
    app = dj_database_url.parse(database_url)
    owner = dj_database_url.parse(os.environ.get("DATABASE_OWNER_URL") or database_url)
    if app["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL: only PostgreSQL, as postgres://user:password@host/name.")
    SECRET_KEY, SEALING_KEYS = keys.given(os.environ)
else:
    app = {"ENGINE": "kwetsbaar.embedded", "HOST": str(DATA / "postgres"), "USER": "app", "NAME": "app"}
    owner = app | {"USER": "owner"}
    SECRET_KEY, SEALING_KEYS = keys.given_or_made(os.environ, DATA / "keys")

# Nobody waits long for a database that does not answer (by libpq, which no pool minds); what may hold up a request
# once it is connected stands with the app's role (exercises/records/patience.py). Seconds; milliseconds.
for role in (app, owner):
    role["OPTIONS"] = {"connect_timeout": 3, "tcp_user_timeout": 10_000} | role.get("OPTIONS", {})

# The app's role owns nothing; `owner` makes the tables. Tests make one database and both roles use it.
DATABASES = {
    "default": app | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "TEST": {"MIRROR": "owner"}},
    "owner": owner | {"TEST": {"DEPENDENCIES": []}},  # made first, also where the other goes through a pool
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "kwetsbaar.accounts.limits.Limits"}}

# The parts

INSTALLED_APPS = [
    "exercises",
    "kwetsbaar.accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django.contrib.admin.apps.SimpleAdminConfig",  # registers nothing by itself: kwetsbaar/accounts/admin.py does
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "django_htmx",
    "template_partials",
]
MIDDLEWARE = [
    "kwetsbaar.operating.Watched",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "kwetsbaar.middleware.ConstantPages",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "csp.middleware.CSPMiddleware",
    "kwetsbaar.middleware.PrivateHeaders",
    "kwetsbaar.middleware.Sessions",
    "django.middleware.locale.LocaleMiddleware",
    "kwetsbaar.middleware.NotTooLarge",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "exercises.records.rowsecurity.RowSecurityMiddleware",
    "kwetsbaar.middleware.SavedTogether",
    "django.contrib.messages.middleware.MessageMiddleware",
    "kwetsbaar.middleware.LoginRequired",
    "exercises.privacy.lock.LockMiddleware",
    "kwetsbaar.middleware.Confirmed",
    "kwetsbaar.middleware.OwnTime",
]
ROOT_URLCONF = "kwetsbaar.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django_htmx.templatetags.django_htmx",
                "template_partials.templatetags.partials",
            ],
            "context_processors": [
                "django.template.context_processors.i18n",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kwetsbaar.accounts.context.site",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Static files: compressed, with hashed names

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [BASE / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

WHITENOISE_MIMETYPES = {".rules": "application/speculationrules+json"}

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "kwetsbaar.accounts.forms.LongEnough", "OPTIONS": {"min_length": 10}},
    {"NAME": "kwetsbaar.accounts.forms.NotCommon"},
]
SESSION_ENGINE = "kwetsbaar.accounts.sessions"
LOGIN_URL = "start"
LOGIN_REDIRECT_URL = "today"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Signing in: with a passkey, a code by e-mail, a password, or a guest's return code

ACCOUNT_ADAPTER = "kwetsbaar.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # nobody signs up; it tells that the sign-in form asks a password
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60  # seconds; mail can be slow
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_CHANGE_EMAIL = True  # one address; a new one takes its place once it is confirmed
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True  # a mail goes out either way, so that words and time are the same
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False  # a guest may sign in to an account
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_FORMS = {
    "add_email": "kwetsbaar.accounts.forms.AddressForm",
    "change_password": "kwetsbaar.accounts.forms.ChangePasswordForm",
    "confirm_email_verification_code": "kwetsbaar.accounts.forms.AddressCodeForm",
    "confirm_login_code": "kwetsbaar.accounts.forms.CodeForm",
    "confirm_password_reset_code": "kwetsbaar.accounts.forms.ForgottenCodeForm",
    "login": "kwetsbaar.accounts.forms.SignInForm",
    "request_login_code": "kwetsbaar.accounts.forms.SendCodeForm",
    "reset_password": "kwetsbaar.accounts.forms.ForgottenForm",
    "reset_password_from_key": "kwetsbaar.accounts.forms.ForgottenPasswordForm",
    "set_password": "kwetsbaar.accounts.forms.SetPasswordForm",
}
ACCOUNT_RATE_LIMITS = {  # times / in / for whom; the others are allauth's own
    "confirm_email": "1/10s/key,5/h/key,30/h/ip",
    "export": "5/m/user",
    "import": "5/m/user",
    "reaction": "20/h/ip",
    "report": "10/h/user,20/h/ip",
    "request_login_code": "20/m/ip,3/m/key,10/h/key",
    "reset_password": "20/m/ip,3/m/key,10/h/key",
    "return_code": "10/h/ip",
    "search": "60/m/ip",
    "start": "60/m/ip,600/h/ip",  # whole schools and mobile networks share an address
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if PRODUCTION else 0  # the proxy in front adds the address, last
MFA_ADAPTER = "kwetsbaar.accounts.second.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # the device asks who is there, so that a passkey is enough
MFA_FORMS = {
    "activate_totp": "kwetsbaar.accounts.second.AppForm",
    "add_webauthn": "kwetsbaar.accounts.second.AddPasskeyForm",
    "authenticate": "kwetsbaar.accounts.second.SecondStepForm",
    "authenticate_webauthn": "kwetsbaar.accounts.second.PasskeyForm",
    "edit_webauthn": "kwetsbaar.accounts.second.RenamePasskeyForm",
    "login_webauthn": "kwetsbaar.accounts.second.SignInForm",
    "generate_recovery_codes": "kwetsbaar.accounts.second.RecoveryCodesForm",
}

# Words and days

LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands"), ("en", "English")]
LOCALE_PATHS = [BASE / "locale"]
USE_TZ = True
TIME_ZONE = "Europe/Amsterdam"

# Further courses: each directory is one, or holds some (docs/authoring.md). One that is unsound is left out.

COURSES = [Path(place).resolve() for place in os.environ.get("KWETSBAAR_COURSES", "").split(os.pathsep) if place]

# Mail

email = dj_email_url.parse(os.environ.get("EMAIL_URL") or f"file:{DATA / 'mail'}")
EMAIL_BACKEND = email["EMAIL_BACKEND"]
EMAIL_FILE_PATH = str(DATA / "mail")
EMAIL_HOST, EMAIL_PORT = email.get("EMAIL_HOST", ""), email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = email.get("EMAIL_HOST_USER", ""), email.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_SSL, EMAIL_USE_TLS = email.get("EMAIL_USE_SSL", False), email.get("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10  # seconds
MAIL_HOST = "localhost" if URL.hostname in LOOPBACK else URL.hostname
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("KWETSBAAR_MAIL_FROM") or f"notes@{MAIL_HOST}"

# Notifications: only where the site has a key for them, and only by way of these services of browsers, no other host

PUSH_KEY = os.environ.get("KWETSBAAR_PUSH_KEY", "").rstrip("=")
if PUSH_KEY and not re.fullmatch(r"[A-Za-z0-9_-]{43}", PUSH_KEY, re.A):
    raise ImproperlyConfigured(f"KWETSBAAR_PUSH_KEY: 32 bytes in base64 for addresses. Make them with: {keys.HOW_PUSH}")
PUSH_HOSTS = ["fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com"]

# The walls

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF],
        "manifest-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
    }
}
YEAR = 365 * 24 * 60 * 60  # seconds
PREFIX = "__Host-" if PRODUCTION else ""  # browsers take this prefix on https alone
SESSION_COOKIE_NAME = f"{PREFIX}session"
SESSION_COOKIE_AGE = YEAR  # a guest's session is the only way back but for the return code
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_NAME = f"{PREFIX}csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "kwetsbaar.errors.expired_form"
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None  # the proxy must set it
SECURE_HSTS_SECONDS = YEAR if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = (
    "same-origin"  # not no-referrer: browsers then send forms with "Origin: null", which CSRF refuses
)
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes; the longest form is a journal entry
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000  # on days that both have, a guest who is brought along picks one for each
FILE_UPLOAD_HANDLERS = ["exercises.privacy.importing.OnlyImport"]  # in memory; on any other page nothing

EXIT_URL = os.environ.get("KWETSBAAR_EXIT_URL") or "https://www.knmi.nl/"
CONTROLLER = os.environ.get("KWETSBAAR_CONTROLLER") or _("the person who runs this site on their own machine")

# For whoever runs it: figures only with a token, and a log that quotes nobody, on https as lines of JSON

METRICS_TOKEN = os.environ.get("KWETSBAAR_METRICS_TOKEN", "")
FIGURES = os.environ.get("PROMETHEUS_MULTIPROC_DIR") or str(DATA / "figures")
if METRICS_TOKEN:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = FIGURES  # prometheus_client reads it when it is imported

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"discreet": {"()": f"kwetsbaar.reporting.{'DiscreetJSON' if PRODUCTION else 'Discreet'}"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "discreet"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {  # by themselves Django mails errors, its own server prints addresses, Granian writes exceptions out
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "_granian": {"handlers": ["console"], "propagate": False},
    },
}
