"""Serve the simulated shop on a loopback port (`python -m pipeline.simulator`).

For manual inspection. Ends on Ctrl-C or SIGTERM. `--api square` serves the same shop with Square's
API.
"""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, date, datetime, timedelta
from threading import Event

from pipeline.simulator.ids import millis
from pipeline.simulator.loyverse.protocol import LoyverseRules
from pipeline.simulator.server import Server
from pipeline.simulator.shop import Shop
from pipeline.simulator.square import SquareServer, SquareShop


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m pipeline.simulator",
        description="A Loyverse- or Square-compatible API over a shop that never was.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--api", choices=("loyverse", "square"), default="loyverse", help="whose API to speak")
    add("--port", type=int, default=0, help="0: a free one")
    add("--seed", type=int, default=7, help="another seed is another shop")
    opened = date(2023, 10, 1)
    add("--opened", type=date.fromisoformat, default=opened, help="first business day")
    add("--stores", type=int, default=2, help="1 to 4")
    add("--receipts-per-day", type=float, default=50, help="of an average store")
    add("--now", type=_instant, help="where the clock starts: 2026-11-01T12:00Z; none: the time")
    add("--history-days", type=int, help="refuse older receipts with 402: 31; none: never")
    add("--rate-limit", type=_rate, metavar="N/SECONDS", help="answer 429 beyond it: 300/300")
    return parser.parse_args(arguments)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rate(text: str) -> tuple[int, float]:
    count, _, seconds = text.partition("/")
    return int(count), float(seconds)


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal arrives; returns the exit code."""
    options = _parse(arguments)
    try:
        _run(options)
    except (ValueError, OSError) as error:  # an option of the other API, a used port
        print(f"python -m simulator: {error}", file=sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = _server(options)
    server.start()
    print(
        f"{server.url}\ntoken {server.token}\n\nTry",
        *_examples(options, server),
        "\nCtrl-C ends it.",
        sep="\n",
        flush=True,
    )
    stop.wait()


def _server(options: argparse.Namespace) -> Server:
    """Server for the options, not started yet."""
    ahead = options.now - datetime.now(UTC) if options.now else timedelta(0)
    common = {
        "now": lambda: datetime.now(UTC) + ahead,
        "rate_limit": options.rate_limit,
        "port": options.port,
    }
    if options.api == "square" and options.history_days is not None:
        raise ValueError("--history-days is for --api loyverse")
    shop = Shop(options.seed, options.opened, options.stores, options.receipts_per_day)
    if options.api == "square":
        return SquareServer(SquareShop(shop), **common)
    return Server(shop, rules=LoyverseRules(options.history_days), **common)


def _examples(options: argparse.Namespace, server: Server) -> list[str]:
    curl = f"  curl -s -H 'Authorization: Bearer {server.token}' '{server.url}"
    if options.api == "loyverse":
        return [f"{curl}/receipts?limit=1'", f"{curl}/items?limit=5'"]
    location = server.source.locations(millis(server.now()))[0]["id"]
    body = f'{{"location_ids": ["{location}"], "limit": 1}}'
    return [f"{curl}/v2/locations'", f"{curl}/v2/orders/search' -d '{body}'"]


if __name__ == "__main__":
    sys.exit(main())
