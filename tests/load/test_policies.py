"""The policies in docs/aws, enforced by a real server: what a role needs works, everything else is
denied.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError

from pipeline.errors import StorageRefused
from pipeline.load import (
    MONTH_DATASET,
    MONTHLY,
    RAW_RECEIPTS,
    Lake,
    Storage,
    fingerprint_of,
    open_storage,
)
from tests.load.invariants import check
from tests.load.seaweed import Server
from tests.support.buckets import BUCKET, enter, new_url

POLICIES = Path(__file__).parents[2] / "docs" / "aws"


def policy(name: str, url: str, bucket: str = BUCKET) -> dict:
    prefix = url.removeprefix(f"s3://{bucket}/")
    return json.loads(
        (POLICIES / f"{name}-policy.json")
        .read_text()
        .replace("BUCKET", bucket)
        .replace("PREFIX", prefix)
    )


def run_once(storage: Storage) -> None:
    """Every kind of request that a run makes, twice, the second time over what the first has
    left.
    """
    lake = Lake(storage, publish_wait=0)
    storage.preflight()
    for fingerprint, text in ((fingerprint_of(1, {}, []), b"1"), (fingerprint_of(2, {}, []), b"2")):
        if not lake.newest(RAW_RECEIPTS, "2026-10-05"):
            lake.commit_window("2026-10-05", {date(2026, 10, 5): b"{}\n", None: b"x\n"}, {})
        result = lake.raw_objects(date(2026, 10, 1), date(2026, 10, 31), "2026-10-05")
        assert [lake.read_raw(item) for item in result] == [b"{}\n", b"x\n"]
        for dataset, files in (
            (MONTH_DATASET, {"sales": text, "receipts": b"same"}),
            (MONTHLY, {"report.md": text}),
        ):
            lake.publish(
                dataset,
                "2026-10",
                fingerprint,
                files,
                {},
                expected_manifest=lake.newest(dataset, "2026-10"),
            )
            assert lake.read(dataset, "2026-10") == files
        lake.put_state("etl_state.json", text)


@pytest.fixture
def url(seaweed: Server) -> str:
    """A lake's URL, other people's objects beside it."""
    seaweed.client().put_object(Bucket=BUCKET, Key="somebody/else", Body=b"1")
    return new_url()


def denied(ask: Callable[[], object]) -> bool:
    """Whether the server says that the right is missing."""
    try:
        ask()
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error
        return True
    return False


def test_the_run_policy_suffices_for_a_run_and_for_nothing_else(
    seaweed: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = enter(seaweed.user("run", json.dumps(policy("run", url))), monkeypatch)
    run_once(open_storage(url, endpoint=user.endpoint))
    check(open_storage(url, endpoint=user.endpoint), quiet=True)
    client, key = (
        user.client(),
        url.removeprefix(f"s3://{BUCKET}/") + "/sales/year=2026/month=10/sales.parquet",
    )
    for ask in (
        lambda: client.delete_object(Bucket=BUCKET, Key=key),
        lambda: client.get_object(Bucket=BUCKET, Key="somebody/else"),
        lambda: client.put_object(Bucket=BUCKET, Key="somebody/else", Body=b"2"),
        lambda: client.list_objects_v2(Bucket=BUCKET),
        lambda: client.list_objects_v2(Bucket=BUCKET, Prefix="somebody/"),
        lambda: client.list_object_versions(Bucket=BUCKET, Prefix=key),
        lambda: client.put_bucket_policy(Bucket=BUCKET, Policy="{}"),
        lambda: client.create_bucket(Bucket="another"),
    ):
        assert denied(ask)


@pytest.mark.parametrize(
    ("action", "command_name"),
    [("s3:GetObject", "GET"), ("s3:PutObject", "PUT"), ("s3:ListBucket", "LIST")],
)
def test_the_right_that_a_policy_lacks_is_named(
    seaweed: Server, url: str, monkeypatch: pytest.MonkeyPatch, action: str, command_name: str
) -> None:
    less = policy("run", url)
    less["Statement"] = [
        {**text, "Action": [item for item in listed if item != action]}
        for text in less["Statement"]
        if (listed := [text["Action"]] if isinstance(text["Action"], str) else text["Action"])
        != [action]
    ]
    user = enter(seaweed.user(f"less-{command_name}", json.dumps(less)), monkeypatch)
    with pytest.raises(StorageRefused, match=rf"refused {command_name} s3://.*grant {action}"):
        run_once(open_storage(url, endpoint=user.endpoint))


def test_the_reader_policy_shows_what_is_published_and_no_raw(
    seaweed: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once(open_storage(url, endpoint=seaweed.endpoint))
    storage = open_storage(
        url,
        endpoint=enter(
            seaweed.user("analyst", json.dumps(policy("reader", url))), monkeypatch
        ).endpoint,
    )
    assert storage.get("sales/year=2026/month=10/sales.parquet") == b"2"
    assert storage.get("reports/monthly/2026-10/report.md") == b"2"
    lake = Lake(storage)  # `pos sql`, `pos describe` and `pos open` find the current files by it
    assert lake.partitions(MONTH_DATASET) == ["2026-10"]
    assert lake.read(MONTHLY, "2026-10") == {"report.md": b"2"}
    assert all(list(storage.list(f"{name}/")) == [] for name in ("shifts", "outside"))
    assert [stat.key for stat in storage.list("receipts/")] == [
        "receipts/year=2026/month=10/receipts.parquet"
    ]
    for ask in (
        lambda: list(storage.list("raw/")),
        lambda: list(storage.list("quarantine/")),
        lambda: list(storage.list()),
        lambda: storage.get("_probe/conditional-writes"),
        lambda: storage.put("sales/year=2026/month=10/sales.parquet", b"3"),
        lambda: storage.get("state/etl_state.json"),
    ):
        with pytest.raises(StorageRefused, match=r"grant s3:"):
            ask()


def test_the_maintenance_policy_can_erase_but_only_in_the_lake(
    seaweed: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once(open_storage(url, endpoint=seaweed.endpoint))
    user = enter(seaweed.user("carer", json.dumps(policy("maintenance", url))), monkeypatch)
    storage, client = open_storage(url, endpoint=user.endpoint), user.client()
    raw = [stat.key for stat in storage.list("raw/")]
    for key in raw:
        client.delete_object(Bucket=BUCKET, Key=storage.uri(key).removeprefix(f"s3://{BUCKET}/"))
    assert raw
    assert not list(storage.list("raw/"))
    assert denied(lambda: client.delete_object(Bucket=BUCKET, Key="somebody/else"))


def test_the_bucket_refuses_plain_http(seaweed: Server) -> None:
    admin = seaweed.client()
    admin.create_bucket(Bucket="guarded")
    text = policy("bucket", "s3://guarded/p", "guarded")
    admin.put_bucket_policy(
        Bucket="guarded", Policy=json.dumps({**text, "Statement": text["Statement"][:1]})
    )
    with pytest.raises(StorageRefused, match=r"403 AccessDenied"):
        list(open_storage("s3://guarded/p", endpoint=seaweed.endpoint).list())


def test_the_bucket_guards_what_is_final_and_nothing_else(seaweed: Server) -> None:
    """SeaweedFS does not know the condition on If-None-Match. So the reach of the statement is
    tested without it, and that the pipeline fulfils it wherever it applies with what is really
    sent.
    """
    admin = seaweed.client()
    admin.create_bucket(Bucket="kept")
    guard = policy("bucket", "s3://kept/p", "kept")["Statement"][1]
    assert guard.pop("Condition") == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }
    sent: dict[str, bool] = {}
    storage = open_storage("s3://kept/p", endpoint=seaweed.endpoint)
    storage._client().meta.events.register(
        "before-send.s3.PutObject",
        lambda request, **_: sent.update(
            {
                unquote(request.url).removeprefix(f"{seaweed.endpoint}/kept/p/"): (
                    request.headers.get("If-None-Match") == b"*"
                )
            }
        ),
    )
    run_once(storage)
    guarded = {
        key
        for key in sent
        if any(fnmatchcase(f"arn:aws:s3:::kept/p/{key}", reach) for reach in guard["Resource"])
    }
    assert all(sent[key] for key in guarded)
    assert not all(sent.values())
    assert check(storage, quiet=True).keys() <= guarded, "all that must never change is guarded"
    admin.put_bucket_policy(
        Bucket="kept", Policy=json.dumps({"Version": "2012-10-17", "Statement": [guard]})
    )
    for key in (
        "raw/receipts/sold=2026-10-05/x",
        "_manifests/sales/2026-10/x",
        "_commits/x",
        "reports/monthly/2026-10/versions/000001.x.zip",
    ):
        assert denied(lambda key=key: admin.put_object(Bucket="kept", Key=f"p/{key}", Body=b"1")), (
            key
        )
    for key in (
        "reports/monthly/2026-10/report.md",
        "raw/catalog/2026-10-05/x",
        "sales/x",
        "state/x",
        "_probe/x",
    ):
        assert not denied(
            lambda key=key: admin.put_object(Bucket="kept", Key=f"p/{key}", Body=b"1")
        ), key


@pytest.mark.parametrize("name", ["run", "reader", "maintenance"])
def test_no_policy_reaches_further_than_the_lake(name: str) -> None:
    for text in policy(name, "s3://b/p", "b")["Statement"]:
        actions = [text["Action"]] if isinstance(text["Action"], str) else text["Action"]
        reached = [text["Resource"]] if isinstance(text["Resource"], str) else text["Resource"]
        assert text["Effect"] == "Allow"
        assert not any("*" in action for action in actions)
        assert all(
            item.startswith("arn:aws:s3:::b/p/")
            or (item == "arn:aws:s3:::b" and text["Condition"]["StringLike"]["s3:prefix"])
            for item in reached
        )
        assert name == "maintenance" or not any("Delete" in action for action in actions)
