#!/usr/bin/env python3
"""Drives the shop with mixed traffic over loopback, bounded in requests and in time.

    load.py PORT [--requests N] [--seconds S] [--clients C] [--seed K] [--tally FILE]

Standard library only. Prints one line of figures; exits with 1 when an answer
was not one that the shop should give. --tally writes how often each action was
done, as JSON: what a recording of the shop must agree with.
"""
import argparse
import asyncio
import collections
import json
import random
import re
import sys
import time

SKUS = [f"SKU-{i:04d}" for i in range(200)]
COUNTRIES = ["DE", "FR", "SE", "PL"]


class Client:
    """One keep-alive HTTP/1.1 connection and the customer behind it."""

    def __init__(self, port, number, seed):
        self.port, self.number, self.chance = port, number, random.Random(f"{seed}-{number}")
        self.token, self.orders, self.accounts = None, [], 0
        self.statuses, self.unexpected, self.times = collections.Counter(), collections.Counter(), []
        self.requests = collections.Counter()

    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def close(self):
        self.writer.close()
        await self.writer.wait_closed()

    async def ask(self, method, path, body=None, expect=(200,)):
        text = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(text)}", "Content-Type: application/json"]
        if self.token:
            head.append(f"Authorization: {self.token}")
        begin = time.perf_counter()
        self.writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + text)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        status = int(answer.split(b" ", 2)[1])
        length = 0
        for line in answer.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        content = await self.reader.readexactly(length)
        self.times.append(time.perf_counter() - begin)
        self.statuses[status] += 1
        self.requests[f"{method} {re.sub(r'SKU-[0-9]+|(?<=/)[0-9]+', '*', path.split('?')[0])}"] += 1
        if status not in expect:
            self.unexpected[f"{method} {path.split('?')[0]}: {status}"] += 1
        return status, json.loads(content) if content[:1] in (b"{", b"[") else None

    # ---- what customers and the office do ----
    async def log_in(self):
        self.token, self.orders = None, []
        self.accounts += 1
        account = {"name": f"customer-{self.number}-{self.accounts}", "password": "correct horse", "country": self.chance.choice(COUNTRIES)}
        await self.ask("POST", "/users", account, (201,))
        self.token = (await self.ask("POST", "/login", account))[1]["token"]

    async def mistype_password(self):
        await self.ask("POST", "/login", {"name": f"customer-{self.number}-1", "password": "wrong"}, (401,))

    async def browse(self):
        await self.ask("GET", f"/products?q={self.chance.choice(['lamp', 'chair', 'rope', 'zebra'])}")

    async def look(self):
        await self.ask("GET", f"/products/{self.chance.choice(SKUS)}")

    async def look_for_nothing(self):
        await self.ask("GET", "/products/SKU-9999", expect=(404,))

    async def ask_delivery(self):
        await self.ask("GET", f"/products/{self.chance.choice(SKUS)}/delivery?region={self.chance.choice(['domestic', 'abroad'])}")

    async def order(self):
        lines = [[self.chance.choice(SKUS), self.chance.randint(1, 3)] for _ in range(self.chance.randint(1, 5))]
        status, answer = await self.ask("POST", "/orders", {"country": self.chance.choice(COUNTRIES), "lines": lines}, (201, 409))
        if status == 201:
            self.orders.append(answer["order"])

    async def order_badly(self):
        good = [self.chance.choice(SKUS), 1]
        body = self.chance.choice([{"country": "DE", "lines": []}, {"country": "XX", "lines": [good]},
                                   {"country": "FR", "lines": [[good[0], 0]]}, {"country": "SE", "lines": [good] * 30}])
        await self.ask("POST", "/orders", body, (422,))

    async def read_order(self):
        if self.orders:
            await self.ask("GET", f"/orders/{self.chance.choice(self.orders)}")

    async def cancel_order(self):
        if self.orders:
            await self.ask("DELETE", f"/orders/{self.orders.pop()}", expect=(204,))

    async def till(self):
        await self.ask("POST", "/legacy/quote", {"amount": f"{self.chance.randint(1, 900)},{self.chance.randint(0, 99):02d}", "percent": 10})

    async def price_list(self):
        rows = []
        for _ in range(10):
            row = {"sku": self.chance.choice(SKUS).lower(), "price": self.chance.randint(199, 19999),
                   "region": self.chance.choice(["domestic", "abroad", "overseas", "abroad"])}
            if self.chance.random() < 0.5:
                row["supplier"] = self.chance.choice(["acme", "birch", "cobalt", "delta"])
            rows.append(row)
        await self.ask("POST", "/import", {"rows": rows})

    async def office(self):
        await self.ask("GET", self.chance.choice(["/reports/best", "/reports/revenue.csv", "/reports/stock", "/reports/states",
                                                  "/reports/customers", "/reports/days", "/catalogue"]))

    async def compare_products(self):
        await self.ask("GET", "/reports/similar")

    # What customers get wrong every day is rare; order_badly is the fault that FAULTS.md tells of.
    MIX = {browse: 18, look: 22, look_for_nothing: 0.4, ask_delivery: 10, order: 14, order_badly: 3, read_order: 8, cancel_order: 1,
           till: 6, price_list: 2, office: 5, compare_products: 1, log_in: 3, mistype_password: 0.05}

    async def work(self, budget, end):
        await self.connect()
        try:
            await self.log_in()
            actions, weights = list(self.MIX), list(self.MIX.values())
            while time.monotonic() < end and next(budget, None) is not None:
                await self.chance.choices(actions, weights)[0](self)
        finally:
            await self.close()


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--requests", type=int, default=4000, help="actions at most (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=15, help="time at most (default %(default)s)")
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tally", help="file for the number of requests by kind")
    args = parser.parse_args()

    clients = [Client(args.port, i, args.seed) for i in range(args.clients)]
    budget, begin = iter(range(args.requests)), time.monotonic()
    work = asyncio.gather(*(client.work(budget, begin + args.seconds) for client in clients))
    try:
        await asyncio.wait_for(work, args.seconds + 30)
    except (OSError, EOFError, asyncio.TimeoutError) as error:
        print(f"load: the service stopped answering: {type(error).__name__} {error}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - begin
    times = sorted(t for client in clients for t in client.times)
    statuses, unexpected, requests = (sum((getattr(c, name) for c in clients), collections.Counter())
                                      for name in ("statuses", "unexpected", "requests"))
    if args.tally:
        with open(args.tally, "w") as file:
            json.dump({"requests": requests, "statuses": statuses}, file, indent=1, sort_keys=True)
    print(f"load: {len(times)} requests in {seconds:.1f} s, {len(times) / seconds:.0f} a second, "
          f"median {times[len(times) // 2] * 1e3:.1f} ms, p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms; "
          + ", ".join(f"{n} x {status}" for status, n in sorted(statuses.items())))
    for what, n in unexpected.most_common(10):
        print(f"load: not expected: {n} x {what}", file=sys.stderr)
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
