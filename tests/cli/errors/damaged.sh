# a damaged place costs its frame: told with its offset, the rest is used
gen_log -n 400000 -o good.ghost --seed 4 >/dev/null
size=$(stat -c %s good.ghost)
cp good.ghost flipped.ghost
printf '\xff\xff\xff\xff' | dd of=flipped.ghost bs=1 seek=$((size / 2)) conv=notrunc status=none
ghost report flipped.ghost --top 1 | sed -n '/Showing/,$p'
head -c $((size / 2)) good.ghost > cut.ghost
ghost report cut.ghost --top 1 | sed -n '/Showing/,$p'
head -c 10 good.ghost > short.ghost; ghost report short.ghost; echo status $?
echo no log > text.ghost; ghost report text.ghost; echo status $?
: > empty.ghost; ghost report empty.ghost; echo status $?
# a log beside unreadable ones is still used
mkdir s; cp good.ghost s/1-aaaaaaaa.ghost; cp text.ghost s/2-bbbbbbbb.ghost
ghost report ./s --top 1 | sed -n '/Showing/,$p'
