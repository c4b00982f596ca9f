"""Report each `pos run` to a monitor: a ping, and a file with metrics.

Posts the exit code to PING_URL (a dead man's switch: it alerts if no ping arrives), or to
PING_FAILURE_URL after a failure. Writes the file that [monitor] metrics_file names, in Prometheus'
text format for the textfile collector of node_exporter. If a monitor cannot be reached, the log
says so; the exit code of the run does not change.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline import settings
from pipeline.cli.status import current_status
from pipeline.deliver import Webhook, check_certificates, check_url
from pipeline.errors import ExitCode, PipelineError
from pipeline.load.layout import state_key
from pipeline.recipients import alert_time
from pipeline.status.read import Status
from pipeline.status.run_summary import FILE
from pipeline.targets import lake

log = logging.getLogger(__name__)

_HELP = {
    "pos_run_exit_code": "Exit code of the last run; 0 and 4 are complete runs",
    "pos_run_end_seconds": "When the last run ended, Unix time",
    "pos_run_success_seconds": "When a run was last complete, Unix time",
    "pos_run_duration_seconds": "Time that the last complete run took",
    "pos_run_receipts": "Receipts that the last complete run extracted",
    "pos_run_partitions": "Partitions that the last complete run built, by dataset",
    "pos_lake_age_hours": "Hours since the end of the last extracted window",
    "pos_lake_gaps": "Periods of missing windows",
    "pos_lake_quarantined": "Records in quarantine, by month, of the last 12 months",
}
_SUCCESS = re.compile(r"(?m)^pos_run_success_seconds (\S+)$")
_COMPLETE = {ExitCode.DONE, ExitCode.TRUNCATED}
Samples = dict[str, dict[str, float]]
"""Value by labels (as text in braces, or empty), by metric."""


def report_run(code: int) -> None:
    """Ping, and write the metrics, as far as the settings name them."""
    _ping(code)
    try:
        if settings.monitor().metrics_file:
            _write_metrics(Path(settings.monitor().metrics_file), code)
    except PipelineError as error:
        log.error("no metrics were written: %s", error)


def _ping(code: int) -> None:
    url = os.environ.get("PING_URL", "")
    if not url:
        return
    name = "PING_URL"
    if code not in _COMPLETE:
        url = os.environ.get("PING_FAILURE_URL", "") or f"{url.rstrip('/')}/fail"
        name = "PING_FAILURE_URL"
    try:
        certificates = check_certificates(settings.webhook().ca_file, "[webhook] ca_file")
        Webhook(check_url(url, name), certificates, seconds=10).send({"code": code})
    except PipelineError as error:
        log.error("the monitor got no ping: %s", error)


def _write_metrics(path: Path, code: int) -> None:
    """Replace the file at once, so that no reader sees half of it."""
    try:
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
    except OSError as error:
        log.error("%s cannot be read: %s", path, error.strerror)
        return
    now = alert_time().timestamp()
    samples: Samples = {"pos_run_exit_code": {"": code}, "pos_run_end_seconds": {"": now}}
    last = _SUCCESS.search(before)
    if code in _COMPLETE:
        samples["pos_run_success_seconds"] = {"": now}
    elif last:
        samples["pos_run_success_seconds"] = {"": float(last[1])}
    try:
        samples |= _read_lake()
    except PipelineError as error:
        log.error("%s has no metrics of the lake: %s", path, error)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(format_metrics(samples), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        log.error("%s cannot be written: %s", path, error.strerror)


def _read_lake() -> Samples:
    """Metrics of the last complete run and of the lake. Raises PipelineError."""
    samples: Samples = {}
    if summary := lake().storage.find(state_key(FILE)):
        run: Mapping[str, Any] = json.loads(summary)
        samples["pos_run_duration_seconds"] = {"": run["seconds"]}
        samples["pos_run_receipts"] = {"": run["receipts"]}
        samples["pos_run_partitions"] = {
            f'{{dataset="{dataset}"}}': len(names) for dataset, names in run["partitions"].items()
        }
    status = current_status()
    if status.age_hours is not None:
        samples["pos_lake_age_hours"] = {"": status.age_hours}
    samples["pos_lake_gaps"] = {"": len(status.gaps)}
    samples["pos_lake_quarantined"] = count_quarantined(status)
    return samples


def count_quarantined(status: Status) -> dict[str, float]:
    """Records in quarantine by month, as labels; 0 for a month without any."""
    counts = Counter(row["business_day"][:7] for row in status.quarantined_records)
    return {f'{{month="{month}"}}': counts[month] for month in status.months}


def format_metrics(samples: Samples) -> str:
    """The samples in Prometheus' text format."""
    lines = []
    for name, values in samples.items():
        if values:
            lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
            lines += [f"{name}{labels} {value}" for labels, value in values.items()]
    return "".join(f"{line}\n" for line in lines)
