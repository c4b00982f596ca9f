"""S3 at its worst: lost answers, refusals, throttling, torn bodies, stores that ignore conditions,
wrong credentials.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pipeline.errors import ConfigError, Conflict, Corrupt, StorageRefused, StorageUnavailable
from pipeline.load import MONTH_DATASET, Lake, Storage, fingerprint_of, open_storage
from pipeline.load.s3 import S3Storage
from tests.load.invariants import check
from tests.load.proxy import LOSE, TEAR, Rule, first, proxied
from tests.load.seaweed import Server
from tests.support.buckets import BUCKET, new_url

OLD, NEW = fingerprint_of(1, {}, []), fingerprint_of(2, {}, [])


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr("pipeline.load.s3.time.sleep", lambda _: None)


@pytest.fixture
def behind(seaweed: Server) -> Iterator[Callable[[Rule], Storage]]:
    """Opens a place of the real server through a proxy with a rule."""
    with ExitStack() as stack:

        def open_behind(rule: Rule) -> Storage:
            return open_storage(
                new_url(), endpoint=stack.enter_context(proxied(seaweed.endpoint, rule))
            )

        yield open_behind


def test_a_put_whose_answer_was_lost_knows_its_own_object(
    behind: Callable[[Rule], Storage],
) -> None:
    storage = behind(first("PUT", LOSE))
    etag = storage.put("k", b"mine", if_absent=True)
    assert storage.head("k").etag == etag and storage.requests["PUT"] == 2, (
        "sent again by botocore, refused with 412, found to be its own"
    )
    with pytest.raises(Conflict):
        storage.put("k", b"another's", if_absent=True)


def test_every_answer_lost_is_still_success_if_the_write_landed(
    behind: Callable[[Rule], Storage],
) -> None:
    storage = behind(first("PUT", LOSE, times=99))
    assert storage.put("k", b"mine", if_absent=True) == storage.head("k").etag
    assert storage.put("k", b"newer") == storage.head("k").etag


@pytest.mark.parametrize("within", ["_commits", "_manifests", "sales/year", "receipts/year"])
def test_a_publication_survives_the_loss_of_any_answer(
    behind: Callable[[Rule], Storage], within: str
) -> None:
    storage = behind(first("PUT", LOSE, within=within))
    for fingerprint, text in ((OLD, b"1"), (NEW, b"2")):
        lake = Lake(storage, secrets.token_hex(4))
        lake.publish(
            MONTH_DATASET,
            "2026-10",
            fingerprint,
            {"sales": text, "receipts": text},
            {},
            expected_manifest=lake.newest(MONTH_DATASET, "2026-10"),
        )
    assert [item.fingerprint for item in Lake(storage).manifests_of(MONTH_DATASET, "2026-10")] == [
        OLD,
        NEW,
    ]
    check(storage, quiet=True)


def test_409_is_sent_again_and_in_the_end_is_a_conflict(behind: Callable[[Rule], Storage]) -> None:
    racing = (409, "ConditionalRequestConflict")
    assert behind(first("PUT", racing, times=3)).put("k", b"1", if_absent=True)
    with pytest.raises(Conflict, match=r"409"):
        behind(first("PUT", racing, times=99)).put("k", b"1", if_absent=True)


@pytest.mark.parametrize(
    ("command_name", "fate"),
    [
        ("GET", (503, "SlowDown")),
        ("HEAD", (500, "InternalError")),
        ("PUT", (503, "SlowDown")),
        ("LIST", (500, "InternalError")),
    ],
)
def test_transient_faults_are_retried_and_lasting_ones_reported(
    behind: Callable[[Rule], Storage], command_name: str, fate: tuple[int, str]
) -> None:
    sent = {"LIST": "GET"}.get(command_name, command_name)
    within = {"LIST": "list-type", "GET": "/k?x-id", "HEAD": "/k", "PUT": "/k"}[command_name]

    def ask(storage: Storage) -> object:
        return {
            "GET": lambda: storage.get("k"),
            "HEAD": lambda: storage.head("k"),
            "PUT": lambda: storage.put("k", b"2" * 50),
            "LIST": lambda: list(storage.list()),
        }[command_name]()

    storage = behind(first(sent, fate, times=3, within=within if command_name != "GET" else "/k"))
    if command_name != "PUT":
        storage.put("k", b"1" * 50)
    ask(storage)
    assert storage.get("k") == (b"2" if command_name == "PUT" else b"1") * 50
    storage = behind(first(sent, fate, times=99, within=within if command_name != "GET" else "/k"))
    if command_name != "PUT":
        storage.put("k", b"1")
    with pytest.raises(StorageUnavailable, match=r"/k|s3://"):
        ask(storage)
    if command_name == "PUT":
        assert storage.head("k") is None


def test_a_torn_body_is_read_again_and_never_taken_for_whole(
    behind: Callable[[Rule], Storage],
) -> None:
    data = secrets.token_bytes(100_000)
    storage = behind(first("GET", TEAR, times=2))
    storage.put("k", data)
    assert storage.get("k") == data
    assert storage.requests["GET"] == 3
    storage = behind(first("GET", TEAR, times=99))
    storage.put("k", data)
    with pytest.raises(StorageUnavailable, match=r"no answer from .* to GET .*/k"):
        storage.get("k")


def test_credentials_that_expire_in_mid_run_stop_it_and_the_next_run_finishes(
    behind: Callable[[Rule], Storage],
) -> None:
    storage = behind(first("PUT", (400, "ExpiredToken"), within="_commits"))
    lake = Lake(storage)
    with pytest.raises(
        StorageRefused, match=r"credentials have expired; get new ones and run again"
    ):
        lake.publish(
            MONTH_DATASET,
            "2026-10",
            OLD,
            {"sales": b"1"},
            {},
            expected_manifest=lake.newest(MONTH_DATASET, "2026-10"),
        )
    check(storage)
    Lake(storage).publish(
        MONTH_DATASET, "2026-10", OLD, {"sales": b"1"}, {}, expected_manifest=None
    )
    check(storage, quiet=True)


def test_a_store_that_ignores_conditions_is_refused(moto: Server) -> None:
    for header in ("If-None-Match", "If-Match"):
        with (
            proxied(moto.endpoint, lambda *_: "pass", strip=(header.lower(),)) as endpoint,
            pytest.raises(
                StorageRefused, match=rf"ignores {header}, so two runs at once.*SeaweedFS"
            ),
        ):
            open_storage(new_url(), endpoint=endpoint).preflight()


def test_a_store_that_refuses_the_right_etag_is_refused(behind: Callable[[Rule], Storage]) -> None:
    seen: list[str] = []

    def rule(command_name: str, path: str) -> str | tuple[int, str]:
        seen.append(command_name)
        return (
            (412, "PreconditionFailed")
            if command_name == "PUT" and seen.count("PUT") > 3
            else "pass"
        )

    with pytest.raises(StorageRefused, match=r"refuses If-Match with the object's own ETag"):
        behind(rule).preflight()


def test_a_missing_bucket_is_reported_before_any_other_request(seaweed: Server) -> None:
    for url in ("s3://nosuch", "s3://nosuch/prefix"):
        storage = open_storage(url, endpoint=seaweed.endpoint)
        for ask in (
            storage.preflight,
            lambda item=storage: Lake(item).newest(MONTH_DATASET, "2026-10"),
            lambda item=storage: item.put("k", b"1"),
        ):
            with pytest.raises(
                StorageRefused, match=r"s3://nosuch.*the bucket does not exist there; create it"
            ):
                ask()


def test_wrong_credentials_are_reported_and_never_shown(
    seaweed: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = secrets.token_hex(20)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", wrong)
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(StorageRefused, match=r"secret key does not fit") as refused,
    ):
        open_storage(new_url(), endpoint=seaweed.endpoint).preflight()
    assert wrong not in str(refused.value) + caplog.text
    assert seaweed.environment["AWS_ACCESS_KEY_ID"] not in str(refused.value)
    unknown = secrets.token_hex(10)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", unknown)
    with pytest.raises(StorageRefused, match=r"access key is unknown there") as refused:
        open_storage(new_url(), endpoint=seaweed.endpoint).preflight()
    assert unknown not in str(refused.value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigError, match=r"no credentials for s3://lake/.*set AWS_ACCESS_KEY_ID"):
        open_storage(new_url(), endpoint=seaweed.endpoint).preflight()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigError, match=r"cannot open s3://lake.*nobody"):
        open_storage(new_url(), endpoint=seaweed.endpoint).preflight()


def test_an_endpoint_that_does_not_answer_is_reported(moto: Server) -> None:
    with pytest.raises(
        StorageUnavailable,
        match=(
            r"no answer from http://127.0.0.1:9 to LIST s3://lake/.*check the endpoint and the"
            r" network"
        ),
    ):
        open_storage(new_url(), endpoint="http://127.0.0.1:9").preflight()


def test_a_bucket_in_another_region_is_reported(behind: Callable[[Rule], Storage]) -> None:
    with pytest.raises(StorageRefused, match=r"another region; set that region|is in region"):
        list(behind(first("GET", (301, "PermanentRedirect"), times=99)).list())


@pytest.mark.parametrize(
    ("command_name", "right"),
    [
        ("GET", "s3:GetObject"),
        ("PUT", "s3:PutObject"),
        ("LIST", "s3:ListBucket"),
        ("HEAD", "s3:ListBucket"),
    ],
)
def test_a_missing_right_is_named_and_never_means_absent(
    behind: Callable[[Rule], Storage], command_name: str, right: str
) -> None:
    sent, within = ("GET", "list-type") if command_name == "LIST" else (command_name, "/k")
    storage = behind(first(sent, (403, "AccessDenied"), times=99, within=within))
    with pytest.raises(StorageRefused, match=rf"refused {command_name} s3://lake/.*{right}"):
        {
            "GET": lambda: storage.get("k"),
            "HEAD": lambda: storage.head("k"),
            "PUT": lambda: storage.put("k", b"1"),
            "LIST": lambda: list(storage.list()),
        }[command_name]()


def test_encryption_is_asked_for_with_every_object(moto: Server) -> None:
    storage = open_storage(new_url(), endpoint=moto.endpoint, encryption="AES256")
    storage.put("k", b"1")
    answer = moto.client().head_object(
        Bucket=BUCKET, Key=storage.uri("k").removeprefix(f"s3://{BUCKET}/")
    )
    assert answer["ServerSideEncryption"] == "AES256"
    key = "arn:aws:kms:us-east-1:111122223333:key/1"
    storage = open_storage(new_url(), endpoint=moto.endpoint, encryption="aws:kms", kms_key=key)
    storage.put("k", b"1")
    answer = moto.client().head_object(
        Bucket=BUCKET, Key=storage.uri("k").removeprefix(f"s3://{BUCKET}/")
    )
    assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == ("aws:kms", key)
    for wrong in (
        {"encryption": "rot13"},
        {"kms_key": key},
        {"encryption": "AES256", "kms_key": key},
    ):
        with pytest.raises(ConfigError, match=r"encryption"):
            open_storage("s3://lake", **wrong)


def test_a_prefix_is_kept_to(seaweed: Server) -> None:
    url = new_url()
    item, beside = (
        open_storage(url, endpoint=seaweed.endpoint),
        open_storage(f"{url}0", endpoint=seaweed.endpoint),
    )
    beside.put("k", b"1")
    seaweed.client().put_object(
        Bucket=BUCKET, Key=item.uri().removeprefix(f"s3://{BUCKET}/"), Body=b""
    )
    assert list(item.list()) == []
    assert item.head("k") is None


def test_amazon_itself_is_asked_where_no_endpoint_is_named(
    monkeypatch: pytest.MonkeyPatch, moto: Server
) -> None:
    client = S3Storage("bucket", "p", region="eu-west-1")._client()
    assert client.meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"
    assert client.meta.region_name == "eu-west-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    assert S3Storage("bucket")._client().meta.region_name == "sa-east-1"


def test_old_versions_are_listed_read_and_removed_and_the_newest_of_others_stays(
    moto: Server,
) -> None:
    """A prefix is part of a key, and a key that begins with another one is another object."""
    moto.client().create_bucket(Bucket="versions")
    enabled = {"Status": "Enabled"}
    moto.client().put_bucket_versioning(Bucket="versions", VersioningConfiguration=enabled)
    storage = open_storage("s3://versions/shop", endpoint=moto.endpoint)
    for text in (b"1", b"2", b"3"):
        storage.put("k", text)
    storage.put("k2", b"other")
    assert [storage.get_version(item) for item in storage.old_versions()] == [b"2", b"1"]
    first = list(storage.old_versions("k"))[1]
    storage.remove_version(first)
    assert [storage.get_version(item) for item in storage.old_versions()] == [b"2"]
    with pytest.raises(Corrupt, match=r"k has no version"):
        storage.get_version(first)
    prefix = storage.uri("k").removeprefix("s3://versions/")
    moto.client().delete_object(Bucket="versions", Key=prefix)
    assert [item.is_marker for item in storage.old_versions()].count(True) == 1
    storage.remove("k")
    assert list(storage.old_versions()) == []
    assert [stat.key for stat in storage.list()] == ["k2"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("report.html", "text/html; charset=utf-8"),
        ("report.md", "text/markdown; charset=utf-8"),
        ("report.pdf", "application/pdf"),
        ("figures.json", "application/json"),
    ],
)
def test_a_browser_shows_a_report_and_does_not_save_it(moto: Server, name: str, kind: str) -> None:
    storage = open_storage(new_url(), endpoint=moto.endpoint)
    storage.put(name, b"1")
    key = storage.uri(name).removeprefix(f"s3://{BUCKET}/")
    assert moto.client().head_object(Bucket=BUCKET, Key=key)["ContentType"] == kind
