"""What the transform makes of fixed shops is pinned: it cannot change without the version of a
dataset changing, which rebuilds the lake.
"""

from __future__ import annotations

import hashlib
import json
import random
from datetime import timedelta
from pathlib import Path

from shops import DAY, shop_of

from pipeline.schema import MONTH_TABLES
from pipeline.transform import build_day

GOLDEN = Path(__file__).parent / "golden.json"


def digests() -> dict[str, dict[str, object]]:
    """Version and digest of the rows of each dataset, over 30 nasty shops."""
    hashes = [hashlib.sha256() for _ in MONTH_TABLES]
    for seed in range(30):
        shop = shop_of(random.Random(seed))
        broken = [
            shop.raws[0]._replace(ndjson=shop.raws[0].ndjson + b'{"receipt_number": "x"}\n[]\n'),
            *shop.raws[1:],
        ]
        for ahead in (-1, 0):
            result = build_day(DAY + timedelta(days=ahead), broken, shop.read_catalog(), shop.rules)
            for digest, table in zip(
                hashes,
                (result.receipts, result.sales, result.payments, result.quarantine),
                strict=True,
            ):
                digest.update(json.dumps(table.to_pylist(), default=str).encode())
    return {
        dataset.name: {"version": dataset.version, "digest": digest.hexdigest()}
        for dataset, digest in zip(MONTH_TABLES, hashes, strict=True)
    }


def test_rows_change_only_with_their_version(request):
    result = digests()
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    unraised = [
        name
        for name in result
        if result[name]["digest"] != golden[name]["digest"]
        and result[name]["version"] == golden[name]["version"]
    ]
    assert not unraised, (
        f"the rows of {unraised} changed: raise their version in pipeline/schema, then run with"
        " --update-golden"
    )
    assert result == golden, "a version was raised: run with --update-golden"
