S=$GHOST_DATA_DIR/sessions
mkdir -p $S/1700000000-0000beef $S/1700000000-0000cafe
t() { "$@"; echo "status $?"; }
t ghost report 1700000000-0000bee0
t ghost report 17
t ghost report nonsense
t ghost report ./nowhere
t ghost report 1700000000-0000beef
echo text > file.txt; t ghost report ./file.txt
