"""A second client from PyPI, asynchronous and with models of its own, pages through every endpoint
that the simulator serves.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path

import pytest

from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis
from tests.support.server import serve

NOT_SERVED = {"customers", "inventory", "suppliers", "variants", "webhooks"}


def test_it_reads_every_endpoint(
    now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYVERSE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    client = pytest.importorskip(
        "loyverse_sdk.client", reason="loyverse-sdk stands in the lock for Python 3.13"
    )
    shop = Shop(opened=date(2026, 9, 20), receipts_per_day=30)

    async def page_through(url: str, token: str) -> dict[str, int]:
        api, result = client.LoyverseClient(api_token=token, base_url=url), {}
        for name, endpoint in api.endpoints.items():
            if name in NOT_SERVED:
                continue
            if name == "merchant":
                assert (await endpoint.retrieve()).model_dump(mode="json")
            elif hasattr(endpoint, "iter_all"):
                result[name] = len([row async for row in endpoint.iter_all()])
            else:
                result[name] = len(await endpoint.list())
        await api.close()
        return result

    with serve(shop, now=lambda: now) as server:
        result = asyncio.run(page_through(server.url, server.token))
    assert result["receipts"] == sum(1 for _ in shop.receipts(millis(now), Query())) > 500
    assert all(result.values()) and len(result) >= 8
