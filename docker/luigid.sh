#!/bin/sh
# Starts luigid: on loopback unless $LUIGID_ADDRESS is set, because it has no login. State and task history are in
# $LUIGID_STATE, readable by this user only: anyone who can write there can run code as luigid.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
LUIGID_STATE=${LUIGID_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/pos-sales-pipeline}
mkdir -p "$LUIGID_STATE"
chmod 700 "$LUIGID_STATE"
# Luigi 3.8.1 keeps no history with SQLAlchemy 2, and SQLAlchemy 1.4 has no wheel for Python 3.13.
LUIGID_HISTORY=true
if ! python -c 'import sqlalchemy, sys; sys.exit(not sqlalchemy.__version__.startswith("1."))' 2>/dev/null; then
    echo "luigid runs without a task history: SQLAlchemy 1.4 is not installed (it has no wheel for Python 3.13)" >&2
    LUIGID_HISTORY=false
fi
export LUIGID_STATE LUIGID_HISTORY LUIGI_CONFIG_PATH="$PWD/docker/luigid.cfg"
exec luigid --address "${LUIGID_ADDRESS:-127.0.0.1}" --port "${LUIGID_PORT:-8082}" --state-path "$LUIGID_STATE/state.pickle"
