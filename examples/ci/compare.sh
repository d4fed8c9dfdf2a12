#!/bin/sh
# Compares two packed sessions: the summary goes to the job's page, annotations to the diff, the exit status to the build.
#   compare.sh BEFORE AFTER
set -eu
before=$1; after=$2
rules=${GHOST_RULES:-latency>1.3,exceptions+1%,new-exception,removed}
ghost diff "$before" "$after" --fail-on "$rules" --format markdown >"${GITHUB_STEP_SUMMARY:-/dev/stdout}" || [ $? -eq 1 ]
ghost diff "$before" "$after" --fail-on "$rules" --format "${GHOST_FORMAT:-github}"
