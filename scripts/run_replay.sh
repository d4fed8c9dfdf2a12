#!/bin/sh
# Runs each fuzzer's corpus through its replay program, bounded in time.
#
# usage: run_replay.sh FOLDER NAME...   (FOLDER/replay_NAME, tests/fuzz/corpus/NAME)
set -u
folder=$1; shift
[ $# -gt 0 ] || { echo "replay: there are no tests/fuzz/fuzz_*.c" >&2; exit 1; }
inputs=0 bad= fixed=$("$(dirname "$0")/fixed_addresses.sh")
for name in "$@"; do
    corpus=tests/fuzz/corpus/$name
    n=$(find "$corpus" -type f 2>/dev/null | wc -l)
    if [ "$n" -eq 0 ]; then
        echo "  $name: no inputs in $corpus"; bad="$bad $name"; continue
    fi
    # shellcheck disable=SC2086
    if find "$corpus" -type f -print0 | xargs -0 timeout -k 5 300 $fixed "$folder/replay_$name" >"$folder/$name.log" 2>&1 </dev/null; then
        printf '  %-28s %5d inputs\n' "$name" "$n"; inputs=$((inputs + n))
    else
        tail -n 60 "$folder/$name.log"; echo "  $name FAILED (the whole output: $folder/$name.log)"; bad="$bad $name"
    fi
done
echo "replay: $# fuzzers, $inputs inputs passed${bad:+; failed:$bad}"
[ -z "$bad" ]
