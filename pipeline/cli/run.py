"""Do the daily run, then check the state of the lake.

    pos run                                  in the scheduler of this process
    pos run --workers 2                      options of luigi; the central scheduler, unless
                                             --local-scheduler is among them

Like `luigi --module pipeline Nightly`, with two more exit codes: 3 if the lake is older than it
should be or windows are missing, 4 if the account's history limit truncated the run. A run that
does not end with 0 sends an alert to [mail] alerts_to and WEBHOOK_URL, once a day for each cause;
also if luigi was killed (128 + the signal's number). Ctrl-C and SIGTERM end luigi and its workers
first; Ctrl-C sends no alert. PING_URL and [monitor] metrics_file report each run to monitors.
`pos tail` follows the run.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pipeline import settings
from pipeline.child_process import run_luigi
from pipeline.cli import run_log
from pipeline.cli.monitor import report_run
from pipeline.cli.open import months_with, newest_report
from pipeline.cli.status import current_status
from pipeline.errors import ExitCode, exit_code_of
from pipeline.lakes import raw_partitions, refresh_all
from pipeline.load import MONTHLY
from pipeline.load.layout import state_key
from pipeline.logs import LOG_FILE_VARIABLE
from pipeline.status.problems import STATE
from pipeline.status.run_summary import FILE as RUN_SUMMARY
from pipeline.status.text import format_status
from pipeline.targets import lake
from pipeline.tasks.failures import VARIABLE, record_failure, send_alert

PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Every other option goes to luigi, such as --workers 2; without any: --local-scheduler."
    )


def run(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        failures = Path(folder) / "failures"
        environment = {**os.environ, VARIABLE: str(failures)}
        try:
            settings.check_folder()
            with run_log.keep(settings.lake_state_folder(), settings.now()) as log:
                code = log.code = _run_nightly(
                    options.passed_on or ["--local-scheduler"],
                    {**environment, LOG_FILE_VARIABLE: str(log.path)},
                )
        except SystemExit as ended:
            _report(int(ended.code or 0), environment)
            raise
        except Exception as error:
            record_failure("pos run", error, failures)
            _report(exit_code_of(error), environment)
            raise
        _report(code, environment)
    return code


def _report(code: int, environment: Mapping[str, str]) -> None:
    """Report the end of the run to monitors and recipients of alerts."""
    report_run(code)
    if code and code != 128 + signal.SIGINT:  # not after Ctrl-C, which the operator typed
        send_alert(code, environment)


def _run_nightly(options: list[str], environment: Mapping[str, str]) -> int:
    earlier_partitions, summary = raw_partitions(), _last_summary()
    code = run_luigi("Nightly", *options, environment=environment)
    if code:
        return code
    refresh_all()
    status = current_status()
    lake().put_state(STATE, status.to_bytes())
    is_idle = _last_summary() == summary
    if is_idle:
        print("nothing to do")
    if is_idle or status.is_stale or status.gaps:  # otherwise the log has it in the summary
        print(format_status(status))
    if months_with(MONTHLY):
        print(f"report         {newest_report(MONTHLY, 'report.html')}")
        print(f"all reports    {lake().storage.uri('reports/index.html')}\nnext           pos open")
    truncated = [name for name in status.truncated if name not in earlier_partitions]
    if truncated:
        print(
            f"truncated: the account's history limit hid receipts of {', '.join(truncated)};"
            " everything within the limit is kept",
            file=sys.stderr,
        )
    if status.is_stale or status.gaps:
        return ExitCode.STALE
    return ExitCode.TRUNCATED if truncated else ExitCode.DONE


def _last_summary() -> bytes | None:
    """The summary of the last run in the lake, as it is now."""
    return lake().storage.find(state_key(RUN_SUMMARY))
