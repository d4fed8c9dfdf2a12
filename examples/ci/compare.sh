#!/bin/sh
# Compares two packed sessions: the summary goes to the job's page, annotations to the diff, the exit status to the build.
#   compare.sh BEFORE AFTER
set -eu
before=$1; after=$2
rules=${GHOST_RULES:-latency>1.3,exceptions+1%,new-exception,removed}
status=0
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then exec 3>>"$GITHUB_STEP_SUMMARY"; else exec 3>&1; fi   # other steps write there, too
ghost diff "$before" "$after" --fail-on "$rules" --format markdown >&3 || status=$?
[ $status -le 1 ] || exit $status    # 2: they could not be compared, which is no finding
ghost diff "$before" "$after" --fail-on "$rules" --format "${GHOST_FORMAT:-github}"
