"""Run tap-square against the address SQUARE_URL at the instant SQUARE_NOW.

It runs in a process of its own, with the packages of requirements-tap-square.txt: the tap knows the
hosts of Square only, and refreshes a token by the clock of the machine.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from functools import partial

from singer import utils
from square.client import Client
from tap_square import client, main

client.Client = lambda **options: Client(
    **options | {"environment": "custom", "custom_url": os.environ["SQUARE_URL"]}
)
utils.now = partial(datetime.fromisoformat, os.environ["SQUARE_NOW"])
sys.exit(main())
