#!/bin/sh
# make demo: the shop on uvicorn, under load, recorded by Ghost and shown.
# Environment: GHOST_BIN (the command), BUILD (folder for what it makes), PYTHON
# (interpreter; none given: the first that Ghost can record), SECONDS_OF_LOAD and
# REQUESTS_OF_LOAD (what is reached first ends the load).
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${BUILD:-$root/build}/demo
ghost=${GHOST_BIN:-${BUILD:-$root/build}/ghost}
venv=$work/venv/bin
export GHOST_DATA_DIR="$work/data"
SECONDS_OF_LOAD=${SECONDS_OF_LOAD:-10}

fail() { echo "demo: $*" >&2; exit 1; }
title() { printf '\n---- %s\n' "$*"; }
show() { printf '\n$ ghost %s\n' "$*"; "$ghost" "$@" || fail "ghost $1 failed (status $?)"; }

[ -x "$ghost" ] || fail "there is no $ghost: run make first"
mkdir -p "$work" && cd "$root" || exit 1
"$root/scripts/venv.sh" "$work/venv" "$here/requirements.txt" ${PYTHON:-} || exit 1

# A fresh database, no older session, and a free port for each run.
rm -rf "$work"/shop.sqlite* "$GHOST_DATA_DIR"
port=$("$venv/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])') || fail "no free port"
export SHOP_DB="$work/shop.sqlite"

title "the shop on uvicorn, port $port, under ghost run"
cd "$here" || exit 1
"$ghost" run "$venv/uvicorn" shop.main:app --port "$port" --no-access-log --log-level warning >"$work/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; sleep 1; kill -9 $server 2>/dev/null; exit 1' INT TERM HUP
trap 'kill $server 2>/dev/null' EXIT

answers() {
    "$venv/python" - "$port" <<'PY'
import sys, time, urllib.request
for _ in range(600):
    try:
        sys.exit(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/health", timeout=2).status != 200)
    except OSError:
        time.sleep(0.1)
sys.exit(1)
PY
}
answers || { cat "$work/server.log" >&2; fail "the shop does not answer on port $port; its output is above"; }

title "load from $here/load.py"
"$venv/python" "$here/load.py" "$port" --seconds "$SECONDS_OF_LOAD" --requests "${REQUESTS_OF_LOAD:-8000}" --tally "$work/tally.json" || {
    tail -n 20 "$work/server.log" >&2; fail "the load did not go as it should; the shop's output is above"; }

title "stop it with SIGTERM, as a container runtime does"
kill -TERM $server
tenths=0
while kill -0 $server 2>/dev/null && [ $tenths -lt 600 ]; do sleep 0.1; tenths=$((tenths + 1)); done
kill -9 $server 2>/dev/null
wait $server 2>/dev/null; status=$?
trap - EXIT
cat "$work/server.log"
case $status in
0 | 143) ;;
137) fail "the shop did not end within 60 s of SIGTERM" ;;
*) fail "ghost run ended with status $status" ;;
esac

title "what was recorded"
show sessions
show report --top 15
title "the same by exceptions: validate_order refuses bad orders, supplier_lead_time fails for one import job"
show report --sort exceptions --top 8
title "the faults that are planted in it (examples/shop/FAULTS.md), found"
show anomalies
title "and as JSON"
show export --format json -o "$work/shop.json"
"$venv/python" "$here/look.py" "$work/shop.json" "$work/tally.json" || fail "the recording does not show what the load did"
echo
echo "demo: done. The faults planted in the shop: examples/shop/FAULTS.md. The session stays in $GHOST_DATA_DIR."
