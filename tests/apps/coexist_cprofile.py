"""cProfile in the same process: both tools' results are right.

# app: mode=self
"""
import cProfile
import json
import pstats
import io


def work(n):
    return helper(n) + 1


def helper(n):
    return n


for i in range(10):
    work(i)
profile = cProfile.Profile()
profile.enable()
for i in range(25):
    work(i)
profile.disable()
for i in range(5):
    work(i)
stats = pstats.Stats(profile, stream=io.StringIO())
print("cProfile saw", {name: row[0] for (_, _, name), row in sorted(stats.stats.items()) if name in ("work", "helper")})
print("expect:", json.dumps({"work": {"calls": 40}, "helper": {"calls": 40, "callers": {"work": 40}}}))
