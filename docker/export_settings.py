"""Print the variables of a GitHub environment that are settings, as lines for $GITHUB_ENV.

    VARS='{"LAKE_URL": "s3://bucket/lake", ...}' python docker/export_settings.py >>"$GITHUB_ENV"

Every name that begins with the name of a section of luigi.cfg is passed on, a misspelled one too:
the run refuses it and names the one that is meant. Exit code 1 where no lake is named, because the
folder of luigi.cfg would end with the machine.
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
