#!/bin/sh
# The night's work at once and then every day at $NIGHTLY_AT (UTC). What was missed is caught up, because Nightly does so.
# A night that failed is tried again after $RETRY_AFTER seconds; until one ends well the container counts as unhealthy.
# Code 4 (degraded: the account's history wall) is said once and is not cured by trying again.
set -eu
while :; do
    code=0
    pos run --workers "${WORKERS:-2}" "$@" || code=$?
    [ "$code" != 4 ] || code=0
    echo "$code" >/tmp/night.code
    if [ "$code" = 0 ]; then
        now=$(date -u +%s)
        at=$(date -u -d "today ${NIGHTLY_AT:-12:17}" +%s)
        [ "$at" -gt "$now" ] || at=$((at + 86400))
        pause=$((at - now))
    else
        pause=${RETRY_AFTER:-1800}
    fi
    echo "The night ended with exit code $code; the next begins in $((pause / 60)) minutes."
    sleep "$pause"
done
