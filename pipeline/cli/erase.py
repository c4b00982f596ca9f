"""Take one customer out of the lake, from raw to the reports, for good.

    pos erase --customer 2b8f9c4e-... --dry-run       what names the customer, and what would be
    made again pos erase --customer 2b8f9c4e-...

Receipts stay, and every amount; they name nobody afterwards. The customer stays out when a receipt
is fetched again. Older versions of the objects are removed too, so this needs the right to delete
(docs/aws: maintenance-policy.json), and CUSTOMER_HASH_KEY. Run it while no night runs. A run that was
killed is started again. While an export in backoffice/ says who bought on one of the customer's
receipts, it is named and nothing is erased: such files are yours to change. Exit code 1 then, and
when a trace is left; 2 when something is refused; else Luigi's.
"""

from __future__ import annotations

import argparse
import shutil

from pipeline import settings
from pipeline.cli.child import run_luigi
from pipeline.errors import ConfigError
from pipeline.load import CUMULATIVE, SALES, STAGING
from pipeline.maintenance.erase import (
    clear_derived,
    drop,
    find_named,
    pseudonym,
    read_numbers,
    traces,
)
from pipeline.maintenance.exports import find_exports_with
from pipeline.maintenance.rewrite import Touched
from pipeline.targets import lake


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--customer", required=True, help="the customer's id, as the till names it")
    parser.add_argument("--dry-run", action="store_true", help="only list what names the customer")


def run(asked: argparse.Namespace) -> int:
    if asked.dry_run:
        return _tell(asked.customer)
    key = settings.rules().customer_key
    if key is None:
        raise ConfigError(
            "set CUSTOMER_HASH_KEY: the list that keeps an erased customer out is written with it"
        )
    lake().preflight()
    if _tell_exports(list(find_named(lake(), asked.customer)), asked.customer):
        print("nothing was erased; see to these files, then run this again")
        return 1
    batches = drop(lake(), asked.customer, key)
    for folder in settings.spool().glob(
        "walk.*"
    ):  # pages that a killed walk has left on this machine
        shutil.rmtree(folder, ignore_errors=True)
    print(f"raw: {len(batches)} windows were committed again without the customer")
    code = remake()
    if code:
        return code
    removed = clear_derived(lake().storage)
    print(f"{removed} older versions of what is made of raw were removed")
    left = list(traces(lake().storage, [asked.customer, pseudonym(asked.customer, key)]))
    for address in left:
        print(
            f"WRONG  {address}: still names the customer; if it is yours, remove it; else run this"
            " again"
        )
    return 1 if left else 0


def remake() -> int:
    """Make again all that has changed with raw, up to the reports; the shop is not asked. Luigi's
    exit code.
    """
    lake().refresh()
    months = sorted(
        name[:7] for dataset in (STAGING, SALES, CUMULATIVE) for name in lake().partitions(dataset)
    )
    if not months:
        return 0
    return run_luigi("Rebuild", "--first", months[0], "--last", months[-1], "--local-scheduler")


def _tell(customer: str) -> int:
    found = list(find_named(lake(), customer))
    for one in found:
        print(
            f"{lake().storage.uri(one.object.key)}: {one.records} receipts of window"
            f" {one.object.batch}"
        )
    months = sorted({f"{one.sold:%Y-%m}" for one in found if one.sold})
    print(
        f"{sum(one.records for one in found)} receipts in {len({one.object.batch for one in found})} windows name the customer; "
        f"months that would be made again: {', '.join(months) or 'none'}, and the reports that read"
        " them"
    )
    _tell_exports(found, customer)
    return 0


def _tell_exports(found: list[Touched], customer: str) -> int:
    """Name the exports in backoffice/ that say who bought; returns how many."""
    sentences = (
        list(find_exports_with(lake(), read_numbers(lake(), found, customer))) if found else []
    )
    for sentence in sentences:
        print(f"WRONG  {sentence}")
    return len(sentences)
