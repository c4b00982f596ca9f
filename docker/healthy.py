"""Is this container well? Exit code 0 when it is.

What serves something is well while `HEALTH_URL` answers (asking for a login is an answer too); the
nightly worker while its last night ended with 0, as `docker/nightly.sh` notes it; a job that only
runs and ends is well while it runs.
"""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

NIGHT = Path("/tmp/night.code")

if url := os.environ.get("HEALTH_URL", ""):
    try:
        urllib.request.urlopen(url, timeout=4).close()
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise
if NIGHT.exists() and (code := NIGHT.read_text().strip()) != "0":
    sys.exit(f"the last night ended with exit code {code}; see the container's log")
