"""A webhook is posted to once, over https, without following redirects; its address is shown in no
message.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from pipeline.deliver import RefusedDelivery, UnansweredDelivery, Webhook, check_url
from pipeline.errors import ConfigError
from tests.support.receivers import Channel

MESSAGE = {"text": "Ventas <de> octubre", "blocks": []}


def webhook(channel: Channel, waits: list[float] | None = None, **changes: object) -> Webhook:
    return Webhook(
        channel.url,
        **{"seconds": 5, "sleep": (waits if waits is not None else []).append, **changes},
    )


def test_a_message_is_posted_as_json(channel: Channel) -> None:
    webhook(channel).send(MESSAGE)
    assert channel.received == [MESSAGE]


def test_429_and_5xx_are_tried_again_no_sooner_than_asked(channel: Channel) -> None:
    waits: list[float] = []
    channel.answers = [(429, {"Retry-After": "17"}, 0), (503, {}, 0)]
    webhook(channel, waits).send(MESSAGE)
    assert len(channel.received) == 3 and waits == [17, 4]
    channel.answers = [(500, {}, 0)] * 9
    with pytest.raises(RefusedDelivery, match=r"127\.0\.0\.1.*HTTP 500") as failed:
        webhook(channel).send(MESSAGE)
    assert (
        len(channel.received) == 7
        and channel.url not in str(failed.value)
        and channel.url not in repr(webhook(channel))
    )


def test_refusals_and_redirects_are_final(channel: Channel) -> None:
    channel.answers = [(302, {"Location": channel.url}, 0), (404, {}, 0)]
    for said in ("302.*redirect is not followed", "404"):
        with pytest.raises(RefusedDelivery, match=said):
            webhook(channel).send(MESSAGE)
    assert len(channel.received) == 2


def test_a_slow_answer_ends_at_the_deadline_and_leaves_it_open(channel: Channel) -> None:
    channel.answers = [(200, {}, 30)]
    began = time.monotonic()
    with pytest.raises(UnansweredDelivery, match="may be there"):
        webhook(channel, seconds=0.3).send(MESSAGE)
    assert time.monotonic() - began < 12 and len(channel.received) == 1


def test_an_answer_that_drips_ends_at_the_deadline_too() -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not ended.wait(0.05):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        with pytest.raises(UnansweredDelivery):
            Webhook(f"http://127.0.0.1:{server.getsockname()[1]}/x", seconds=0.5).send(MESSAGE)
        assert time.monotonic() - began < 12
        ended.set()
        thread.join()


@pytest.mark.parametrize("place", ["hooks..example.com", "127.0.0.1:99999"])
def test_nothing_was_posted_to_an_address_that_is_not_valid(place: str) -> None:
    with pytest.raises(RefusedDelivery, match="address is not valid; nothing was posted"):
        Webhook(f"https://{place}/x").send(MESSAGE)


def test_a_refused_connection_was_not_sent() -> None:
    with pytest.raises(RefusedDelivery, match="not reachable"):
        Webhook("http://127.0.0.1:1/x", sleep=lambda _: None).send(MESSAGE)


@pytest.mark.parametrize(
    "bad",
    [
        "http://hooks.example.com/x",
        "ftp://127.0.0.1/x",
        "https://user@hooks.example.com/x",
        "hooks.example.com",
        "",
    ],
)
def test_addresses_that_others_could_read_are_refused_without_being_shown(bad: str) -> None:
    with pytest.raises(ConfigError, match="WEBHOOK_URL") as failed:
        check_url(bad)
    assert not bad or bad not in str(failed.value)


def test_https_anywhere_and_http_at_home_are_taken() -> None:
    for good in (
        "https://hooks.example.com/services/x",
        "http://localhost:9/x",
        "http://[::1]:9/x",
    ):
        assert check_url(good) == good
