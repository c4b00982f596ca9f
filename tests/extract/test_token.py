"""The token goes to the one host of the settings, over TLS that is checked, and into no message."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from pipeline.errors import ConfigError, SourceFatal, SourceRetriable, Unauthorized
from pipeline.extract.http import Http
from tests.extract.small_shop import START, shop
from tests.support.faults import Fault


def read_all(source: object) -> list[str]:
    return [record.number for page in source.receipts(START, None) for record in page.records]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(scripted, start, token: str, status: int) -> None:
    server, _ = start(shop(3))
    answer = f"HTTP/1.1 {status} Moved\r\nLocation: {server.url}/receipts\r\nContent-Length: 0\r\n\r\n".encode()
    http = Http(scripted(lambda connection: connection.sendall(answer)), token)
    with pytest.raises(SourceFatal, match="redirect"):
        http.get("/receipts", {}, bytes)
    assert server.requests == []


@pytest.mark.parametrize(
    "cursor",
    [
        "http://169.254.169.254/",
        "&store_id=x",
        "a\r\nHost: evil",
        "../../stores",
        "x" * 4000,
        "a b%20=_-é",
    ],
)
def test_a_cursor_is_a_value_and_nothing_else(start, cursor: str) -> None:
    server, source = start(shop(3), faults=[Fault("cursor", cursor=cursor)])
    with pytest.raises(
        SourceRetriable, match="INVALID_CURSOR"
    ):  # this server forgets every cursor that it has not made
        server.faults.append(Fault("cursor", cursor=cursor, times=None))
        read_all(source)
    assert server.requests[1].params["cursor"] == cursor
    assert {request.path for request in server.requests} == {"/receipts"}
    assert all(
        request.params.keys() <= {"updated_at_min", "limit", "cursor"}
        for request in server.requests
    )


def test_netrc_and_proxies_of_the_environment_are_ignored(
    start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password other\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server, source = start(shop(3))
    assert len(read_all(source)) == 3
    assert all(request.authorized for request in server.requests)


@pytest.fixture
def tls_server(tmp_path: Path):
    """(address, certificate) of a server with a certificate that no one has signed; it answers an
    empty page.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "certificate.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, tmp_path / "key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    heads: list[bytes] = []

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    heads.append(secure.recv(4096))
                    secure.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"receipts":[]}')
            except OSError:
                continue

    Thread(target=run, daemon=True).start()
    yield f"https://localhost:{listener.getsockname()[1]}", pem, heads
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_certificate_that_nobody_has_signed_is_refused(tls_server, token: str) -> None:
    url, pem, heads = tls_server
    http = Http(url, token)
    with pytest.raises(SourceFatal, match="certificate is not accepted") as caught:
        http.get("/receipts", {}, json.loads)
    assert caught.value.__context__ is caught.value.__cause__ is None, (
        "what requests raised holds the header"
    )
    assert heads == [] and http.requests == 1, "the token was not shown, and no retry was made"
    assert Http(url, token, ca_bundle=str(pem)).get("/receipts", {}, json.loads) == {"receipts": []}


@pytest.mark.parametrize(
    "url",
    [
        "http://api.loyverse.com/v1.0",
        "http://10.0.0.1",
        "ftp://localhost/",
        "https://",
        "https://user@host/",
        "https://host/?a=1",
        "https://host/#x",
        "localhost:80",
        "",
    ],
)
def test_an_address_that_would_show_the_token_is_refused(url: str, token: str) -> None:
    with pytest.raises(ConfigError, match="address of the API"):
        Http(url, token)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.loyverse.com/v1.0/",
        "http://127.0.0.1:1",
        "http://localhost",
        "http://[::1]:8080/v1.0",
    ],
)
def test_tls_or_loopback_is_accepted(url: str, token: str) -> None:
    assert not Http(url, token).base.endswith("/")


@pytest.mark.parametrize("spoil", ["", " ", "{}\n", "a {}", "{}é", "\x00{}"])
def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(
    spoil: str, token: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Http("https://api.loyverse.com", spoil.format(token))
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=401, times=None),
        Fault("status", status=500, times=None),
        Fault("drop", times=None),
        Fault("html", times=None),
        Fault("stall", times=None),
        Fault("status", status=302, headers={"Location": "/"}, times=None),
    ],
    ids=lambda f: f"{f.kind} {list(f.options.values())[:1]}",
)
def test_the_token_is_in_no_error_and_no_log(
    start, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    import logging
    import traceback

    caplog.set_level(logging.DEBUG)
    fault.struck = 0
    server, source = start(shop(3), faults=[fault], client={"deadline": 0.3, "attempts": 2})
    with pytest.raises((SourceFatal, SourceRetriable)) as caught:
        read_all(source)
    shown = (
        "".join(traceback.format_exception(caught.value))
        + caplog.text
        + repr(vars(source))
        + repr(vars(source._http))
    )
    assert server.token not in shown
    hanging: list[BaseException | None] = [caught.value]
    while hanging:  # nothing that holds the request, and so its headers, hangs on the error
        if error := hanging.pop():
            assert not hasattr(error, "request")
            hanging += [error.__cause__, error.__context__]


def test_what_a_server_echoes_does_not_show_the_token(start) -> None:
    server, source = start(shop(3))
    body = json.dumps(
        {"errors": [{"code": "UNAUTHORIZED", "details": f"bad {server.token}"}]}
    ).encode()
    server.faults.append(Fault("status", status=401, body=body))
    with pytest.raises(Unauthorized) as caught:
        read_all(source)
    assert server.token not in str(caught.value) and "<token>" in str(caught.value)
