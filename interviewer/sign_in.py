"""How often one may try to sign in, or an unknown link. Nobody can lock out somebody else; see `docs/decisions.md`.

Tries are counted per name and network, and per network. A browser in which a person has signed in before holds a
signed cookie and is counted by itself, whatever others on its network or elsewhere do.
"""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from interviewer.models import SignInTries

DEVICE_DAYS = 365


def network(request: HttpRequest) -> str:
    """Where a request comes from: an IPv4 address, or the /64 that one IPv6 customer has; "" if nobody says.

    Behind a proxy it is the last address of X-Forwarded-For, which our proxy wrote; those before it are the client's.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        address = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or address
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


@dataclass(frozen=True)
class Tries:
    """The counters that one try to sign in takes from: key → how many they allow. The first is the person's own."""

    counters: dict[str, int]

    def take(self, at: datetime) -> timedelta | None:
        """Count this try; or how long to wait, and then nothing more is counted."""
        for key, most in self.counters.items():
            if wait := SignInTries.objects.take(key, most, at):
                return wait
        return None

    def succeeded(self) -> None:
        """Forget the person's tries, and this one of the others."""
        own, *others = self.counters
        SignInTries.objects.filter(key=own).delete()
        for key in others:
            SignInTries.objects.give_back(key)


def tries_of(request: HttpRequest, name: str) -> Tries:
    """The counters for somebody who calls themselves `name`; whether there is such a person plays no part."""
    if device := _device(request, name):
        return Tries({_key("device", device, name): settings.SIGN_IN_TRIES})
    where = network(request)
    return Tries(
        {
            _key("name", where, name): settings.SIGN_IN_TRIES,
            _key("network", where): settings.SIGN_IN_TRIES_PER_NETWORK,
        }
    )


def unknown_link(request: HttpRequest, at: datetime) -> timedelta | None:
    """Count an invitation's link that nobody was given; or, past the limit of its network, how long to wait."""
    return SignInTries.objects.take(_key("link", network(request)), settings.UNKNOWN_LINKS_PER_NETWORK, at)


def remember_device(response: HttpResponse, name: str) -> None:
    """Let this browser be known as one in which `name` has signed in."""
    response.set_cookie(
        _cookie(name),
        signing.dumps([name, secrets.token_hex(8)], salt=__name__),
        max_age=timedelta(days=DEVICE_DAYS),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _device(request: HttpRequest, name: str) -> str:
    """What tells this browser from others in which `name` has signed in; "" if none has."""
    try:
        signed = request.COOKIES.get(_cookie(name), "")
        owner, device = signing.loads(signed, salt=__name__, max_age=timedelta(days=DEVICE_DAYS))
    except signing.BadSignature:
        return ""
    return device if owner == name else ""


def _cookie(name: str) -> str:
    return f"device-{_key('cookie', name)[:12]}"


def _key(*parts: str) -> str:
    return salted_hmac(__name__, "\n".join(parts), algorithm="sha256").hexdigest()
