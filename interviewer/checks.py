"""`manage.py check`: every wrong variable of the environment by name, with a hint. No query, but for demo people.

The same checks run before the web and worker processes start; with DEBUG off an unsafe configuration stops them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

BROKER_SCHEMES = ("redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps", "pyamqp")

# What `settings.py` could not use: variable → number of the error and hint.
RECORDED = {
    "DATA_DIR": ("E001", "Name a folder that this user may write to, or leave it unset for ./var."),
    "DATABASE_URL": ("E002", "For example postgres://user:password@host:5432/name, or leave it unset for SQLite."),
    "GRADING_LEASE_SECONDS": ("E010", "For example 300, or leave it unset."),
    "GRADING_RETRY_SECONDS": ("E010", "For example 15, or leave it unset."),
    "GRADING_WAKE_SECONDS": ("E010", "For example 60, or leave it unset."),
    "SWEEP_SECONDS": ("E010", "For example 5, or leave it unset."),
    "LLM_PROBE_SECONDS": ("E010", "For example 5, or leave it unset."),
    "LLM_MOST_OUTAGE_HOURS": ("E012", "For example 24, or leave it unset."),
    "LLM_TOTAL_SECONDS": ("E012", "For example 120, or leave it unset."),
    "PULSE_SECONDS": ("E010", "For example 5, or leave it unset."),
    "OUTAGE_SECONDS": ("E010", "For example 15, or leave it unset."),
    "SLOW_CREDIT_SECONDS": ("E010", "For example 600, or leave it unset."),
    "SLOW_SECONDS": ("E012", "For example 3, or leave it unset."),
    "GRADING_SAMPLES": ("E012", "For example 3, or leave it unset."),
    "GRADING_MOST_SPREAD": ("E012", "For example 0.2, or leave it unset."),
    "GRADING_MOST_DISTANCE": ("E012", "For example 0.5, or leave it unset."),
    "LLM_CALLS_PER_ANSWER": ("E013", "For example 60; 0 is no limit."),
    "LLM_TOKENS_PER_ANSWER": ("E013", "For example 300000; 0 is no limit."),
    "LLM_TOKENS_PER_INTERVIEW": ("E013", "For example 2000000; 0 is no limit."),
    "LLM_TOKENS_PER_DAY": ("E013", "For example 50000000; 0 is no limit."),
    "LLM_COST_PER_DAY": ("E013", "For example 20, in the currency of LLM_PRICES; 0 is no limit."),
    "LLM_PRICES": ("E014", 'Per million tokens, read and written: {"gpt-4o-mini": [0.15, 0.6]}'),
    "EMAIL_URL": ("E017", "For example smtp+tls://user:password@host:587, or leave it unset for the console."),
    "TIME_ZONE": ("E011", "For example Asia/Shanghai or Europe/Berlin."),
}


def refuse_wrong_configuration() -> None:
    """Raise `ImproperlyConfigured` with every error found; called by the processes that serve and grade."""
    errors = [message for message in run_checks(databases=["default"]) if message.is_serious()]
    if errors:
        raise ImproperlyConfigured("\n".join(f"{error.msg} {error.hint or ''}" for error in errors))


@register()
def environment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The variables of the README's table, one by one."""
    return [*_recorded(), *_switches(), *_data(), *_broker(), *_model(), *_prices(), *_embedding(), *_pulse()]


@register(Tags.security)
def production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What may not be left at its default once DEBUG is off."""
    return [] if settings.DEBUG else [*_secret(), *_hosts()]


@register(Tags.database)
def demo_people(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """With DEBUG off nobody may sign in with a password that was printed on a screen."""
    from interviewer.demo import people_left

    if settings.DEBUG or not databases:
        return []
    try:
        left = people_left()
    except DatabaseError:  # not migrated yet: nobody there
        return []
    hint = "Deactivate or delete them in the admin, or with `manage.py remove_demo_people`."
    return (
        [Error(f"Demo people can still sign in: {', '.join(left)}.", hint=hint, id="interviewer.E009")] if left else []
    )


def _recorded() -> Iterator[CheckMessage]:
    for variable, problem in settings.CONFIGURATION_PROBLEMS.items():
        number, hint = RECORDED[variable]
        yield Error(f"{variable}: {problem}.", hint=hint, id=f"interviewer.{number}")


def _switches() -> Iterator[CheckMessage]:
    for name in ("DEBUG", "BEHIND_PROXY", "REVIEW_REQUIRED"):
        value = os.environ.get(name, "")
        if value and value.lower() not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
            yield Error(
                f"{name}: “{value}” is neither true nor false.", hint="Write true or false.", id="interviewer.E003"
            )


def _data() -> Iterator[CheckMessage]:
    if settings.DATA_DIR.exists() and not os.access(settings.DATA_DIR, os.W_OK):
        number, hint = RECORDED["DATA_DIR"]
        yield Error(f"DATA_DIR: {settings.DATA_DIR} cannot be written to.", hint=hint, id=f"interviewer.{number}")


def _scheme_and_host(address: str) -> tuple[str, str]:
    """Two parts of an address, empty where it is not one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.scheme, parts.hostname or ""


def _broker() -> Iterator[CheckMessage]:
    if _scheme_and_host(settings.CELERY_BROKER_URL)[0] not in BROKER_SCHEMES:
        hint = "For example redis://host:6379/0 or amqp://user:password@host:5672//, or unset for the embedded one."
        yield Error("CELERY_BROKER_URL: not a Redis or RabbitMQ address.", hint=hint, id="interviewer.E004")


def _model() -> Iterator[CheckMessage]:
    if not settings.OPENAI_BASE_URL:
        return
    scheme, host = _scheme_and_host(settings.OPENAI_BASE_URL)
    if scheme not in ("http", "https") or not host:
        hint = "For example http://127.0.0.1:8080/v1; unset it and OPENAI_API_KEY to grade without a model."
        yield Error("OPENAI_BASE_URL: not an http or https address.", hint=hint, id="interviewer.E005")
    if not os.environ.get("OPENAI_MODEL"):
        hint = "Set it to the name of a model that the server offers."
        yield Warning(f"OPENAI_MODEL is not set; “{settings.OPENAI_MODEL}” is used.", hint=hint, id="interviewer.W001")


def _prices() -> Iterator[CheckMessage]:
    if settings.GRADER == "llm" and settings.LLM_COST_PER_DAY and settings.OPENAI_MODEL not in settings.LLM_PRICES:
        hint = f'Set LLM_PRICES, for example {{"{settings.OPENAI_MODEL}": [0.15, 0.6]}}.'
        yield Error("LLM_COST_PER_DAY: the model has no price.", hint=hint, id="interviewer.E015")


def _embedding() -> Iterator[CheckMessage]:
    model = settings.EMBEDDING_MODEL
    if model.startswith(("/", ".", "~")) and not Path(model).expanduser().is_dir():
        hint = "Name a sentence-transformers folder or model, or leave it unset for the one that is shipped."
        yield Error(f"EMBEDDING_MODEL: there is no folder {model}.", hint=hint, id="interviewer.E006")


def _pulse() -> Iterator[CheckMessage]:
    if settings.OUTAGE_SECONDS < 2 * settings.PULSE_SECONDS:
        hint = "Set it to at least twice PULSE_SECONDS: else a single late beat is taken for an outage."
        yield Error("OUTAGE_SECONDS: too short.", hint=hint, id="interviewer.E016")


def _secret() -> Iterator[CheckMessage]:
    if settings.SECRET_KEY == settings.DEFAULT_SECRET_KEY or len(settings.SECRET_KEY) < 32:
        hint = "Set it to at least 32 random characters, and keep it to yourself."
        yield Error("SECRET_KEY: missing, the default, or too short for DEBUG=false.", hint=hint, id="interviewer.E007")


def _hosts() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS or not settings.ALLOWED_HOSTS:
        hint = "List the names this site is reached by, for example interviews.example.org"
        yield Error("ALLOWED_HOSTS: a wildcard, or empty.", hint=hint, id="interviewer.E008")
