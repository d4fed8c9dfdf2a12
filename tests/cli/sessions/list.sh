# newest first; what is still open or lost is told; --top cuts and says so
S=$GHOST_DATA_DIR/sessions
mkdir -p $S
story $S/1700000000-0000beef
mkdir $S/1600000000-00000001 $S/not-a-session
gen_log -n 5000 -o $S/1600000000-00000001/1-aaaaaaaa.ghost --seed 3 >/dev/null
ghost sessions
ghost sessions --top 1
ghost sessions --format json
