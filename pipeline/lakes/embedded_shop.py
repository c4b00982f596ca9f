"""The simulated shop in a process of its own, next to the one that reads it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from datetime import datetime
from weakref import finalize


class EmbeddedShop:
    """Server of the simulated shop at one instant.

    It ends with this object, and at the latest with the process that started it.
    `url` and `token` are those of the API of a point of sale, `source`. Requests wait in the socket
    until the server has started.
    """

    def __init__(self, source: str, now: datetime):
        self.token = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
            prefix = "/v1.0" if source == "loyverse" else ""
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}{prefix}"
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pipeline.simulator.embedded"),
                    *(source, now.isoformat(), str(listener.fileno())),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                start_new_session=True,  # Ctrl-C ends the reader first
            )
        assert process.stdin
        process.stdin.write(f"{self.token}\n".encode())
        process.stdin.flush()
        finalize(self, _end, process, os.getpid())


def _end(process: subprocess.Popen[bytes], starter: int) -> None:
    if os.getpid() == starter:  # not in a process that was forked from it
        process.terminate()
        process.communicate()
