"""Print the settings among a GitHub environment's variables, for $GITHUB_ENV.

    VARS='{"LAKE_URL": "s3://bucket/lake", ...}' python docker/export_settings.py >>"$GITHUB_ENV"

Every name that begins with a section of luigi.cfg is passed on, also a misspelled one: the run
refuses it. Exit code 1 without LAKE_URL, because a lake in a folder would be lost with the machine.
"""

import json
import os
import sys

from pipeline.settings.environment import known_overrides, override_name

PREFIXES = tuple({override_name(section, "") for section, _ in known_overrides().values()})

variables = json.loads(os.environ["VARS"] or "{}")
if not variables.get("LAKE_URL"):
    sys.exit("set the variable LAKE_URL of the environment `lake` (docs/github-actions.md)")
for name, value in sorted(variables.items()):
    if name.startswith(PREFIXES):
        if "\n" in value or "\r" in value:
            sys.exit(f"the variable {name} has more than one line; a setting is one line")
        sys.stdout.write(f"{name}={value}\n")
