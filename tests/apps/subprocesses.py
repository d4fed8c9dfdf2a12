"""Pythons started as programs: -c, a script, -m, -E (the environment ignored), exec in place."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def run(*args):
    sys.stdout.flush()
    return subprocess.run([sys.executable, *args], cwd=HERE, capture_output=True, text=True).stdout.split("\n")


def child_code(n):
    return f"def f(x):\n    return x\nprint([f(i) for i in range({n})])\n"


print(run("-c", child_code(3)))
print(run(os.path.join(HERE, "lambdas.py"))[0])
print(run("-m", "package_app", "argument"))
print(run("-E", "-c", child_code(2)))
sys.stdout.flush()
os.execv(sys.executable, [sys.executable, "-c", child_code(4)])
