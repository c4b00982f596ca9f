"""Checked values of HTTP requests: address, token, times in headers."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from pipeline.errors import ConfigError


def check_base(base: str) -> str:
    """The base address. Raises ConfigError if it would send the token unencrypted."""
    parts = urlsplit(base)
    host = parts.hostname or ""
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    is_plain = not (parts.username or parts.query or parts.fragment)
    if not host or not is_plain or parts.scheme not in ("http", "https"):
        raise ConfigError(
            "the address of the API must be like https://api.loyverse.com/v1.0, without user, query"
            " or fragment"
        )
    if parts.scheme == "http" and not is_loopback:
        raise ConfigError(
            f"the address of the API on {host} is plain http, which would show the token to"
            " everyone on the way; use https"
        )
    return base.rstrip("/")


def check_token(token: str) -> str:
    """The token. Raises ConfigError, without showing it, if no header can carry it."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            "the access token is empty, or has spaces or characters that no token has; set it"
            " again, without line ends"
        )
    return token


def read_date(value: str | None) -> datetime | None:
    """An HTTP date; None when missing or unreadable."""
    try:
        moment = parsedate_to_datetime(value) if value else None
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_retry_after(value: str | None, now: datetime) -> float:
    """Seconds in Retry-After, in either form; 0 if missing, negative or unreadable."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), 1e9)
    moment = read_date(text)
    return max((moment - now).total_seconds(), 0.0) if moment else 0.0
