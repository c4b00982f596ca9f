"""Serve the simulated shop to the process that started this one, until it ends.

    python -m pipeline.simulator.embedded API INSTANT FD

Shows the shop as it was at INSTANT on the listening socket FD. The standard input holds the token
in one line, and the server ends with it. pipeline/embedded_shop.py starts it.
"""

from __future__ import annotations

import socket
import sys
from datetime import datetime

from pipeline.simulator.server import Server
from pipeline.simulator.shop import Shop


def main(api: str, instant: str, descriptor: str) -> None:
    """Serve until the standard input ends."""
    now, listener = datetime.fromisoformat(instant), socket.socket(fileno=int(descriptor))
    kind, source = Server, Shop()
    if api == "square":
        from pipeline.simulator.square import SquareServer, SquareShop

        kind, source = SquareServer, SquareShop(source, events=False)
    server = kind(
        source,
        token=sys.stdin.readline().strip(),
        now=lambda: now,
        listener=listener,
        is_ahead=True,
    )
    server.daemon_threads = True  # it ends with this process, whatever connection is still open
    server.start()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
