"""__del__ and weakref callbacks, during the program and while the interpreter goes down."""
import gc
import weakref


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        say(self.name)


def say(name, out=print):
    out("del", name)


def callback(ref):
    say("callback")


class Cycle:
    def __init__(self):
        self.me = self

    def __del__(self):
        say("cycle")


Noisy("at once")
c = Cycle()
del c
gc.collect()
target = Noisy("watched")
ref = weakref.ref(target, callback)
del target


def finalised():
    say("finalize")


keep = Noisy("at shutdown")
fin = weakref.finalize(keep, finalised)
in_cycle = Cycle()
