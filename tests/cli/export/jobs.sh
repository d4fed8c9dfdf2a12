# the same bytes whatever the number of threads, and the order they run in
gen_log -n 2000000 -o big.ghost --threads 5 --seed 9 >/dev/null
ghost export big.ghost --jobs 1 > one.json
for jobs in 2 3 8 8 8; do ghost export big.ghost --jobs $jobs | cmp - one.json && echo same; done
head -c 60 one.json
