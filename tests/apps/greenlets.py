"""Greenlets: several Python stacks on one thread, switched where no event tells.

# app: needs=greenlet==3.5.6
"""
import threading

import greenlet


def leaf(n):
    return n * 2


def worker(name, rounds, partner):
    total = 0
    for i in range(rounds):
        total += middle(i, partner)
    return f"{name}:{total}"


def middle(i, partner):
    before = leaf(i)
    partner.switch(i)
    return before + leaf(i)


def ping_pong():
    """Three greenlets and their parent, in turn, in the middle of calls."""
    here = greenlet.getcurrent()
    all_of_them = [greenlet.greenlet(worker) for _ in range(3)]
    answers = [g.switch(f"w{i}", 5 + i, here) for i, g in enumerate(all_of_them)]
    while any(not g.dead for g in all_of_them):
        for g in all_of_them:
            if not g.dead:
                answers.append(g.switch())
                leaf(1)
    return answers


def failing(depth):
    if depth == 0:
        greenlet.getcurrent().parent.switch("deep")
        raise ValueError
    return failing(depth - 1)


def errors_cross():
    g = greenlet.greenlet(failing)
    first = g.switch(3)
    try:
        g.switch()
    except ValueError:
        return first, "ValueError came to the parent"


def waits_for_ever():
    try:
        greenlet.getcurrent().parent.switch()
    finally:
        leaf(3)


def thrown_and_forgotten():
    thrown = greenlet.greenlet(waits_for_ever)
    thrown.switch()
    try:
        thrown.throw(KeyError)
    except KeyError:
        leaf(4)
    forgotten = greenlet.greenlet(waits_for_ever)
    forgotten.switch()
    del forgotten            # GreenletExit is raised in it
    return leaf(5)


def numbers(n):
    for i in range(n):
        yield leaf(i)


def consumer(gen, back):
    for value in gen:
        back.switch(value)


def generator_between_greenlets():
    """One generator, resumed now here, now there; and one that is a greenlet's only frame."""
    gen = numbers(6)
    g = greenlet.greenlet(consumer)
    got = [g.switch(gen, greenlet.getcurrent())]
    for value in gen:
        got.append(value)
        if not g.dead:
            got.append(g.switch())
    bare = greenlet.greenlet(numbers(2).__next__)
    return got, bare.switch()


def recurse(n):
    if n == 0:
        greenlet.getcurrent().parent.switch()
        return 0
    return 1 + recurse(n - 1)


def deep():
    """More frames than the first chunk of a stack has room for."""
    gs = [greenlet.greenlet(recurse) for _ in range(2)]
    for g in gs:
        g.switch(400)
    return [g.switch() for g in gs]


def many(n):
    gs = [greenlet.greenlet(middle) for _ in range(n)]
    here = greenlet.getcurrent()
    for i, g in enumerate(gs):
        g.switch(i, here)
    return sum(g.switch() for g in gs)


def in_a_thread():
    print("thread", ping_pong()[-1], errors_cross(), deep(), many(5))


def main():
    print(ping_pong())
    print(errors_cross())
    print(thrown_and_forgotten())
    print(generator_between_greenlets())
    print(deep())
    print(many(100), many(50))
    for _ in range(2):
        t = threading.Thread(target=in_a_thread)
        t.start()
        here = many(20)          # both threads' greenlets at the same time
        t.join()
        print(here)


main()
