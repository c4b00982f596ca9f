"""Refuse a daily run of the simulated shop, unless POS_URL asks for it.

    python docker/check_source.py

luigi.cfg as shipped names the simulator: a lake that was meant for a real shop would be filled with
its receipts. Exit code 1 with what to change. Invalid settings are left to the run.
"""

import os
import sys

from pipeline import settings
from pipeline.errors import PipelineError

try:
    points = settings.points_of_sale().values()
except PipelineError:
    points = []
if any(point.is_embedded for point in points) and "POS_URL" not in os.environ:
    sys.exit(
        "luigi.cfg names the simulated shop: set [pos] source and [pos] url,"
        " or the variable POS_URL"
    )
