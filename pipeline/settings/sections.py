"""The sections of luigi.cfg, with defaults; no secret is among them."""

from __future__ import annotations

from datetime import date
from typing import Any

import luigi

from pipeline.settings.setting_types import (
    Date,
    Integer,
    LocaleName,
    OptionalInteger,
    Seconds,
    SettingsSection,
    Size,
    Switch,
)


class pos(SettingsSection):
    """The point of sale."""

    source = luigi.Parameter(
        "loyverse", description="loyverse, square, or files; several: loyverse, square"
    )
    saved_from = luigi.Parameter(
        "loyverse",
        description=(
            "with `source = files`: the point of sale whose JSON the files hold, or several"
        ),
    )
    url = luigi.Parameter(
        "simulator",
        description=(
            "simulator, or the address of the API; several sources:"
            ' {"loyverse": "https://...", "square": "https://..."}'
        ),
    )
    count_open_orders = Switch(
        False,
        description=(
            "with `source = square`: count orders that are paid and not yet closed; otherwise they"
            " are in quarantine until they close"
        ),
    )
    folder = luigi.Parameter(
        "",
        description=(
            "with `source = files`: folder of saved JSON, or s3://bucket/prefix; of several points"
            " of sale as in `url`"
        ),
    )
    history_starts = Date(date(2023, 11, 1), description="first business day to extract")
    close_delay_minutes = Integer(
        30, description="minutes to wait after the end of a window before it is read"
    )
    allowed_lateness_days = Integer(
        2, description="number of windows after its own that a business day waits for"
    )
    max_days_late = Integer(
        366,
        minimum=1,
        maximum=36_500,
        description=(
            "a sale received later than this many days after its date is quarantined as an"
            " implausible date (a device with a wrong clock)"
        ),
    )
    missing_numbers = Integer(
        50, description="largest number of missing receipt numbers that a rescan requests; 0: none"
    )
    limited_history = Switch(False, description="the account serves 31 days only")
    rate_requests = OptionalInteger(
        description=(
            "largest number of requests in `rate_seconds`; 0: no limit; empty: 300 in 300 seconds"
            " for loyverse, 600 in 300 seconds for square"
        ),
    )
    rate_seconds = Integer(300, minimum=1, description="seconds to which `rate_requests` applies")
    request_seconds = Seconds(60.0, description="total time of one request")
    max_retry_wait_seconds = Seconds(
        300.0, description="seconds that the retries of one request may wait in total"
    )
    state_folder = luigi.Parameter(
        "",
        description=(
            "folder of this machine's own state: a folder for each lake with unfinished pages, logs"
            " and locks; empty: pos-sales-pipeline in the user's state folder"
        ),
    )
    now = luigi.Parameter(
        "", description="time to use instead of the clock (ISO 8601, UTC); empty: the clock"
    )


class shop(SettingsSection):
    """The stores' time zone, business day and currency, and the menu."""

    timezone = luigi.Parameter("America/Mexico_City", description="IANA time zone")
    day_starts_at = luigi.Parameter(
        "05:00", description="local time at which a business day begins"
    )
    currency = luigi.Parameter("MXN", description="ISO 4217 code")
    currency_decimals = luigi.Parameter(
        "", description="decimals of amounts; empty: those of ISO 4217"
    )
    stores = luigi.Parameter(
        "{}",
        description=(
            'overrides: {"store id": {"timezone": ..., "day_starts_at": ..., "currency": ...}}'
        ),
    )
    menu = luigi.Parameter(
        "config/menu.toml",
        description="file of the rules for combos, names, categories and order types",
    )


class lake(SettingsSection):
    """Where the lake is."""

    url = luigi.Parameter("data", description="folder, or s3://bucket/prefix")
    endpoint = luigi.Parameter("", description="address of an S3-compatible server")
    region = luigi.Parameter("", description="region of the bucket")
    encryption = luigi.Parameter("", description="AES256 or aws:kms")
    kms_key = luigi.Parameter("", description="key of aws:kms")
    memory = Size(
        "512MB",
        description="memory of DuckDB for the summary of a month; what does not fit goes to disk",
    )


class engine(SettingsSection):
    """What builds the partitions."""

    name = luigi.Parameter(
        "local", description="local: processes of this machine; spark: a cluster"
    )
    workers = Integer(
        0, description="local: processes that build at the same time; 0: one for each core"
    )
    batch = Integer(1200, minimum=1, description="largest number of partitions in a batch")
    chunk_bytes = Integer(
        16 << 20,
        description=(
            "a day with more stored raw bytes than this is built in chunks of that size; 0: never"
        ),
    )


class spark(SettingsSection):
    """The cluster, where [engine] name = spark."""

    master = luigi.Parameter(
        "", description="local[*], spark://host:7077, yarn; empty: set by spark-submit"
    )
    properties: Any = luigi.DictParameter(
        {}, description='Spark properties, as JSON: {"spark.executor.memory": "4g"}; never a secret'
    )
    wait_seconds = Seconds(
        120.0, description="seconds that a run waits while the cluster has no Spark executor"
    )


class report(SettingsSection):
    """Language and paper of the reports."""

    locale = LocaleName(
        "en_US", description="language and region, in English or Spanish: en_US, es_MX, en_GB, es"
    )
    paper = luigi.Parameter("us-letter", description="us-letter or a4")
    weekend = luigi.Parameter(
        "fri,sat,sun", description="weekdays that the cumulative report counts as the weekend"
    )
    goals = luigi.Parameter(
        "config/goals.toml", description="file of monthly goals for net sales; may be missing"
    )
    calendar = luigi.Parameter(
        "config/calendar.toml", description="file of special days; may be missing"
    )
    fees = luigi.Parameter(
        "config/fees.toml", description="file of fees by payment type; may be missing"
    )


class mail(SettingsSection):
    """Reports and alerts by e-mail, none by default. The password is SMTP_PASSWORD."""

    host = luigi.Parameter("", description="mail server")
    port = Integer(587, minimum=1, maximum=65535, description="587 for starttls, 465 for tls")
    security = luigi.Parameter("starttls", description="starttls or tls; never unencrypted")
    user = luigi.Parameter("", description="login; the password is SMTP_PASSWORD")
    sender = luigi.Parameter("", description="address that the mail comes from")
    to = luigi.Parameter(
        "", description="who gets the reports: owner@example.com, partner@example.com en_US"
    )
    alerts_to = luigi.Parameter("", description="who gets an alert when a run fails")
    open_months = Switch(
        False, description="also send the current month, in every run that changes it"
    )
    daily = Switch(
        False, description="also send a closing message of each business day, to mail and webhook"
    )
    weekly = Switch(False, description="also send a message of each week, to mail and webhook")
    ca_file = luigi.Parameter("", description="certificates to trust instead of the system's")


class webhook(SettingsSection):
    """Messages in Slack's format to WEBHOOK_URL; nothing is sent without it."""

    reports = Switch(True, description="send reports to WEBHOOK_URL")
    alerts = Switch(True, description="send alerts to WEBHOOK_URL")
    ca_file = luigi.Parameter("", description="certificates to trust instead of the system's")


class monitor(SettingsSection):
    """What a monitor reads after each `pos run`. The address of a ping is PING_URL."""

    metrics_file = luigi.Parameter(
        "",
        description=(
            "file for the metrics of the last run in Prometheus' text format, such as"
            " /var/lib/node_exporter/pos.prom; empty: none"
        ),
    )
