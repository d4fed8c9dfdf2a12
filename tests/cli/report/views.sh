# the same session from other sides
story $WORK/story
ghost report $WORK/story --tree validate_order --depth 2
ghost report $WORK/story --tree validate_order --format csv --top 2 | tr -d '\r'
ghost report $WORK/story --exceptions
ghost report $WORK/story --exceptions --format markdown --top 1
ghost report $WORK/story --time --sort exceptions --top 3
ghost report $WORK/story --time --format csv --top 2 | tr -d '\r'
ghost report $WORK/story --function 'validate_*' --format markdown
ghost report $WORK/story --module 'no.*'
ghost report $WORK/story --tree validate_ordre
ghost report $WORK/story --tree main --time
ghost report $WORK/story --from yesterday
