"""Erase one customer from the lake permanently, from raw to the reports.

    pos erase --customer ID --dry-run       lists what would change
    pos erase --customer ID

Receipts and amounts stay, without the customer, also if a receipt is fetched again. Older versions
of the objects are removed too. This needs permission to delete (docs/aws: maintenance-policy.json)
and the lake's CUSTOMER_HASH_KEY; in a lake without one, set a new key and run `pos lake
--accept-key` first. Do not run it during another run; if it is interrupted, start it again. If an
export in backoffice/ names the buyer of one of the customer's receipts, nothing is erased: change
that file first. Exit code 1 in that case, and if something still names the customer at the end; 2
if the command is refused, which changes nothing; otherwise Luigi's.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from datetime import date

from pipeline import settings
from pipeline.child_process import run_luigi
from pipeline.errors import ConfigError
from pipeline.lakes import check_lake, identity, raw_sources, refresh_all
from pipeline.load import CUMULATIVE, MONTH_DATASET, STAGING
from pipeline.maintenance.customer_exports import find_exports_with
from pipeline.maintenance.erase import (
    erase_customer,
    find_named,
    find_traces,
    pseudonym,
    read_erased,
    read_numbers,
    remove_old_derived,
)
from pipeline.targets import lake
from pipeline.tasks.labour import labour
from pipeline.tasks.maintenance import Rebuild


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--customer", required=True, help="the customer's id in the point of sale")
    parser.add_argument("--dry-run", action="store_true", help="only list what names the customer")


def run(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _show(options.customer)
    key = _check_rebuild()
    lake().preflight()
    if _show_exports(options.customer):
        print("nothing was erased; change these files, then run this again")
        return 1
    partitions = [
        partition
        for raw in raw_sources()
        for partition in erase_customer(raw.lake, raw.reader, options.customer, key)
    ]
    # pages of a killed extraction on this machine
    for folder in settings.lake_state_folder().glob("pages.*"):
        shutil.rmtree(folder, ignore_errors=True)
    print(f"raw: {len(partitions)} windows rewritten without the customer")
    code = rebuild_derived()
    if code:
        print(
            "raw no longer names the customer, and what is built from it was not rebuilt; remove"
            " the cause above, then run this again"
        )
        return code
    removed = remove_old_derived(lake().storage)
    print(f"{removed} older versions of derived objects removed")
    left = list(find_traces(lake().storage, [options.customer, pseudonym(options.customer, key)]))
    for address in left:
        print(
            f"WRONG  {address}: still names the customer; remove it if it is your own file; else"
            " run this again"
        )
    return 1 if left else 0


def _check_rebuild() -> bytes:
    """Check that the rebuild can be planned, before raw is changed; returns the key."""
    key = _key_of_lake()
    settings.plans(labour())
    months = _months_of_lake()
    if months:
        ends = (date.fromisoformat(f"{month}-01") for month in (months[0], months[-1]))
        for task in Rebuild(*ends).requires():
            task.complete()
    return key


def _key_of_lake() -> bytes:
    """The key with which customers are erased. Raises ConfigError, OtherLake."""
    key = settings.rules().customer_key
    if key is None:
        recorded = identity.read_identity(lake())
        is_hashed = recorded is not None and recorded.key_digest != identity.digest_of_key(None)
        raise ConfigError(
            "set CUSTOMER_HASH_KEY: the list that keeps an erased customer out is written with it"
            + (
                "; use the key of the runs"
                if is_hashed
                else f". {lake().storage.uri()} has no key yet: set a new one (environment or"
                " config/config.env, for every run), then: pos lake --accept-key, then this again"
            )
        )
    check_lake()
    for raw in raw_sources():
        read_erased(raw.lake.storage, key)
    return key


def rebuild_derived() -> int:
    """Rebuild what depends on the changed raw; returns Luigi's exit code."""
    refresh_all()
    months = _months_of_lake()
    if not months:
        return 0
    return run_luigi("Rebuild", "--first", months[0], "--last", months[-1], "--local-scheduler")


def _months_of_lake() -> list[str]:
    return sorted(
        name[:7]
        for dataset in (STAGING, MONTH_DATASET, CUMULATIVE)
        for name in lake().partitions(dataset)
    )


def _show(customer: str) -> int:
    touched = [
        (raw, entry)
        for raw in raw_sources()
        for entry in find_named(raw.lake, raw.reader, customer)
    ]
    records: Counter[tuple[str, str]] = Counter()  # an object may hold two dates of a window
    for raw, entry in touched:
        address = raw.lake.storage.uri(entry.object.stored)
        records[address, str(entry.object.partition)] += entry.records
    for (address, window), count in records.items():
        print(f"{address}: {count} receipt{'s' * (count != 1)} of window {window}")
    months = sorted({f"{entry.sold:%Y-%m}" for _, entry in touched if entry.sold})
    print(
        f"{sum(entry.records for _, entry in touched)} receipts in"
        f" {len({(raw.folder, entry.object.partition) for raw, entry in touched})} windows name the"
        f" customer; months that would be rebuilt: {', '.join(months) or 'none'}, and the"
        " reports that read them"
    )
    _show_exports(customer)
    _check_rebuild()  # raises what the erasure would raise
    return 0


def _show_exports(customer: str) -> int:
    """Print the exports in backoffice/ that name the buyer; returns their number."""
    numbers: frozenset[str] = frozenset()
    for raw in raw_sources():
        touched = list(find_named(raw.lake, raw.reader, customer))
        numbers |= read_numbers(raw.lake, raw.reader, touched, customer)
    messages = list(find_exports_with(lake(), numbers)) if numbers else []
    for message in messages:
        print(f"WRONG  {message}")
    return len(messages)
