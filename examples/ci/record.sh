#!/bin/sh
# Records the test suite three times (so that Ghost sees how much it varies by itself) and keeps one file.
#   record.sh FILE [command of the tests]
set -eu
[ $# -gt 0 ] || { echo "usage: record.sh FILE [command of the tests]" >&2; exit 2; }
out=$1; shift
[ $# -gt 0 ] || set -- python3 -m pytest -q
GHOST_DATA_DIR=$(mktemp -d); export GHOST_DATA_DIR
trap 'rm -rf "$GHOST_DATA_DIR"' EXIT
for i in 1 2 3; do ghost run -q "$@"; done
ghost merge $(ls "$GHOST_DATA_DIR/sessions") -o "$out"
