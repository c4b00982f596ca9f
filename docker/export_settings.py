"""Print the settings among a GitHub environment's variables, for $GITHUB_ENV.

    VARS='{"LAKE_URL": "s3://bucket/lake", ...}' python docker/export_settings.py >>"$GITHUB_ENV"

Every name that begins with a section of luigi.cfg is passed on, also a misspelled one: the run
refuses it. Exit code 1 without LAKE_URL, because a lake in a folder would be lost with the machine.
"""

import json
import os
import sys

SECTIONS = (
    "POS_",
    "SHOP_",
    "LAKE_",
    "ENGINE_",
    "SPARK_",
    "REPORT_",
    "MAIL_",
    "WEBHOOK_",
    "CORE_",
    "WORKER_",
    "RETCODE_",
    "RESOURCES_",
)

variables = json.loads(os.environ["VARS"] or "{}")
if not variables.get("LAKE_URL"):
    sys.exit("set the variable LAKE_URL of the environment `lake` (docs/github-actions.md)")
for name, value in sorted(variables.items()):
    if name.startswith(SECTIONS):
        if "\n" in value or "\r" in value:
            sys.exit(f"the variable {name} has more than one line; a setting is one line")
        sys.stdout.write(f"{name}={value}\n")
