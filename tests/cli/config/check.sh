# every fault with its place; a secret is named, not shown; status 1
t() { "$@"; echo "status $?"; }
cat >bad.yaml <<'END'
recording:
  flsuh: 1
  max_log: much
  include: *all
detectors:
  api_key: abc
  suppress:
    - kind: high_exc_rate
END
t ghost config check bad.yaml
t ghost run --config bad.yaml -c 'print(1)'
printf 'recording:\n  on_full: drop\n' >ghost.yaml
t ghost config check
t env -u GHOST_DATA_DIR ghost config show -- run --flush 0.5 --all
t ghost config init
t ghost config init --profile rails
