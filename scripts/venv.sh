#!/bin/sh
# Makes a virtual environment with the packages of a requirements file. A second
# call with the same file does nothing.
#
# usage: venv.sh FOLDER REQUIREMENTS [PYTHON]    (none given: the first that Ghost can record)
set -u
folder=$1 requirements=$2
python=${3:-$("$(dirname "$0")/find_pythons.sh" 2>/dev/null | awk 'NR == 1 { print $2 }')}
python=${python:-python3}
if [ -f "$folder/ready" ] && cmp -s "$requirements" "$folder/ready" && "$folder/bin/python" -c '' 2>/dev/null; then
    touch "$folder/ready"
    exit 0
fi
log=$folder.log
mkdir -p "$(dirname "$folder")"
rm -rf "$folder"
if "$python" -m venv "$folder" >"$log" 2>&1 &&
   "$folder/bin/python" -m pip install -q --disable-pip-version-check --retries 3 --timeout 30 -r "$requirements" >>"$log" 2>&1; then
    cp "$requirements" "$folder/ready"
    exit 0
fi
tail -n 15 "$log" >&2
echo "could not make $folder with the packages of $requirements (log: $log)." >&2
echo "Is the Python package index reachable from here? pip's own settings (PIP_INDEX_URL, pip.conf) are respected." >&2
rm -rf "$folder"
exit 1
