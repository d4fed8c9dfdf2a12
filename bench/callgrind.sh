#!/bin/sh
# Instructions per event: the hot path on each Python, the log's writer, the analysis. Unlike times
# these hardly vary from run to run, so that CI can hold them to budgets.csv.
#
#   bench/callgrind.sh              prints name,instructions
#   bench/callgrind.sh --check      compares with budgets.csv; exit status 1 if one is out of its bounds
#   bench/callgrind.sh --only NAME  (hot-3.12, write, ...) may be given with either
#
# A cost per event is the difference of two runs of different length: what does not grow with the
# events falls out. On a Python, the same program without Ghost is taken off as well.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../build}
budgets=$here/budgets.csv
check= only=
while [ $# -gt 0 ]; do
    case $1 in
    --check) check=1 ;;
    --only) only=$2; shift ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift
done
command -v valgrind >/dev/null || { echo "callgrind.sh: valgrind is not installed; install the package valgrind" >&2; exit 2; }
[ -x "$build/ghost" ] || { echo "callgrind.sh: $build/ghost is not there; run make first" >&2; exit 2; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM

wants() { [ -z "$only" ] || [ "$only" = "$1" ]; }

# instructions OUT THREAD COMMAND...: of one thread (1 is the main one), of all with THREAD "all".
instructions() {
    out=$1 thread=$2; shift 2
    rm -f "$tmp/$out".*
    if ! timeout 300 valgrind -q --tool=callgrind --separate-threads=yes --callgrind-out-file="$tmp/$out.cg" "$@" >"$tmp/$out.text" 2>&1; then
        echo "callgrind.sh: this failed: $*" >&2; tail -5 "$tmp/$out.text" >&2; exit 2
    fi
    case $thread in
    all) cat "$tmp/$out".cg-* ;;
    *) cat "$tmp/$out".cg-"$(printf %02d "$thread")" ;;
    esac | awk '/^totals:/ { sum += $2 } END { printf "%d\n", sum }'
}

# The Python of a minor version that the bench or the build would take.
python_of() {
    for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python3 "$(command -v "python$1" || true)"; do
        [ -x "$candidate" ] && { echo "$candidate"; return; }
    done
    true
}

# program PYTHON N: the tight loop; with GHOST_RECORD in the environment it is recorded.
program() {
    rm -rf "$tmp/data"
    PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 GHOST_DATA_DIR=$tmp/data \
        instructions "hot$2" 1 "$1" "$here/workloads/drive.py" w_tight "$2" "$tmp/driver.json"
}

hot() { # MINOR
    python=$(python_of "$1")
    [ -n "$python" ] || { echo "callgrind.sh: no Python $1 here: hot-$1 is not measured" >&2; return; }
    few=10000 many=60000
    plain=$(($(program "$python" $many) - $(program "$python" $few)))
    with=$(export GHOST_RECORD=1 PYTHONPATH="$build/lib/boot"; echo $(($(program "$python" $many) - $(program "$python" $few))))
    if [ "$with" -le "$plain" ]; then
        echo "callgrind.sh: Python $1 was not recorded (run $build/ghost doctor)" >&2; exit 2
    fi
    awk -v name="hot-$1" -v d=$((with - plain)) -v n=$((2 * (many - few))) 'BEGIN { printf "%s,%.1f\n", name, d / n }'
}

# per_event NAME FEW MANY INSTRUCTIONS_FEW INSTRUCTIONS_MANY
per_event() { awk -v name="$1" -v n=$(($3 - $2)) -v d=$(($5 - $4)) 'BEGIN { printf "%s,%.1f\n", name, d / n }'; }

log() { # EVENTS: a log of that size
    "$build/tools/gen_log" -n "$1" -o "$tmp/$1.ghost" --seed 1 >/dev/null
}

# What lies below the writer's own functions in gen_log, the generator itself left out.
write_cost() {
    instructions write all "$build/tools/gen_log" -n "$1" -o "$tmp/write.ghost" --seed 1 >/dev/null
    callgrind_annotate --inclusive=yes --threshold=100 "$tmp"/write.cg-01 |
        awk '/:ghost_writer_(events|flush|finish|records) / { gsub(",", "", $1); sum += $1 } END { printf "%d\n", sum }'
}

measure() {
    for minor in 3.11 3.12 3.13; do
        if wants "hot-$minor"; then hot "$minor"; fi
    done
    few=200000 many=600000
    if wants write; then per_event write $few $many "$(write_cost $few)" "$(write_cost $many)"; fi
    if wants analyse; then
        log $few; log $many
        # export with a range: no database is made, whose rows are as many as seconds were recorded
        per_event analyse $few $many "$(instructions analyse all "$build/ghost" export --from 0 --jobs 1 "$tmp/$few.ghost")" \
            "$(instructions analyse all "$build/ghost" export --from 0 --jobs 1 "$tmp/$many.ghost")"
    fi
}

measure >"$tmp/measured"
[ -n "$check" ] || { cat "$tmp/measured"; exit 0; }
awk -F, -v budgets="$budgets" '
    BEGIN { while ((getline line < budgets) > 0) if (line !~ /^(#|name)/) { split(line, f, ","); want[f[1]] = f[2]; tolerance[f[1]] = f[3] } }
    !($1 in want) { printf "%-10s %8.1f  no budget: add a line to budgets.csv\n", $1, $2; bad++; next }
    {
        off = ($2 / want[$1] - 1) * 100
        verdict = off > tolerance[$1] ? "TOO MANY" : off < -tolerance[$1] ? "fewer: lower the budget" : "ok"
        printf "%-10s %8.1f instructions an event, budget %.1f (%+.1f %%, tolerance %s %%): %s\n", $1, $2, want[$1], off, tolerance[$1], verdict
        bad += off > tolerance[$1]
    }
    END { if (!NR) print "nothing was measured"; exit bad > 0 || !NR }' "$tmp/measured"
