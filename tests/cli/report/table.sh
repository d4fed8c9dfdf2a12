# one of everything, in every order
story $WORK/story
for sort in calls latency exceptions total self p99; do ghost report $WORK/story --sort $sort; done
