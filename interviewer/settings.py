"""All settings in one file. With no environment at all it runs on one machine, on files below `DATA_DIR`.

Every variable is optional; `manage.py check` names each wrong one (see `interviewer/checks.py`).
"""

import hashlib
import json
import math
import sys
import tempfile
import zoneinfo
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# --- Where and how ------------------------------------------------------------
DEBUG = env.bool("DEBUG", True)
DEFAULT_SECRET_KEY = "insecure-default-for-one-machine-only"  # noqa: S105 (refused when DEBUG is off)
SECRET_KEY = env("SECRET_KEY", default="") or DEFAULT_SECRET_KEY
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # earlier keys: their receipts stay known
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
DATA_DIR = Path(env("DATA_DIR", default="") or BASE_DIR / "var").resolve()
CONFIGURATION_PROBLEMS: dict[str, str] = {}  # variable → what is wrong with it; told by `manage.py check`
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    CONFIGURATION_PROBLEMS["DATA_DIR"] = f"the folder {DATA_DIR} cannot be made ({error.strerror})"


def whole_seconds(name: str, default: int) -> int:
    """The variable as a number of seconds above 0."""
    try:
        value = int(env(name, default="") or default)
    except ValueError:
        value = 0
    if value < 1:
        CONFIGURATION_PROBLEMS[name] = "it is not a whole number of seconds above 0"
    return max(value, 1)


def number(name: str, default: float, least: float = 0) -> float:
    """The variable as a finite number of at least `least`; for limits, 0 means none."""
    try:
        value = float(env(name, default="") or default)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < least:
        CONFIGURATION_PROBLEMS[name] = f"it is not a number of at least {least}"
        return default
    return value


def prices(text: str) -> dict[str, tuple[float, float]]:
    """Model → what a million tokens cost, read and written: {"model": [0.15, 0.6]} as JSON."""
    try:
        given = {str(model): (float(read), float(written)) for model, (read, written) in json.loads(text).items()}
        if all(0 <= price < math.inf for pair in given.values() for price in pair):
            return given
    except (ValueError, TypeError, AttributeError):
        pass
    CONFIGURATION_PROBLEMS["LLM_PRICES"] = "it is not JSON of models with two prices each"
    return {}


# --- Django -------------------------------------------------------------------
ROOT_URLCONF = "interviewer.urls"
WSGI_APPLICATION = "interviewer.wsgi.application"
AUTH_USER_MODEL = "interviewer.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

INSTALLED_APPS = [
    "interviewer",
    "questions",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_ace",
]

MIDDLEWARE = [
    "interviewer.middleware.ReceivedAtMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "interviewer.middleware.ContentSecurityPolicyMiddleware",
    "interviewer.middleware.ReadableRequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "interviewer.middleware.SlowAnswersMiddleware",
    "interviewer.middleware.FriendlyErrorsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "interviewer.context.grader",
                "interviewer.context.section",
                "interviewer.context.section_pages",
            ],
        },
    },
]

# --- Database: SQLite in WAL mode unless DATABASE_URL says otherwise ----------
LOCK_SECONDS = 20  # how long a request waits for a lock that another one holds
SQLITE_URL = f"sqlite:///{DATA_DIR / 'db.sqlite3'}"
try:
    DATABASES = {"default": env.db_url_config(env("DATABASE_URL", default="") or SQLITE_URL)}
    if DATABASES["default"].get("ENGINE") not in {f"django.db.backends.{name}" for name in ("sqlite3", "postgresql")}:
        raise ValueError
except (ValueError, environ.ImproperlyConfigured):
    CONFIGURATION_PROBLEMS["DATABASE_URL"] = "it is not the address of a PostgreSQL or SQLite database"
    DATABASES = {"default": env.db_url_config(SQLITE_URL)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue for the lock at BEGIN instead of failing in the middle of a transaction.
        "transaction_mode": "IMMEDIATE",
        "timeout": LOCK_SECONDS,
        # FULL: an answer that was acknowledged survives a power cut.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    # As on SQLite: who waits that long for a lock is told to try again, before browsers and proxies give up.
    # Compiling a query to machine code takes 0.6 s, which no page of ours earns back (benchmarks/load.md).
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", f"-c lock_timeout={LOCK_SECONDS}s -c jit=off")
# On SQLite too: whoever closes the last connection moves the whole write-ahead log into the database, some 6 ms.
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)

# --- Broker: the embedded Valkey unless CELERY_BROKER_URL says otherwise ------
# It only wakes workers: the queue of record is the table of grades.
BROKER_DIR = DATA_DIR / "broker"
BROKER_SOCKET = BROKER_DIR / "valkey.sock"
if len(str(BROKER_SOCKET)) > 100:  # Unix allows about 107 bytes for the path of a socket.
    _folder = hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:16]
    BROKER_SOCKET = Path(tempfile.gettempdir()) / f"interviewer-{_folder}" / "valkey.sock"
EMBEDDED_BROKER_URL = f"redis+socket://{BROKER_SOCKET}"
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="") or EMBEDDED_BROKER_URL
BROKER_IS_EMBEDDED = CELERY_BROKER_URL == EMBEDDED_BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False  # a submit must not wait for a broker that is down: the sweeper repairs
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_DB_REUSE_MAX = sys.maxsize  # threads keep their connections as requests do; see interviewer/celery.py
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, int] = {"max_retries": 0}  # else kombu sleeps 2 s, then tries again
if CELERY_BROKER_URL.startswith(("redis", "rediss")):
    CELERY_BROKER_TRANSPORT_OPTIONS |= {
        "ack_emulation": False,  # no copy of what is being worked on: the sweeper announces what is lost
        "socket_connect_timeout": 2,
        "socket_timeout": 5,  # a broker that takes a connection and then says nothing must not hold up a submit
    }

# --- Grading ------------------------------------------------------------------
OPENAI_BASE_URL = env("OPENAI_BASE_URL", default="")
OPENAI_API_KEY = env("OPENAI_API_KEY", default="")
OPENAI_MODEL = env("OPENAI_MODEL", default="gpt-4o-mini")
GRADER = "llm" if OPENAI_BASE_URL or OPENAI_API_KEY else "semantic"
LLM_CONNECT_SECONDS = 10.0
LLM_TOTAL_SECONDS = number("LLM_TOTAL_SECONDS", 120, 1)  # for one call to the model, a corrected reply included
CELERY_WORKER_CONCURRENCY = env.int(
    "WORKER_THREADS", 64 if GRADER == "llm" else 2
)  # waiting is cheap, reckoning is not
GRADING_SAMPLES = int(number("GRADING_SAMPLES", 1, 1))  # the score is the mean of so many gradings by the model
# Past one of these (both 0–1) an answer is graded once more and marked as not to be trusted without a look.
GRADING_MOST_SPREAD = number("GRADING_MOST_SPREAD", 0.2)  # standard deviation of the samples
GRADING_MOST_DISTANCE = number("GRADING_MOST_DISTANCE", 0.5)  # to the semantic grader's score; from 1 on: not looked at
GRADING_LEASE_SECONDS = whole_seconds(  # longer than the slowest grading: every sample, and one more
    "GRADING_LEASE_SECONDS", 60 + int(LLM_TOTAL_SECONDS) * (GRADING_SAMPLES + 1)
)
GRADING_MAX_TRIES = 3
GRADING_RETRY_SECONDS = whole_seconds("GRADING_RETRY_SECONDS", 15)  # before the second try; doubled before the third
GRADING_WAKE_SECONDS = whole_seconds("GRADING_WAKE_SECONDS", 60)  # a message unheard for so long is taken for lost
SWEEP_SECONDS = whole_seconds("SWEEP_SECONDS", 5)
# While the model server is down (see interviewer/breaker.py) answers wait for it, without using up their tries.
LLM_PROBE_SECONDS = whole_seconds(
    "LLM_PROBE_SECONDS", 5
)  # before it is asked again; doubled each time, up to 2 minutes
LLM_MOST_OUTAGE_HOURS = number("LLM_MOST_OUTAGE_HOURS", 24, 0.01)  # what has waited for longer is left to a person

# --- What the model may cost (see interviewer/budget.py); 0: no limit -------------
LLM_CALLS_PER_ANSWER = int(number("LLM_CALLS_PER_ANSWER", 60))
LLM_TOKENS_PER_ANSWER = int(number("LLM_TOKENS_PER_ANSWER", 300_000))
LLM_TOKENS_PER_INTERVIEW = int(number("LLM_TOKENS_PER_INTERVIEW", 2_000_000))
LLM_TOKENS_PER_DAY = int(number("LLM_TOKENS_PER_DAY", 50_000_000))
LLM_COST_PER_DAY = number("LLM_COST_PER_DAY", 0)  # in the currency of the prices
LLM_PRICES = prices(env("LLM_PRICES", default="") or "{}")

# --- E-mail: written to the console unless EMAIL_URL says otherwise --------------
EMAIL_URL = env("EMAIL_URL", default="") or "consolemail://"
try:
    vars().update(env.email_url_config(EMAIL_URL))
except (ValueError, KeyError, environ.ImproperlyConfigured):
    CONFIGURATION_PROBLEMS["EMAIL_URL"] = "it is not the address of a mail server"
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env("EMAIL_FROM", default="") or "interviews@localhost"

# --- Invitations --------------------------------------------------------------
UNKNOWN_LINKS_PER_NETWORK = 60  # in SIGN_IN_MINUTES; links that exist are never refused for it

# --- Question bank -----------------------------------------------------------------
REVIEW_REQUIRED = env.bool("REVIEW_REQUIRED", False)  # whoever wrote or submitted a question cannot publish it
STALE_DAYS = int(number("STALE_DAYS", 365, 1))  # a question in use that nobody has looked at for longer is told of

# --- Retrieval ----------------------------------------------------------------
EMBEDDING_MODEL = env("EMBEDDING_MODEL", default="bundled")
BUNDLED_MODEL_DIR = DATA_DIR / "models" / "multilingual-e5-small"
INDEX_DIR = DATA_DIR / "index"
STARTER_BANK_DIR = BASE_DIR / "questions" / "starter"

# --- Interviews ---------------------------------------------------------------
GRACE_SECONDS = 10  # how long after the deadline a text typed before it may still arrive
PULSE_SECONDS = whole_seconds("PULSE_SECONDS", 5)  # how often the web processes say that they are up
OUTAGE_SECONDS = whole_seconds("OUTAGE_SECONDS", 15)  # a silence of theirs from which on candidates get the time back
SLOW_SECONDS = number("SLOW_SECONDS", 3)  # what an answer in the room took beyond this is given back too, ...
SLOW_CREDIT_SECONDS = whole_seconds("SLOW_CREDIT_SECONDS", 600)  # ... but no more than this in one interview
MAX_ANSWER_CHARACTERS = 100_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# --- Language and time --------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env("TIME_ZONE", default="") or "Asia/Shanghai"
if TIME_ZONE not in zoneinfo.available_timezones():
    CONFIGURATION_PROBLEMS["TIME_ZONE"] = f"there is no time zone “{TIME_ZONE}”"
    TIME_ZONE = "UTC"

# --- Static files and security ------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Wrong passwords in SIGN_IN_MINUTES (see `interviewer/sign_in.py`). A class behind one router is one network.
SIGN_IN_MINUTES = 10
SIGN_IN_TRIES = 10
SIGN_IN_TRIES_PER_NETWORK = 100

# --- Logging: to the console, one line each -----------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "interviewer.logs.OneLineFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "httpx2": {"level": "WARNING"},
        "sentence_transformers": {"level": "WARNING"},
        "faiss": {"level": "WARNING"},
        "questions.snapshot": {"level": "WARNING"},
    },
}
