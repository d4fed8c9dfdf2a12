# docs/man/ghost.1 is what the tables say; else: ghost manual > docs/man/ghost.1
ghost manual | diff $ROOT/docs/man/ghost.1 - && echo same
