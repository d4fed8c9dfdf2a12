# Lint, tests, fuzzing, demo and bench.
