#!/usr/bin/env python3
"""Reads an export of the shop's recording: compares it with what the load
generator did, and points at the planted faults (FAULTS.md).

    look.py EXPORT.json TALLY.json
"""
import json
import sys

# What a request must have called, exactly once each.
HANDLERS = {
    "POST /users": "auth:register", "POST /login": "auth:login", "GET /products": "inventory:search",
    "GET /products/*": "main:product", "GET /products/*/delivery": "main:delivery", "POST /orders": "main:place",
    "GET /orders/*": "main:order", "DELETE /orders/*": "main:cancel", "POST /legacy/quote": "legacy:quote",
    "POST /import": "jobs:import_feed", "GET /catalogue": "main:catalogue", "GET /reports/best": "reports:best_sellers",
    "GET /reports/revenue.csv": "reports:revenue_csv", "GET /reports/stock": "reports:stock_value",
    "GET /reports/states": "reports:orders_by_state", "GET /reports/customers": "reports:customers_by_country", "GET /reports/days": "reports:sales_by_day",
    "GET /reports/similar": "reports:similar_products",
}


def main(export, tally):
    with open(export) as file:
        profiles = {p["fn_key"].rsplit(":", 1)[0]: p for p in json.load(file)["profiles"]}
    with open(tally) as file:
        requests = json.load(file)["requests"]

    wrong = 0
    for request, handler in HANDLERS.items():
        done, seen = requests.get(request, 0), profiles.get(f"shop.{handler}", {}).get("call_count", 0)
        if done != seen:
            wrong += 1
            print(f"look: {done} x {request}, but shop.{handler} was recorded {seen} times")
    if not wrong:
        print(f"look: {sum(requests.values())} requests, {len(HANDLERS)} handlers: every call was recorded, none twice")

    def tell(name, key, what):
        p = profiles.get(name)
        print(f"look: {name}: " + (", ".join(f"{n} x {k}" for k, n in sorted(p[key].items(), key=lambda i: -i[1])) if p else "not recorded") + what)

    slow = profiles.get("shop.reports:similar_products")
    if slow:
        print(f"look: shop.reports:similar_products: {slow['call_count']} calls of {slow['mean_latency_ns'] / 1e6:.1f} ms, caller of "
              f"{profiles['shop.reports:likeness']['call_count']} x likeness   <- one request in a hundred")
    tell("shop.pricing:calculate_discount", "arg_type_dist", "   <- annotated (int, int)")
    tell("shop.inventory:supplier_lead_time", "arg_type_dist", "   <- annotated (str, str)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
