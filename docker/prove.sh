#!/bin/sh
# Builds the image and runs the demo of docker-compose.yml, from nothing to a report, and checks what the files claim.
# Needs a Docker engine with Compose, curl and tar. Leaves nothing behind but the build cache.
#
#   sh docker/prove.sh
#
# Where the machine is special: DOCKER, COMPOSE (commands), BUILD_ARGS (more arguments of docker build), S3_IMAGE, REPORT_PORT, LUIGID_PORT.
set -eu
cd "$(dirname "$0")/.."
DOCKER=${DOCKER:-docker}
COMPOSE=${COMPOSE:-$DOCKER compose}
REPORT_PORT=${REPORT_PORT:-18080}
LUIGID_PORT=${LUIGID_PORT:-18082}
TAG=proof-$$
COMPOSE_PROJECT_NAME=pos-$TAG
COMPOSE_PROFILES=demo
DOCKER_BUILDKIT=1
export REPORT_PORT LUIGID_PORT TAG COMPOSE_PROJECT_NAME COMPOSE_PROFILES DOCKER_BUILDKIT
image=pos-sales-pipeline:$TAG
work=$(mktemp -d)
context=$work/context

say() { printf '%5ss  %s\n' "$(($(date +%s) - started))" "$*"; }
fail() { printf 'NOT PROVED: %s\n' "$*" >&2; exit 1; }
random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
end() {
    code=$?
    trap - EXIT INT TERM
    if [ "$code" != 0 ]; then $COMPOSE logs --no-color --tail 60 demo luigid >&2 || true; fi
    $COMPOSE down --volumes --timeout 5 >/dev/null 2>&1 || true
    $DOCKER image rm -f "$image" >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$code"
}
started=$(date +%s)
trap end EXIT
trap 'exit 130' INT TERM

# --- the image: from a copy of this folder in which secrets, data and tests are planted
mkdir "$context"
tar -cf - --exclude ./.venv --exclude ./.git --exclude ./data . | tar -C "$context" -xf -
canary=$(random)
mkdir -p "$context/.git" "$context/data/raw" "$context/tests" "$context/.venv" "$context/pipeline/__pycache__"
for path in .env .git/config .venv/secret config/config.env config/config.env.bak config/.secret data/raw/receipts.ndjson tests/test_planted.py docs/planted.md \
    pipeline/__pycache__/planted.pyc pipeline/.planted; do
    echo "SECRET=$canary" >"$context/$path"
done
# BUILD_ARGS are several words.
# shellcheck disable=SC2086
$DOCKER build -q ${BUILD_ARGS:-} -t "$image" "$context" >/dev/null
say "built: $(($($DOCKER image inspect -f '{{.Size}}' "$image") / 1000000)) MB"
$DOCKER save "$image" | $DOCKER run -i --rm --network none "$image" python -c "$(cat docker/scan_layers.py)" "$canary" >/dev/null ||
    fail "what was planted beside the Dockerfile is in the image"
say "no planted secret, test or datum in any layer or in the history"
# shellcheck disable=SC2016
$DOCKER run --rm --network none --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges "$image" sh -c '
    test "$(id -u)" != 0 && ! touch /planted /app/planted /opt/planted 2>/dev/null && touch /tmp/planted &&
    test -z "$(find /app /opt/venv -user "$(id -u)" -print -quit)" && test ! -e /app/tests' ||
    fail "as another user than root on a read-only root"
say "runs as another user than root, on a read-only root, without capabilities, and owns none of its program"

# --- the demo: from nothing to a report
$COMPOSE up -d --no-build --quiet-pull >/dev/null 2>&1 || { $COMPOSE up -d --no-build || fail "docker compose up"; }
demo=$($COMPOSE ps -aq demo)
finished() { $DOCKER inspect -f '{{.State.Status}}' "$demo" | grep -q exited; }
for _ in $(seq 600); do finished && break; sleep 1; done
finished || fail "the report was not made in 10 minutes"
$COMPOSE logs --no-color --no-log-prefix demo >"$work/demo.log" 2>&1
[ "$($DOCKER inspect -f '{{.State.ExitCode}}' "$demo")" = 0 ] || fail "the demo's job failed"
say "the demo has made its report"

curl -fsS "http://127.0.0.1:$REPORT_PORT/" >"$work/index.html"
page=$(sed -n 's/.*url=\([^"]*\)".*/\1/p' "$work/index.html")
curl -fsS "http://127.0.0.1:$REPORT_PORT/$page" >"$work/report.html"
grep -q '<html' "$work/report.html" && [ "$(wc -c <"$work/report.html")" -gt 20000 ] || fail "the report at $page is no report"
say "the report: $page, $(wc -c <"$work/report.html" | tr -d ' ') bytes"
luigid() { curl -fsS "http://127.0.0.1:$LUIGID_PORT/$1" >"$2"; }
luigid static/visualiser/index.html "$work/visualizer.html"
grep -qi luigi "$work/visualizer.html" || fail "the visualizer does not answer"
luigid 'api/task_list?data=%7B%22status%22%3A%22DONE%22%2C%22upstream_status%22%3A%22%22%7D' "$work/tasks.json"
grep -q '"MonthlyReport"' "$work/tasks.json" || fail "luigid knows of no finished MonthlyReport"
luigid history "$work/history.html"
grep -q MonthlyReport "$work/history.html" || fail "the history of luigid does not know the MonthlyReport"
luigid metrics "$work/metrics"
grep -q 'luigi_task_done_total{family="MonthlyReport"} 1' "$work/metrics" || fail "no metric of the MonthlyReport"
luigid api/pause /dev/null
luigid api/is_paused "$work/paused"
grep -q false "$work/paused" || fail "anybody can pause luigid"
say "the visualizer, the history and the metrics know of it; nobody can pause luigid"

# --- the promises of docker-compose.yml, as the engine sees them
kept='^(10001:10001|1000:10001) true \[ALL\] \[no-new-privileges:true\] false$'
for id in $($COMPOSE ps -aq); do
    see() { $DOCKER inspect -f "$1" "$id"; }
    see '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.Privileged}}' |
        grep -Eq "$kept" || fail "not hardened: $(see '{{.Name}}')"
    see '{{range .HostConfig.PortBindings}}{{range .}}{{println .HostIp}}{{end}}{{end}}' | grep -Evq '^(127\.0\.0\.1)?$' &&
        fail "published beyond loopback: $(see '{{.Name}}')"
    if [ "$(see '{{.State.Status}}')" = running ]; then
        for _ in $(seq 30); do [ "$(see '{{.State.Health.Status}}')" = healthy ] && break; sleep 1; done
        [ "$(see '{{.State.Health.Status}}')" = healthy ] || fail "not healthy: $(see '{{.Name}}')"
    fi
done
say "every container: not root, read-only, no capabilities, no new privileges, published on loopback only; those that stay are healthy"

$COMPOSE run --rm --no-deps -T demo sh -c 'cat /credentials/s3/aws /credentials/shop/hello' >"$work/secrets" 2>/dev/null
$COMPOSE logs --no-color >"$work/all.log" 2>&1
secrets=$(sed -n 's/^aws_.* = //p; s/^token //p' "$work/secrets")
[ "$(echo "$secrets" | wc -l)" = 3 ] || fail "the demo's credentials are not what was expected"
for secret in $secrets; do
    grep -qF "$secret" "$work/all.log" "$work/tasks.json" "$work/history.html" "$work/report.html" &&
        fail "a secret is in the logs, in luigid or in the report"
done
say "no secret in any log, in luigid or in the report"

$COMPOSE run --rm --no-deps -T demo >"$work/again.log" 2>&1 || fail "the second run failed: $(tail -5 "$work/again.log")"
grep -q 'Did not run any tasks' "$work/again.log" || fail "the second run made something again: $(tail -20 "$work/again.log")"
say "a second run finds nothing to do"
echo proved
