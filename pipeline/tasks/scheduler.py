"""The central scheduler, tested once before a run plans anything.

Luigi plans first and then retries an unreachable scheduler for a minute or more. A scheduler that
answers at the beginning keeps Luigi's own retries, so a restart of luigid ends no run.
"""

from __future__ import annotations

from luigi import interface, rpc

CONNECT_SECONDS = 5.0


class CheckedScheduler(rpc.RemoteScheduler):
    """Luigi's proxy of a scheduler. Raises RPCError at once where none answers."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        try:
            self._fetcher.fetch(
                rpc._urljoin(self._url, "/api/is_paused"),
                {"data": "{}"},
                min(CONNECT_SECONDS, self._connect_timeout),
            )
        except (OSError, ValueError) as error:
            raise rpc.RPCError(f"no answer from the scheduler at {self._url}", error) from error


def install() -> None:
    """Have Luigi's command line test the scheduler before it plans."""
    factory = interface._WorkerSchedulerFactory
    setattr(factory, "create_remote_scheduler", lambda _, url: CheckedScheduler(url))  # noqa: B010
