#!/bin/sh
# All lint checks; each says what it looked at, and what to do about a finding.
# usage: run.sh [CHECK...]
set -u
cd "$(dirname "$0")/../.." || exit 2
bad=
for check in ${*:-deps.sh length.sh banned.py docs.py strangers.sh}; do
    "tests/lint/$check" || bad="$bad $check"
done
[ -z "$bad" ] && echo "lint: nothing found" || { echo "lint: findings in$bad"; exit 1; }
