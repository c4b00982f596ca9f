"""Names: what is written is read back as itself, and nothing leads out of its folder."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.load.layout import (
    CATALOG,
    CUMULATIVE,
    DATASETS,
    MONTH_DATASET,
    MONTHLY,
    NIGHTLY,
    RAW_RECEIPTS,
    STAGING,
    SUMMARY,
    Manifest,
    RawPartition,
    archive_key,
    check_partition,
    commit_key,
    digest_of,
    file_key,
    log_prefix,
    manifest_of,
    parse_manifest,
    state_key,
)
from pipeline.load.raw_keys import RawObject, parse_raw, raw_key
from pipeline.load.storage import Stat

hexes = st.text("0123456789abcdef", min_size=16, max_size=16)
months = st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(lambda day: f"{day:%Y-%m}")
partitions = st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(str) | st.just(
    "2026-11-23-rescan-35-20261123T031500"
)


@given(
    st.tuples(st.sampled_from(DATASETS[1:]), months) | st.tuples(st.just(RAW_RECEIPTS), partitions),
    st.integers(1, 10_000_000),
    hexes | st.sampled_from(["invalidated", "raw"]),
    hexes,
)
def test_a_manifest_is_identified_by_its_name_alone(
    name: tuple[str, str], number: int, fingerprint: str, digest: str
) -> None:
    dataset, partition = name
    manifest = manifest_of(dataset, partition, number, fingerprint, digest)
    assert (
        parse_manifest(manifest.key)
        == manifest
        == Manifest(number, fingerprint, digest, dataset, partition, manifest.key)
    )
    assert manifest.key.startswith(log_prefix(dataset, partition))
    assert manifest.key.startswith(log_prefix())


minutes = st.times().map(lambda at: f"{at:%H%M}")


@given(
    st.dates(date(2000, 1, 1), date(2099, 12, 31)) | st.none(),
    partitions,
    hexes,
    hexes,
    st.integers(0, 9999),
    minutes,
    minutes,
)
def test_a_raw_object_is_identified_by_its_name_alone(
    sold: date | None,
    partition: str,
    partition_digest: str,
    digest: str,
    size: int,
    first: str,
    last: str,
) -> None:
    key = raw_key(sold, partition, partition_digest, digest, f"{first}-{last}")
    names = (partition, partition_digest, digest)
    assert parse_raw(Stat(key, size, "")) == [
        RawObject(key, sold, *names, size, f"{first}-{last}", 0, key)
    ]
    assert key.startswith(f"{RAW_RECEIPTS}/")


def test_an_object_of_two_dates_is_identified_by_its_name_alone() -> None:
    names, later = ("2026-09-30", "a" * 16, "b" * 16), [(date(2026, 10, 1), "0000-1058", 70)]
    key = raw_key(date(2026, 9, 30), *names, "1104-2359", later)
    assert key.endswith(".1104-2359.1_0000-1058_70.ndjson.zst")
    first, second = parse_raw(Stat(key, 100, ""))
    assert first == RawObject(key, date(2026, 9, 30), *names, 70, "1104-2359", 0, key)
    assert second == RawObject(
        key.replace("sold=2026-09-30", "sold=2026-10-01"),
        date(2026, 10, 1),
        *names,
        30,
        "0000-1058",
        70,
        key,
    )
    assert parse_raw(Stat(key.replace("sold=2026-09-30", "sold=unknown"), 100, "")) == []


@given(st.text(max_size=60))
def test_no_text_is_read_as_a_name_that_was_not_written(text: str) -> None:
    for key in (text, f"_manifests/staging/{text}", f"raw/receipts/sold=2026-10-05/{text}"):
        manifest, results = parse_manifest(key), parse_raw(Stat(key, 0, ""))
        assert (
            manifest is None
            or manifest_of(manifest.dataset, manifest.partition, *manifest[:3]).key == key
        )
        if results:
            sold, partition, partition_digest, digest, _, times = results[0][1:7]
            later = [(entry.sold, entry.times, entry.start) for entry in results[1:]]
            assert raw_key(sold, partition, partition_digest, digest, times, later) == key


NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
hours = st.integers(-36, 36).map(lambda count: NOON + timedelta(hours=count))


@given(hours, hours, minutes, minutes, st.times())
def test_an_object_is_left_out_only_if_no_sale_in_it_can_lie_in_the_span(
    start: datetime, end: datetime, first: str, last: str, sale: time
) -> None:
    first, last = sorted((first, last))
    result = RawObject("", NOON.date(), "b", "", "", 0, f"{first}-{last}")
    if start <= datetime.combine(NOON.date(), sale, UTC) < end and first <= f"{sale:%H%M}" <= last:
        assert result.may_hold(start, end)
    assert not result.may_hold(NOON + timedelta(hours=12), NOON + timedelta(hours=36))
    assert result._replace(sold=None).may_hold(start, end)


def test_where_things_stand() -> None:
    assert file_key(CATALOG, "2026-10-05", "catalog") == "raw/catalog/2026-10-05/catalog.json.zst"
    assert file_key(STAGING, "2026-10-05", "day") == "staging/day=2026-10-05/day.arrow.zst"
    assert (
        file_key(MONTH_DATASET, "2026-10", "receipts")
        == "receipts/year=2026/month=10/receipts.parquet"
    )
    assert file_key(SUMMARY, "2026-10", "days") == "summary/days/year=2026/month=10/days.parquet"
    assert (
        file_key(MONTHLY, "2026-10", "charts/net.png") == "reports/monthly/2026-10/charts/net.png"
    )
    assert file_key(NIGHTLY, "2026-10-05", "night.json") == "nightly/2026-10-05/night.json"
    assert (
        archive_key(CUMULATIVE, "2026-10", 2, "a" * 16)
        == f"reports/cumulative/2026-10/versions/000002.{'a' * 16}.zip"
    )
    assert archive_key(MONTH_DATASET, "2026-10", 2, "a" * 16) is None
    assert (
        commit_key(RAW_RECEIPTS, "2026-10-05", 1) == "_commits/raw/receipts/2026-10-05/000001.json"
    )
    assert state_key("etl_state.json") == "state/etl_state.json"


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/x", "", ".", "x\n", "x\r\ny", "a?b", "a%2f", "é", "x" * 300]
)
def test_no_name_leads_out(name: str) -> None:
    for make in (
        lambda: file_key(MONTHLY, "2026-10", name),
        lambda: file_key(STAGING, name, "sales"),
        lambda: commit_key(STAGING, name, 1),
        lambda: state_key(name),
        lambda: raw_key(None, name, "a" * 16, "b" * 16),
        lambda: manifest_of(STAGING, name, 1, "a" * 16, "b" * 16),
        lambda: manifest_of(STAGING, "2026-10-05", 1, name, "b" * 16),
        lambda: check_partition(name, "2026-10"),
    ):
        with pytest.raises(ConfigError):
            make()


@pytest.mark.parametrize(
    "partition", ["2026-13", "2026-00", "2026-1", "2026-10-05", "26-10", "2026-10 "]
)
def test_a_month_is_written_in_one_way(partition: str) -> None:
    for dataset in (MONTH_DATASET, SUMMARY, MONTHLY, CUMULATIVE):
        with pytest.raises(ConfigError, match=r"a month is written YYYY-MM"):
            check_partition(dataset, partition)


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_different_words_have_different_digests(one: list[str], two: list[str]) -> None:
    assert (digest_of(*one) == digest_of(*two)) == (one == two)


@given(
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.just("") | st.from_regex(r"[0-9A-Za-z_-]{1,40}", fullmatch=True),
    st.integers(1, 31),
)
def test_the_name_of_a_partition_is_read_as_it_was_written(
    day: date, rescan: str, window_count: int
) -> None:
    name = RawPartition(day, rescan, 1 if rescan else window_count)
    assert RawPartition.parse(str(name)) == name
    assert check_partition(RAW_RECEIPTS, str(name)) == str(name)
    assert name.is_window == (rescan == "")
    days = [day - timedelta(days=window_count - 1 - number) for number in range(window_count)]
    assert name.windows == ([] if rescan else [str(day) for day in days])
    assert str(name).startswith(name.month)


@pytest.mark.parametrize(
    "name",
    ["2026-10", "2026-13-01", "2026-10-05-", "2026-10-05-rescan-", "20261005", "rescan", ""]
    + [f"2026-10-05-windows-{count}" for count in ("", "0", "1", "05", "32")],
)
def test_no_other_name_is_a_partition(name: str) -> None:
    with pytest.raises(ConfigError, match=r"is not the name of a raw partition"):
        RawPartition.parse(name)
    assert parse_manifest(f"_manifests/{RAW_RECEIPTS}/{name}/000001.raw.{'a' * 16}.json") is None
