"""Many business days built in one pass are what each of them is alone."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kitchen import catalog, line, raw, receipt, rules
from shops import DAY, NastyShop, encode, receipt_of, shop_of

from pipeline.load.parquet import to_bytes
from pipeline.schema import MONTH_TABLES
from pipeline.transform import BuiltDay, Catalog, Raw, build_day, build_days, day_bounds
from tests.support.inputs import tries

DAYS = [DAY + timedelta(days=n) for n in range(-2, 6)]


def versions_of(rng, shop: NastyShop, number: str) -> list[dict]:
    """One to four versions of a receipt: moved, cancelled, broken, of another store."""
    body = receipt_of(rng, number, shop.stores, shop.default)
    shift = timedelta(days=rng.randint(0, 4))
    for name in ("receipt_date", "created_at", "updated_at"):
        body[name] = (datetime.fromisoformat(body[name]) + shift).isoformat()
    versions = [body]
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        body = dict(versions[-1])
        updated = datetime.fromisoformat(body["updated_at"])
        body["updated_at"] = (updated + timedelta(hours=rng.choice([0, 1, 30, 80]))).isoformat()
        change = rng.choice(["move", "move", "cancel", "store", *BROKEN])
        if change == "move" and isinstance(body["receipt_date"], str):
            try:
                sold = datetime.fromisoformat(body["receipt_date"])
            except ValueError:
                sold = updated
            body["receipt_date"] = (sold + timedelta(hours=rng.choice([-60, -24, 1]))).isoformat()
        elif change == "cancel":
            body["cancelled_at"] = body["updated_at"]
        elif change == "store":
            body["store_id"] = rng.choice(["s1", "s2", "s3"])
        elif change in BROKEN:
            body |= BROKEN[change]
        versions.append(body)
    return versions


BROKEN = {
    "total": {"total_money": "?"},
    "undated": {"receipt_date": "soon"},
    "no date": {"receipt_date": None},
    "old": {"receipt_date": "1999-01-01T00:00:00Z"},
    "no store": {"store_id": None},
    "no number": {"receipt_number": ""},
}


def objects_of(rng, shop: NastyShop) -> list[Raw]:
    """Raw objects by window and date of sale, with copies of moved versions."""
    bodies: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for number in range(rng.randint(0, 9)):
        places: list[str] = []
        for body in versions_of(rng, shop, f"1-{number}"):
            batch = datetime.fromisoformat(body["updated_at"]).date()
            try:
                sold = datetime.fromisoformat(body["receipt_date"]).astimezone(UTC)
                place = "unknown" if sold.year < 2010 else str(sold.date())
            except (TypeError, ValueError):
                place = "unknown"
            copies = [place, *places] if rng.random() < 0.8 else [place]
            for copy in dict.fromkeys(copies):
                bodies[f"{batch}{rng.choice(['', '-rescan'])}", copy].append(encode(body))
            places.append(place)
    if rng.random() < 0.3:
        bodies[str(DAYS[3]), "unknown"] += [b"{", b"[]"]
    return [
        Raw(batch, f"raw/receipts/sold={sold}/{batch}", b"".join(b + b"\n" for b in records))
        for (batch, sold), records in bodies.items()
    ]


def objects_by_day(shop: NastyShop, raws: list[Raw]) -> dict[date, set[str]]:
    """The objects of each day: of its dates, and of unknown date in its window."""
    reads: dict[date, set[str]] = {}
    for day in DAYS:
        bounds = [day_bounds(day, s) for s in (shop.default, *shop.stores.values())]
        first, last = min(a for a, _ in bounds).date(), max(b for _, b in bounds).date()
        sold = {f"sold={first + timedelta(days=n)}" for n in range((last - first).days + 1)}
        reads[day] = {
            r.name
            for r in raws
            if sold & set(r.name.split("/"))
            or ("sold=unknown" in r.name and r.partition[:10] == str(day))
        }
    return reads


def contents(built: BuiltDay) -> dict[str, object]:
    """The bytes of each table as the lake stores it, and the counts."""
    tables = {d.name: to_bytes(getattr(built, d.name), d.order) for d in MONTH_TABLES}
    return tables | {"metadata": built.metadata}


def assert_equal_alone_and_together(shop, raws, reads, catalogs: list[Catalog]) -> dict:
    def catalog_of(day: date) -> Catalog:
        return catalogs[day.toordinal() % len(catalogs)]

    together = build_days(reads, raws, catalog_of, shop.rules)
    assert list(together) == sorted(reads)
    for day, names in reads.items():
        own = [r for r in raws if r.name in names]
        alone = build_day(day, own, catalog_of(day), shop.rules)
        assert together[day].metadata == alone.metadata
        for dataset in MONTH_TABLES:
            batch, single = (getattr(c, dataset.name) for c in (together[day], alone))
            assert batch.equals(single, check_metadata=True), (day, dataset.name)
        assert contents(together[day]) == contents(alone)
    return together


FEW = settings(
    max_examples=tries(5, 25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@FEW
@given(st.randoms(use_true_random=False), st.booleans())
def test_a_batch_gives_for_every_day_what_the_day_gives_alone(rng, by_date):
    shop = shop_of(rng)
    raws = objects_of(rng, shop)
    rng.shuffle(raws)
    reads = objects_by_day(shop, raws)
    if not by_date:  # whatever objects the days read
        reads = {day: {r.name for r in raws if rng.random() < 0.6} for day in DAYS}
    catalogs = [shop.read_catalog(), shop_of(rng).read_catalog(), shop.read_catalog()]
    assert_equal_alone_and_together(shop, raws, reads, catalogs[: rng.randint(1, 3)])


def test_the_random_days_hold_what_the_law_is_about():
    """Late edits, moves, quarantine, unknown dates and cancellations all occur."""
    counts: dict[str, int] = defaultdict(int)
    for seed in range(20):
        rng = random.Random(seed)
        shop = shop_of(rng)
        raws = objects_of(rng, shop)
        days = build_days(
            objects_by_day(shop, raws), raws, lambda _, shop=shop: shop.read_catalog(), shop.rules
        )
        for day in days.values():
            for name, count in day.metadata.items():
                counts[name] += count
            counts["cancelled"] += sum(day.receipts.column("is_cancelled").to_pylist())
            counts["unknown"] += sum(
                "sold=unknown" in record for record in day.quarantine.column("record").to_pylist()
            )
    assert all(
        counts[name] > 5
        for name in ("counted", "quarantined", "superseded", "cancelled", "unknown")
    ), dict(counts)


def test_days_without_objects_and_no_days_at_all():
    built = build_days({DAYS[1]: [], DAYS[0]: []}, [], lambda _: catalog(), rules())
    assert list(built) == DAYS[:2]
    assert {c.receipts.num_rows for c in built.values()} == {0}
    assert build_days({}, raw(receipt(line("Smash", 10))), lambda _: catalog(), rules()) == {}
