"""Health check of a container: exit code 0 if it is healthy.

A server is healthy while `HEALTH_URL` answers (also with a request to log in). The daily worker is
healthy if its last run ended with 0; `docker/nightly.sh` stores the code. Other jobs always are.
"""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

LAST_RUN = Path("/tmp/run.code")

if url := os.environ.get("HEALTH_URL", ""):
    try:
        urllib.request.urlopen(url, timeout=4).close()
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise
if LAST_RUN.exists() and (code := LAST_RUN.read_text().strip()) != "0":
    sys.exit(f"the last run ended with exit code {code}; see the container's log")
