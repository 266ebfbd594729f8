"""A candidate's browser as a program: signs in, saves, hands in, and writes down what it was told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx2

from tests.faults.invariants import Ledger
from tests.live import Live

PASSWORD = "a good password"
BEGIN = f"""
from django.utils import timezone
from questions.models import Question
if not Question.objects.published().exists():
    build.bank(6)
person = User.objects.create_user("{{name}}", password={PASSWORD!r})
interview = interviews.start(build.template(question_count={{questions}}, minutes=60), person, timezone.now())
print(interview.pk, *interview.answers.order_by("position").values_list("pk", flat=True))
"""
T = TypeVar("T")
UNAVAILABLE = (500, 502, 503)


class Unanswered(Exception):
    """The connection broke, or the server said that it cannot answer now: nobody knows what is stored."""


class Candidate:
    """One person in the room of an interview of their own, with a ledger of what was sent and acknowledged."""

    def __init__(self, live: Live, name: str = "ann", questions: int = 2, ledger: Ledger | None = None) -> None:
        self.interview, *answers = live.python(BEGIN.format(name=name, questions=questions)).split()
        self.name = name
        self.answers = [int(pk) for pk in answers]
        self.revisions = [0] * questions
        self.ledger = Ledger() if ledger is None else ledger
        self.room = f"/interviews/{self.interview}/"
        self.http = httpx2.Client(base_url=live.url, headers={"accept-language": "en"}, trust_env=False, timeout=60)

    def sign_in(self) -> Candidate:
        form = {"username": self.name, "password": PASSWORD}
        assert self._post("/login/", form).headers["location"] == "/"
        return self

    def save(self, text: str, which: int = 0) -> httpx2.Response:
        """Autosave; noted as acknowledged when it was. Raises `Unanswered`."""
        self.ledger.sending(self.answers[which], text)
        address = f"{self.room}questions/{which + 1}/draft/"
        response = self._post(address, {"text": text, "revision": self.revisions[which]}, Accept="application/json")
        if response.status_code == 200:
            self.revisions[which] = response.json()["revision"]
            self.ledger.acked(self.answers[which], text, self.revisions[which])
        return response

    def submit(self) -> str:
        """Hand in; the receipt that is shown then. Raises `Unanswered`."""
        response = self._post(self.room + "hand-in/", {})
        assert response.headers["location"] == self.room + "receipt/", response.text
        return self.receipt()

    def receipt(self) -> str:
        """What the receipt says, noted."""
        shown = self._sent(lambda: self.http.get(self.room + "receipt/file/")).json()["sha256"]
        self.ledger.receipts[self.interview] = shown
        return shown

    def _post(self, address: str, form: dict[str, object], **headers: str) -> httpx2.Response:
        if "csrftoken" not in self.http.cookies:
            self._sent(lambda: self.http.get("/login/"))
        form = {"csrfmiddlewaretoken": self.http.cookies["csrftoken"], **form}
        return self._sent(lambda: self.http.post(address, data=form, headers=headers))

    def _sent(self, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        try:
            response = send()
        except httpx2.TransportError as error:
            raise Unanswered(repr(error)) from error
        if response.status_code in UNAVAILABLE:
            raise Unanswered(response.status_code, response.headers.get("retry-after"))
        return response


def persistently(call: Callable[[], T], seconds: float = 60) -> T:
    """What `call` returns once it is answered: as a browser does, it is tried again until then."""
    until = time.monotonic() + seconds
    while True:
        try:
            return call()
        except Unanswered:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
