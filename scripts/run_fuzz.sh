#!/bin/sh
# Runs each fuzzer for a while. It starts from the corpus in the tree; what it
# finds goes to BUILD/corpus, and an input that fails is kept there and named.
#
# usage: run_fuzz.sh BUILD FOLDER SECONDS NAME...
set -u
build=$1 folder=$2 seconds=$3; shift 3
[ $# -gt 0 ] || { echo "fuzz: there are no tests/fuzz/fuzz_*.c" >&2; exit 1; }
bad=
for name in "$@"; do
    found=$build/corpus/$name crashes=$build/corpus/crash_$name
    mkdir -p "$found" "$crashes"
    echo "  $name, $seconds s"
    "$folder/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$crashes/" "$found" "tests/fuzz/corpus/$name" >"$folder/$name.log" 2>&1 </dev/null
    if [ $? -eq 0 ]; then
        sed -n 's/^stat::number_of_executed_units: */    inputs tried: /p' "$folder/$name.log"
    else
        tail -n 60 "$folder/$name.log"; echo "  $name FAILED; its input is in $crashes"; bad="$bad $name"
    fi
done
echo "fuzz: $# fuzzers of $seconds s${bad:+; failed:$bad}"
[ -z "$bad" ]
