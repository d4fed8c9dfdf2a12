"""coverage in the same process: both tools' results are right.

# app: mode=self, needs=coverage
"""
import json
import os

import coverage


def covered(n):
    if n > 100:
        return "never"
    return n


cov = coverage.Coverage(data_file=None, config_file=False)
covered(1)
cov.start()
for i in range(20):
    covered(i)
cov.stop()
covered(2)
lines = sorted(cov.get_data().lines(os.path.abspath(__file__)) or [])
first = covered.__code__.co_firstlineno
print([n - first for n in lines if first < n < first + 4])
print("expect:", json.dumps({"covered": {"calls": 22, "returns": {"int": 22}}}))
