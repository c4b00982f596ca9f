"""Serve the simulated shop to the process that started this one, until it ends.

    python -m pipeline.simulator.embedded API INSTANT FD

Shows the shop as it was at INSTANT on the listening socket FD. The standard input holds the token
in one line, and the server ends with it. pipeline/lakes/embedded_shop.py starts it.
"""

from __future__ import annotations

import socket
import sys
from datetime import datetime
from typing import Any

from pipeline.simulator.server import Server
from pipeline.simulator.shop import Shop
from pipeline.simulator.square import SquareServer, SquareShop


def main(api: str, instant: str, descriptor: str) -> None:
    """Serve until the standard input ends."""
    now, listener = datetime.fromisoformat(instant), socket.socket(fileno=int(descriptor))
    shop = Shop()
    options: dict[str, Any] = {
        "token": sys.stdin.readline().strip(),
        "now": lambda: now,
        "listener": listener,
        "reads_ahead": True,
    }
    is_square = api == "square"
    server = SquareServer(SquareShop(shop), **options) if is_square else Server(shop, **options)
    server.start()
    # compute the customers while the client plans, before its first request
    shop.schedule.known_customers(max(now.toordinal(), shop.schedule.first))
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
