#!/bin/sh
# Runs cmocka programs one after another, each bounded in time, and ends with one
# line that tells it all. Output of a program is shown when it fails.
#
# usage: run_unit.sh PROGRAM...
set -u
[ $# -gt 0 ] || { echo "unit: there are no tests/unit/u_*.c" >&2; exit 1; }
fixed=$("$(dirname "$0")/fixed_addresses.sh")
log=$(mktemp) && trap 'rm -f "$log"' EXIT
passed=0 failed=0 bad=
for program in "$@"; do
    name=${program##*/}
    # shellcheck disable=SC2086
    timeout -k 5 "${UNIT_TIMEOUT:-400}" $fixed "$program" >"$log" 2>&1 </dev/null
    status=$?
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    ko=$(sed -n 's/^ *\([0-9][0-9]*\) FAILED TEST(S).*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    passed=$((passed + ok)) failed=$((failed + ko))
    if [ $status -eq 0 ] && [ "$ok" -gt 0 ]; then
        printf '  %-28s %4d passed\n' "$name" "$ok"
        continue
    fi
    cat "$log"
    case $status in
    0) why="ran no test" ;;
    124 | 137) why="took longer than ${UNIT_TIMEOUT:-400} s" ;;
    *) why="exit status $status" ;;
    esac
    printf '  %-28s FAILED: %s\n' "$name" "$why"
    bad="$bad $name"
done
echo "unit: $# programs, $passed tests passed, $failed failed${bad:+; programs that failed:$bad}"
[ -z "$bad" ]
