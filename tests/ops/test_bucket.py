"""Reports where they are: a site that is served from the bucket, `pos open`, and the lifecycle."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import reports
from pipeline.load import MONTHLY, Lake, fingerprint_of, layout, open_storage
from tests.load.seaweed import Server
from tests.support.buckets import BUCKET, new_url
from tests.support.runner import ROOT, Runner

MONTH = "2026-10"
GOLDEN = ROOT / "tests/reports/golden/en_US"
PAGE = b"<!doctype html><title>Sales</title><h1>October</h1>"


@pytest.fixture
def url(seaweed: Server) -> str:
    """A lake in the bucket with one report and the index of all."""
    address = new_url()
    lake = Lake(open_storage(address, endpoint=seaweed.endpoint))
    figures = (GOLDEN / "figures.json").read_bytes()
    files = {"report.html": PAGE, "report.pdf": b"%PDF-1.7", "figures.json": figures}
    manifest = lake.publish(
        MONTHLY, MONTH, fingerprint_of(1, {}, []), files, {}, expected_manifest=None
    )
    version = f"{manifest.number:06d}.{manifest.digest}"
    page = reports.index(
        {MONTH: [version]}, {}, None, months={MONTH: json.loads(figures)}, locale="en_US"
    )
    lake.put_page("index.html", page)
    lake.put_state("private.json", b"{}")
    return address


def test_the_reports_are_a_site_when_the_bucket_serves_them(
    seaweed: Server, url: str, browser: object
) -> None:
    prefix = url.removeprefix(f"s3://{BUCKET}/")
    policy = json.loads(
        (ROOT / "docs/aws/site-policy.json")
        .read_text(encoding="utf-8")
        .replace("BUCKET", BUCKET)
        .replace("PREFIX", prefix)
    )
    (statement,) = policy["Statement"]
    statement["Principal"] = "*"  # this server has no CloudFront
    del statement["Condition"]
    seaweed.client().put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    try:
        page = browser.new_page()
        page.goto(f"{seaweed.endpoint}/{BUCKET}/{prefix}/reports/index.html")
        links = [link.get_attribute("href") for link in page.locator("a").all()]
        assert links and all(not re.match(r"/|\w+:", link) for link in links), "links are relative"
        page.locator(f"a[href$='{MONTH}/report.html']").first.click()
        assert page.locator("h1").inner_text() == "October"
        for name, kind in (("report.pdf", "application/pdf"), ("figures.json", "application/json")):
            address = f"{seaweed.endpoint}/{BUCKET}/{prefix}/reports/monthly/{MONTH}/{name}"
            with urllib.request.urlopen(address) as answer:
                assert answer.headers["Content-Type"] == kind
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{seaweed.endpoint}/{BUCKET}/{prefix}/state/private.json")
    finally:
        seaweed.client().delete_bucket_policy(Bucket=BUCKET)


def test_pos_open_shows_a_copy_of_a_report_in_a_bucket(
    seaweed: Server, url: str, luigi: Runner
) -> None:
    luigi.configure("lake", url=url, endpoint=seaweed.endpoint, region="us-east-1")
    code, text = luigi.pos("open")
    assert (code, text.strip()) == (0, f"{url}/reports/monthly/{MONTH}/report.html")
    shown = luigi.folder / "shown"
    program = luigi.folder / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >{shown}.part && mv {shown}.part {shown}\n')
    program.chmod(0o700)
    environment = {**luigi.env(), "BROWSER": str(program), "TMPDIR": str(luigi.folder)}
    main, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "open"],
        cwd=luigi.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    os.close(terminal)
    os.close(main)
    assert done.returncode == 0, done.stderr
    deadline = time.monotonic() + 60
    while not shown.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    copy = Path(shown.read_text().strip().removeprefix("file://"))
    assert copy.read_bytes() == PAGE
    assert copy.parent.stat().st_mode & 0o077 == 0


def test_the_lifecycle_expires_no_current_object_of_the_lake(moto: Server) -> None:
    text = (ROOT / "docs/aws/lifecycle.json").read_text(encoding="utf-8")
    rules = json.loads(text.replace("PREFIX", "lake"))
    client = moto.client()
    client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=rules)
    stored = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert {rule["ID"] for rule in stored} == {rule["ID"] for rule in rules["Rules"]}
    expiring = [rule["Filter"]["Prefix"] for rule in rules["Rules"] if "Expiration" in rule]
    assert expiring == ["lake/_probe/"], "what a manifest names stays for good"
    folders = set(re.findall(r"PREFIX/(\w+)/", text))
    assert folders <= set(re.findall(r"\w+", Path(layout.__file__).read_text(encoding="utf-8")))
    classes = {rule["Transitions"][0]["StorageClass"] for rule in stored if "Transitions" in rule}
    assert classes <= {"GLACIER_IR", "STANDARD_IA"}, "classes that answer at once"
