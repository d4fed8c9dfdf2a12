# a reader that goes away is no error; a full disk is
gen_log -n 300000 -o big.ghost --seed 5 --functions 3000 >/dev/null
set -o pipefail
ghost export big.ghost | head -c 2; echo; echo "status ${PIPESTATUS[0]}"
ghost export big.ghost > /dev/full; echo status $?
ghost report big.ghost > /dev/full; echo status $?
