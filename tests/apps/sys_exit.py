"""sys.exit from the depth: SystemExit leaves each frame, finally blocks and atexit run, the status stays.

# app: args=3;text;none
"""
import atexit
import sys


def goodbye(word):
    print(word)


def inner(status):
    try:
        sys.exit(status)
    finally:
        goodbye("finally")


def outer(status):
    inner(status)


atexit.register(goodbye, "atexit")
outer({"3": 3, "text": "a message on stderr", "none": None}[sys.argv[1]])
