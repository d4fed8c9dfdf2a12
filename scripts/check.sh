#!/bin/sh
# make check: runs the stages one after another, each bounded in time, goes on
# after a failure, and ends with a table, a summary line and pytest's closing line.
#
# usage: check.sh [STAGE...]     (none: all but `quick`)
# Logs stay in $BUILD/check/STAGE.log. CHECK_SECONDS bounds the whole run: a stage
# gets what is left when that is less than its own limit.
set -u
BUILD=${BUILD:-build}
MAKE=${MAKE:-make}
logs=$BUILD/check
mkdir -p "$logs"

# stage, its limit in seconds, what it does
stages='
build  900  make WERROR=1: the command and the recorders, gcc without a warning
clang  900  the same with clang
lint   300  layers, lengths, banned functions, docs against headers
unit   900  unit tests, plain, under AddressSanitizer and UBSan, under ThreadSanitizer
replay 900  corpus of the fuzzers under AddressSanitizer and UBSan
quick  900  the quick part of the tests in Python
budgets 900  instructions an event (valgrind), against bench/budgets.csv
matrix 1800 CPythons that this machine lacks, from Debian roots
pytest 3600 all tests in Python, on every interpreter found
'
# For every stage, so that none compiles again what another has compiled.
export WERROR=1
jobs=-j$(nproc 2>/dev/null || echo 1)
m() { "$MAKE" --no-print-directory "$@"; }
run_build() { m $jobs all tools; }
run_clang() { m $jobs CC=clang all tools; }
run_lint() { m lint; }
# The third time: what runs in several threads.
run_unit() { m $jobs unit && m $jobs SAN=address,undefined unit && m $jobs SAN=thread UNIT="u_drain u_pipeline u_diff_load u_diff_latency" unit; }
run_replay() { m $jobs replay; }
run_quick() { m e2e TESTS="$(ls -d tests/reader tests/describe tests/cli 2>/dev/null | tr '\n' ' ')" PYTEST="-q -m 'not slow'"; }
run_budgets() { m budgets; }
# Compilers of the future warn of more: not a reason to fail.
run_matrix() { WERROR= m matrix; }
# The sanitized recorders first: tests/e2e/test_sanitized.py would build them within its own time.
# It ends by itself a minute before its limit, so that it can say what failed so far.
run_pytest() { m $jobs SAN=address,undefined recorders && m e2e PYTEST="--durations=15 --session-timeout=$((STAGE_END - $(now) - 60))"; }

now() { date +%s; }
if [ "${1:-}" = --one ]; then "run_$2"; exit; fi

end=$(($(now) + ${CHECK_SECONDS:-86400}))
chosen=${*:-$(printf '%s' "$stages" | awk 'NF && $1 != "quick" { print $1 }')}
table= failed= pytest_line= begin=$(now)
for stage in $chosen; do
    limit=$(printf '%s' "$stages" | awk -v s="$stage" '$1 == s { print $2 }')
    if [ -z "$limit" ]; then
        echo "no stage is called $stage; there are:" $(printf '%s' "$stages" | awk '{ print $1 }') >&2
        exit 2
    fi
    left=$((end - $(now)))
    [ $limit -le $left ] || limit=$((left > 1 ? left : 1))
    echo "==== $stage: $(printf '%s' "$stages" | sed -n "s/^$stage  *[0-9]*  *//p")"
    export STAGE_END=$(($(now) + limit))
    start=$(now) log=$logs/$stage.log
    # timeout has a process group of its own, so Ctrl-C must be passed on; and sh
    # does not keep the status of a pipe's first command.
    {
        timeout -k 20 "$limit" "$0" --one "$stage" 2>&1 </dev/null &
        stage_pid=$!
        trap 'kill $stage_pid' INT TERM HUP
        wait $stage_pid
        echo $? >"$log.status"
    } | tee "$log"
    status=$(cat "$log.status"); rm -f "$log.status"
    case $status in
    0) verdict=ok ;;
    124 | 137) verdict="FAILED: took longer than $limit s" ;;
    *) verdict="FAILED: status $status, see $log" ;;
    esac
    [ "$verdict" = ok ] || failed="$failed $stage"
    line=$(grep -aE '^=+ .*(passed|failed|skipped|error|no tests ran).* =+$' "$log" | tail -n 1)
    [ -z "$line" ] || pytest_line=$line
    table="$table$(printf '  %-8s %5d s  %s' "$stage" $(($(now) - start)) "$verdict")
"
done
echo
# What failed comes last: a CI keeps the end of what it is shown. Pytest's own list of failures stands above.
for stage in $failed; do
    [ "$stage" = pytest ] && continue
    echo "==== the end of $logs/$stage.log"
    tail -n 12 "$logs/$stage.log"
done
printf '%s' "$table"
if [ -z "$failed" ]; then
    echo "make check: everything passed in $(($(now) - begin)) s"
else
    echo "make check: FAILED:$failed ($(($(now) - begin)) s)"
fi
[ -z "$pytest_line" ] || printf '%s\n' "$pytest_line"
[ -z "$failed" ]
