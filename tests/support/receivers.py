"""A real mail server and a real webhook endpoint on loopback."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from secrets import token_hex

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def write_certificate(folder: Path, name: str = "localhost") -> Path:
    """A key and a certificate for `name`, signed by itself, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName(name),
            *([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] if name == "localhost" else []),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}-{token_hex(4)}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@dataclass
class Post:
    """A mail server's inbox; `answers` go to RCPT in turn, then it accepts."""

    password: str = field(default_factory=lambda: token_hex(12))
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    logins: int = 0
    port: int = 0
    ca_file: str = ""
    drop: bool = False
    on_data: Callable[[], None] | None = None

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        waiting = self.answers.get(address, [])
        if waiting:
            return waiting.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        if session.ssl is None:
            return "550 not in the clear"
        if self.on_data:
            self.on_data()
        self.received.append(
            (envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=default))
        )
        if self.drop:
            server.transport.abort()
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        if (
            session.ssl is not None
            and data.login == b"reports"
            and data.password == self.password.encode()
        ):
            self.logins += 1
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False)


def start_post(
    folder: Path, *, tls: bool = True, name: str = "localhost"
) -> tuple[Post, Controller]:
    post = Post()
    options: dict[str, object] = {"auth_require_tls": True}
    if tls:
        pem = write_certificate(folder, name)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
        post.ca_file = str(pem)
        options |= {
            "tls_context": context,
            "require_starttls": True,
            "authenticator": post.authenticate,
        }
    with socket.create_server(("127.0.0.1", 0)) as free:
        post.port = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=post.port, **options)
    controller.start()
    return post, controller


@dataclass
class Channel:
    """What a webhook received, and its answers in turn, then 200.

    An answer is (status, headers, seconds to wait).
    """

    url: str = ""
    received: list[dict] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], float]] = field(default_factory=list)
