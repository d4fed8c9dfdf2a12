# an id, its beginning, a folder, a log, the newest
S=$GHOST_DATA_DIR/sessions
mkdir -p $S
story $S/1700000000-0000beef
story $S/1700000001-0000cafe
for name in 1700000000-0000beef 1700000001 $S/1700000000-0000beef $S/1700000001-0000cafe/200-00000002.ghost ""; do
    ghost report $name | grep session
done
cd $S/1700000000-0000beef && ghost report . | grep session
