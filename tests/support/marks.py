"""Which tests are slow, and which start a real server."""

from __future__ import annotations

# Folders and files whose tests build whole lakes or reports, start processes, or try many inputs.
SLOW = (
    "tests/dag/",
    "tests/executors/",
    "tests/reports/",
    "tests/extract/test_model.py",
    "tests/extract/test_model_lake.py",
    "tests/load/test_races.py",
    "tests/load/test_scale.py",
    "tests/ops/test_child.py",
    "tests/ops/test_linters.py",
    "tests/ops/test_scripts.py",
    "tests/simulator/square/test_laws.py",
    "tests/simulator/square/test_official_sdk.py",
    "tests/simulator/square/test_same_sales.py",
    "tests/summarize/test_oracle.py",
    "tests/summarize/test_whole_way.py",
    "tests/transform/test_laws.py",
    "tests/transform/test_reference.py",
    "tests/transform/test_simulator.py",
)


# Files that take long as a whole. They start first, so that no process ends with one of them.
LONGEST = (
    "tests/executors/test_cluster.py",
    "tests/reports/test_recount_history.py",
    "tests/dag/",
    "tests/deliver/test_delivery_run.py",
    "tests/describe/test_describe.py",
    "tests/ops/test_wheel.py",
)


# Fixtures that run luigi or pos as a process.
PIPELINES = {"luigi"}


# Fixtures that start something outside of the test process.
REAL_SERVERS = {"seaweed_server", "luigid", "browser", "java_home", "spark"}
