"""Errands for workers: asked for once, run once, and never lost or left without an end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from interviewer import jobs
from interviewer.jobs import Job, JobFailed, LeaseLost, Progress, finished
from interviewer.models import User
from interviewer.models.jobs import KEPT, LEASE, WAKE
from tests import build
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


def double(job: Job, progress: Progress) -> dict[str, int]:
    progress(1, 2)
    return {"twice": 2 * job.payload["n"]}


def refuse(job: Job, progress: Progress) -> dict[str, int]:
    raise JobFailed("There is no file “%(file)s”.", file="a.md")


def fall_over(job: Job, progress: Progress) -> dict[str, int]:
    raise RuntimeError("secret detail")


def lose_the_lease(job: Job, progress: Progress) -> dict[str, int]:
    """As if this worker had been away for long, and another one had taken the job."""
    Job.objects.filter(pk=job.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    Job.objects.claim(job.pk, timezone.now())
    finished(job, {"by": "the first"})
    raise AssertionError("unreachable")


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {f.__name__: f for f in (double, refuse, fall_over, lose_the_lease)}
    monkeypatch.setattr(jobs, "HANDLERS", dict.fromkeys(made, ""))
    monkeypatch.setattr(jobs, "_handler", made.__getitem__)


def asked(kind: str, owner: User | None = None, **payload: int) -> Job:
    return jobs.ask(kind, owner or build.user(), payload, timezone.now())


def test_a_job_is_announced_once_committed_and_run_once(
    jobs_announced: list[str], django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = asked("double", n=21)
    assert jobs_announced == [str(job.pk)]
    jobs.run(job.pk)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.result, job.tries, job.done, job.total) == ("done", {"twice": 42}, 1, 2, 2)


def test_an_unknown_kind_is_refused_before_a_row_is_written() -> None:
    with pytest.raises(KeyError):
        asked("unheard of")
    assert not Job.objects.exists()


def test_a_refusal_is_told_in_the_language_of_the_page_and_anything_else_without_its_details() -> None:
    refused, fell = asked("refuse"), asked("fall_over")
    jobs.run(refused.pk)
    jobs.run(fell.pk)
    refused.refresh_from_db()
    fell.refresh_from_db()
    assert refused.reason == "There is no file “a.md”."
    assert fell.status == "failed" and "secret" not in fell.reason


def test_who_lost_the_lease_writes_nothing() -> None:
    job = asked("lose_the_lease")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.result, job.tries) == ("pending", None, 2)
    with pytest.raises(LeaseLost):
        job.lease = None
        finished(job, {})


def test_the_sweeper_announces_what_nobody_heard_and_ends_what_killed_its_workers(jobs_announced: list[str]) -> None:
    job, at = asked("double", n=1), timezone.now()
    assert jobs.sweep(at) == 0  # its own message may still be on its way
    later = at + WAKE + timedelta(seconds=1)
    assert jobs.sweep(later) == 1 and jobs.sweep(later) == 0
    for n in (1, 2):  # claimed, and the worker is killed
        assert Job.objects.claim(job.pk, later + n * LEASE * 2)
    jobs.sweep(later + 10 * LEASE)
    job.refresh_from_db()
    assert job.status == "failed" and job.reason == jobs.WORKER_DIED


def test_the_fragment_polls_until_the_job_has_ended_and_is_its_owners_alone() -> None:
    owner = build.user()
    job = asked("refuse", owner)
    url = reverse("job", args=[job.pk])
    waiting = signed_in(owner).get(url)
    assert "hx-get" in waiting.content.decode() and "HX-Refresh" not in waiting
    jobs.run(job.pk)
    ended = signed_in(owner).get(url)
    assert "hx-get" not in ended.content.decode() and ended["HX-Refresh"] == "true"
    assert "There is no file" in ended.content.decode()
    assert signed_in(build.user()).get(url).status_code == 404


def test_what_ended_long_ago_is_forgotten_and_nothing_else() -> None:
    ended, refused, waiting = asked("double", n=1), asked("refuse"), asked("double", n=2)
    jobs.run(ended.pk)
    jobs.run(refused.pk)
    at = timezone.now()
    jobs.sweep(at + KEPT - timedelta(minutes=1))
    assert Job.objects.count() == 3
    jobs.sweep(at + KEPT + timedelta(minutes=1))
    assert list(Job.objects.values_list("pk", flat=True)) == [waiting.pk]


def test_they_are_forgotten_a_bounded_number_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 2)
    for n in range(3):
        jobs.run(asked("double", n=n).pk)
    later = timezone.now() + 2 * KEPT
    jobs.sweep(later)
    assert Job.objects.count() == 1
    jobs.sweep(later)
    assert not Job.objects.exists()


def test_a_lease_can_be_kept_for_a_long_step(monkeypatch: pytest.MonkeyPatch) -> None:
    job, at = asked("double", n=1), timezone.now()
    mine = Job.objects.claim(job.pk, at)
    assert mine is not None and mine.keep(at + 3 * LEASE)
    assert Job.objects.claim(job.pk, at + 2 * LEASE) is None
    assert Job.objects.claim(job.pk, at + 4 * LEASE)
    assert not mine.keep(at + 9 * LEASE), "it is somebody else's by now"
