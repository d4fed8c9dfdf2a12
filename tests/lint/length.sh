#!/bin/sh
# Prints the longest C files and functions. Above the hard limits it fails: then a
# file or function has more than one job.
set -u
max_file=800 max_function=110
files=$(find include format recorder analyzer explain tests bench -name '*.[ch]' 2>/dev/null)
[ -n "$files" ] || { echo "length: no C files"; exit 1; }
# shellcheck disable=SC2086
wc -l $files | grep -v ' total$' | sort -rn >"${TMPDIR:-/tmp}/ghost-length.$$"
# shellcheck disable=SC2086
awk 'FNR == 1 { start = 0 }
     /^[a-zA-Z_].*\(/ && !/;$/ && !/^#/ && !/^__attribute__/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name); if (/\{$/) start = FNR }
     /^\{/ { start = FNR }
     /^\}/ && start && name != "" { print FNR - start, FILENAME ":" start, name; start = 0; name = "" }' $files |
    sort -rn >"${TMPDIR:-/tmp}/ghost-functions.$$"
echo "length: longest files:     $(head -n 5 "${TMPDIR:-/tmp}/ghost-length.$$" | awk '{ printf "%s%s %d", sep, $2, $1; sep = ", " }')"
echo "length: longest functions: $(head -n 5 "${TMPDIR:-/tmp}/ghost-functions.$$" | awk '{ printf "%s%s (%s) %d", sep, $3, $2, $1; sep = ", " }')"
bad=$(awk -v n=$max_file '$1 > n { print "length: " $2 " has " $1 " lines, more than " n ": split it by role" }' "${TMPDIR:-/tmp}/ghost-length.$$"
      awk -v n=$max_function '$1 > n { print "length: " $3 " (" $2 ") has " $1 " lines, more than " n ": split it" }' "${TMPDIR:-/tmp}/ghost-functions.$$")
rm -f "${TMPDIR:-/tmp}/ghost-length.$$" "${TMPDIR:-/tmp}/ghost-functions.$$"
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
