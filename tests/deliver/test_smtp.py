"""Mail goes only over TLS, to a server with a valid certificate; each failure says whether the mail
was sent.
"""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from pipeline.deliver import Mailer, RefusedDelivery, UnansweredDelivery, check_address
from pipeline.errors import ConfigError
from tests.support.receivers import Post, start_post

TO = "owner@example.com"


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "reports@example.com",
        TO,
        "Ventas de octubre",
    )
    message.set_content("¿Cómo nos fue?")
    return message


def mailer(post: Post, **changes: object) -> Mailer:
    settings = {
        "host": "localhost",
        "port": post.port,
        "security": "starttls",
        "sender": "reports@example.com",
        "user": "reports",
        "password": post.password,
        "ca_file": post.ca_file,
        "seconds": 5,
        "sleep": lambda _: None,
    }
    return Mailer(**{**settings, **changes})


def test_a_mail_arrives_whole_after_starttls_and_login(post: Post) -> None:
    mailer(post).send(mail(), TO)
    assert [(to, got["Subject"], got.get_content().strip()) for to, got in post.received] == [
        (TO, "Ventas de octubre", "¿Cómo nos fue?")
    ]
    assert post.logins == 1


def test_nothing_is_sent_to_a_server_without_starttls(tmp_path: Path) -> None:
    post, controller = start_post(tmp_path, tls=False)
    try:
        with pytest.raises(RefusedDelivery, match="offers no STARTTLS, so nothing was sent"):
            mailer(post, ca_file="").send(mail(), TO)
    finally:
        controller.stop()
    assert post.received == []


@pytest.mark.parametrize("wrong", ["unknown issuer", "other name"])
def test_a_certificate_that_does_not_fit_is_refused(tmp_path: Path, wrong: str) -> None:
    post, controller = start_post(
        tmp_path, name="mail.example.org" if wrong == "other name" else "localhost"
    )
    try:
        with pytest.raises(RefusedDelivery, match="certificate is not accepted"):
            mailer(post, ca_file=post.ca_file if wrong == "other name" else "").send(mail(), TO)
    finally:
        controller.stop()
    assert (post.received, post.logins) == ([], 0)


def test_a_wrong_password_fails_and_is_not_shown(post: Post) -> None:
    with pytest.raises(RefusedDelivery, match=r"refused the login.*535") as failed:
        mailer(post, password="not-" + post.password).send(mail(), TO)
    assert (
        post.password not in repr(failed.value)
        and failed.value.__context__ is None
        and failed.value.__cause__ is None
    )
    assert post.password not in repr(mailer(post))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "contraseña"}, "refused the login; see .* cannot be sent"),
        ({"host": "mail..example.com"}, "not reachable over TLS; see .* cannot be sent"),
    ],
)
def test_characters_that_cannot_be_sent_are_a_refusal(post: Post, changes: dict, said: str) -> None:
    with pytest.raises(RefusedDelivery, match=said) as failed:
        mailer(post, **changes).send(mail(), TO)
    assert "ñ" not in str(failed.value)


def test_4xx_is_tried_again_and_5xx_is_not(post: Post) -> None:
    post.answers[TO] = ["451 later", "452 later"]
    mailer(post).send(mail(), TO)
    assert len(post.received) == 1
    post.answers[TO] = ["550 no such user", "550 no such user"]
    with pytest.raises(RefusedDelivery, match=r"refused a recipient.*550") as failed:
        mailer(post).send(mail(), TO)
    assert (
        post.answers[TO] == ["550 no such user"]
        and TO not in str(failed.value)
        and len(post.received) == 1
    )


def test_a_server_that_stays_busy_or_away_ends_in_a_refusal(post: Post) -> None:
    post.answers[TO] = ["451 later"] * 9
    with pytest.raises(RefusedDelivery, match=r"localhost:\d+.*451"):
        mailer(post).send(mail(), TO)
    assert len(post.answers[TO]) == 5
    with pytest.raises(RefusedDelivery, match="not reachable"):
        mailer(post, port=1).send(mail(), TO)


def test_a_server_that_takes_the_mail_and_does_not_answer_leaves_it_open(post: Post) -> None:
    post.drop = True
    with pytest.raises(UnansweredDelivery, match="may have been sent"):
        mailer(post).send(mail(), TO)
    assert len(post.received) == 1, "it is not sent twice by itself"


@pytest.mark.parametrize(
    "bad",
    [
        "a@b.c\r\nBcc: x@y.z",
        "a@b.c, x@y.z",
        "a b@c.d",
        "<a@b.c>",
        "añ@b.c",
        "",
        "a@",
        "@b.c",
        "a@b.c\n",
    ],
)
def test_an_address_with_something_hidden_in_it_is_refused(bad: str) -> None:
    with pytest.raises(ConfigError, match="not an e-mail address"):
        check_address(bad, "[mail] to")
