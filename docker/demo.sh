#!/bin/sh
# Builds a month's report of the simulated shop through luigid on the S3 server, and copies it for the browser.
set -eu
LOYVERSE_TOKEN=$(sed -n 's/^token //p' /credentials/shop/hello)
export LOYVERSE_TOKEN
echo "Follow the run:      $LUIGID_AT"
luigi --module pipeline MonthlyReport ${MONTH:+--month "$MONTH"} --workers "${WORKERS:-2}" --pos-rate-requests 0
python docker/fetch_reports.py /reports ${MONTH:+"$MONTH"}
echo "The report in the lake:  $LAKE_URL/reports/monthly/ on $LAKE_ENDPOINT"
echo "The report to read:      $REPORT_AT"
echo "What Luigi did:          $LUIGID_AT"
