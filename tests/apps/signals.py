"""Signal handlers run between the bytecodes of whatever is going on; an alarm breaks a call off.

# app: mode=self
"""
import json
import os
import signal
import time

handled = 0


class Alarm(Exception):
    pass


def on_usr1(number, frame):
    global handled
    handled += 1


def on_alarm(number, frame):
    raise Alarm


def kick(n):
    for _ in range(n):
        os.kill(os.getpid(), signal.SIGUSR1)


def sleeps():
    time.sleep(10)


def generator_broken_off():
    yield 1
    sleeps()


signal.signal(signal.SIGUSR1, on_usr1)
signal.signal(signal.SIGALRM, on_alarm)
kick(20)
for broken in sleeps, lambda: list(generator_broken_off()):
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        broken()
    except Alarm:
        print("broken off")
print(handled)
print("expect:", json.dumps({"on_usr1": {"calls": 20, "args": {"(int, frame)": 20}},
                             "on_alarm": {"calls": 2, "exceptions": {"Alarm": 2}},
                             "sleeps": {"calls": 2, "exceptions": {"Alarm": 2}},
                             "generator_broken_off": {"calls": 1, "exceptions": {"Alarm": 1}}}))
