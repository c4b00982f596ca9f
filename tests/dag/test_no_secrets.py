"""Secrets and personal data, planted and then searched in all that a run leaves: output at DEBUG,
every object, every file.

Secrets may be nowhere, in no spelling; names of people only in raw, verbatim as the POS sent them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import secrets
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus

import pyarrow.parquet as pq
import pytest

from pipeline.load import decompress
from tests.load.seaweed import Server
from tests.support.buckets import BUCKET, new_url
from tests.support.fake_pos import FakePos
from tests.support.runner import ROOT

PERSON = {
    "name": "Canaria Pájaro-Planted",
    "phone": "+52 55 7391 4428",
    "mail": "canaria.planted@example.org",
    "card": "5105-planted-5100",
}


def spellings(secret: str) -> set[bytes]:
    """The secret plain, escaped, and in base64 at each of the three offsets."""
    raw = secret.encode()
    inner = {base64.b64encode(b"\0" * n + raw)[(0, 2, 3)[n] :].rstrip(b"=")[:-1] for n in range(3)}
    return {
        raw,
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        json.dumps(secret)[1:-1].encode(),
        raw.hex().encode(),
        *inner,
    }


def opened(name: str, body: bytes) -> bytes:
    """The body as one who looks for something reads it: decompressed, Parquet as text, the streams
    of a PDF inflated.
    """
    if name.endswith(".zst"):
        return decompress(body)
    if name.endswith(".parquet"):
        table = pq.read_table(io.BytesIO(body))
        return (
            json.dumps(
                [table.to_pylist(), str(table.schema.metadata)], default=str, ensure_ascii=False
            ).encode()
            + body
        )
    if name.endswith(".pdf"):
        inflated = []
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", body, re.DOTALL):
            try:
                inflated.append(zlib.decompressobj().decompress(stream))
            except zlib.error:
                inflated.append(stream)
        return body + b"".join(inflated)
    return body


@pytest.fixture
def left(quiet_pos: FakePos, seaweed: Server) -> tuple[dict[str, str], dict[str, bytes], str]:
    """(secrets by name, everything that the runs left by name, the customer's id)."""
    fake_pos, runner = quiet_pos, quiet_pos.luigi
    customer = "7e1d0c52-0000-4000-8000-00000000c0de"
    sale = fake_pos.some_receipt(datetime(2026, 10, 29, tzinfo=UTC).date())
    lines = [{**line, "line_note": f"for {PERSON['name']}"} for line in sale["line_items"]]
    payments = [
        {**one, "payment_details": {"card_number": PERSON["card"], "email": PERSON["mail"]}}
        for one in sale["payments"]
    ]
    fake_pos.book.add(
        {
            **sale,
            "receipt_number": "99-1",
            "customer_id": customer,
            "note": f"{PERSON['name']} {PERSON['phone']} {PERSON['mail']}",
            "line_items": lines,
            "payments": payments,
        },
        datetime.fromisoformat(sale["created_at"]) + timedelta(minutes=1),
    )
    planted = {
        name: secrets.token_urlsafe(18) + "+/&" for name in ("CUSTOMER_HASH_KEY", "SMTP_PASSWORD")
    }
    runner.is_drawn = True
    runner.environment |= {**planted, **seaweed.environment, "TMPDIR": str(runner.folder / "tmp")}
    (runner.folder / "tmp").mkdir()
    chatty = (
        (ROOT / "config" / "logging.cfg")
        .read_text()
        .replace("level = INFO", "level = DEBUG")
        .replace("level = WARNING", "level = DEBUG")
    )
    (runner.folder / "debug.cfg").write_text(chatty)
    url = new_url()
    runner.configure("core", logging_conf_file=runner.folder / "debug.cfg").configure(
        "lake", url=url, endpoint=seaweed.endpoint
    )
    found = {"stdout of a run": runner("Nightly").encode()}
    runner.environment["LOYVERSE_TOKEN"], token = (
        secrets.token_urlsafe(24),
        runner.environment["LOYVERSE_TOKEN"],
    )
    wrong = runner.environment["LOYVERSE_TOKEN"]
    runner.environment["WEBHOOK_URL"] = planted["WEBHOOK_URL"] = (
        "https://127.0.0.1:9/" + secrets.token_urlsafe(24)
    )
    fake_pos.set_clock(fake_pos.server.now() + timedelta(days=1))
    found["stdout of a refused token"] = runner("Nightly", code=30).encode()
    runner.environment["LOYVERSE_TOKEN"] = token
    runner.configure("lake", url=f"s3://{BUCKET}-missing/x")
    found["stdout without a bucket"] = runner("RawCatalog", code=35).encode()
    client, prefix = seaweed.client(), url.removeprefix(f"s3://{BUCKET}/")
    for page in client.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix=prefix + "/"
    ):
        for one in page["Contents"]:
            found[one["Key"].removeprefix(prefix + "/")] = opened(
                one["Key"], client.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
            )
    for path in Path(runner.folder).rglob("*"):
        if path.is_file() and not path.is_symlink():
            found[f"file {path.relative_to(runner.folder)}"] = opened(path.name, path.read_bytes())
    return (
        {"LOYVERSE_TOKEN": token, "the refused token": wrong, **planted, **seaweed.environment},
        found,
        customer,
    )


def test_no_secret_and_no_person_is_left_behind(
    left: tuple[dict[str, str], dict[str, bytes], str],
) -> None:
    secret, found, customer = left
    assert (
        len(found) > 60
        and any(name.endswith("report.pdf") for name in found)
        and b"DEBUG" in found["stdout of a run"]
    )
    told = [
        (name, where)
        for name, value in secret.items()
        for spelling in spellings(value)
        for where, body in found.items()
        if spelling in body
    ]
    assert not told
    person = [
        *(value.encode() for value in PERSON.values()),
        *(json.dumps(value)[1:-1].encode() for value in PERSON.values()),
        customer.encode(),
        hashlib.sha256(customer.encode()).hexdigest()[:16].encode(),
        hashlib.md5(customer.encode()).hexdigest()[:16].encode(),
    ]
    where = {name for name, body in found.items() for value in person if value in body}
    assert where and {name.split("/")[0] for name in where} == {"raw"}
    assert any(b'"99-1"' in body for name, body in found.items() if name.startswith("receipts/"))
