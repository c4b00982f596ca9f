#!/bin/sh
# Runs the pipeline at once and then every day at $NIGHTLY_AT (UTC). Missed days are loaded too.
# A failed run is repeated after $RETRY_AFTER seconds; until one succeeds the container is unhealthy.
# Code 4 (truncated: history limit of the account) is not repeated, because repeating does not help.
set -eu
while :; do
    code=0
    { python docker/check_source.py && pos run --workers "${WORKERS:-2}" "$@"; } || code=$?
    [ "$code" != 4 ] || code=0
    echo "$code" >/tmp/run.code
    if [ "$code" = 0 ]; then
        now=$(date -u +%s)
        at=$(date -u -d "today ${NIGHTLY_AT:-12:17}" +%s)
        [ "$at" -gt "$now" ] || at=$((at + 86400))
        pause=$((at - now))
    else
        pause=${RETRY_AFTER:-1800}
    fi
    echo "The run ended with exit code $code; the next starts in $((pause / 60)) minutes."
    sleep "$pause"
done
