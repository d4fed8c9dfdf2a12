"""A debugger in the same process: its commands, breakpoints and stepping work, and no call is missed.

# app: mode=self
"""
import io
import json
import pdb
import re


def step(n):
    total = n
    total += inner(n)
    return total


def inner(n):
    return n


out = io.StringIO()
commands = "b inner\nc\np n\nw\nc\nc\nc\n"
debugger = pdb.Pdb(stdin=io.StringIO(commands), stdout=out, nosigint=True, readrc=False)
step(1)
debugger.runcall(step, 5)
step(2)
text = out.getvalue()
print(re.findall(r"\(Pdb\) (\d+)", text), "return n" in text)
print("expect:", json.dumps({"step": {"calls": 3}, "inner": {"calls": 3}}))
