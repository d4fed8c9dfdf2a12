"""Django's test client against a small site: views, forms, ORM on sqlite in memory, templates."""

import os
import random

import django

WARM_UP = 5


def prepare():
    os.environ["DJANGO_SETTINGS_MODULE"] = "shopsite.settings"
    django.setup()
    from django.core.management import call_command
    from django.test import Client
    from shopsite.filling import fill
    call_command("migrate", run_syncdb=True, verbosity=0)
    fill()
    client = Client()

    def work(n):
        rng = random.Random(1)
        for i in range(n):
            assert client.get("/", {"page": rng.randrange(1, 4), "q": "p"}).status_code == 200
            assert client.get(f"/product/{rng.randrange(1, 41)}/").status_code == 200
            assert client.post("/order/", {"product": rng.randrange(1, 41), "count": rng.randrange(0, 4)}).status_code in (302, 400)
            assert client.get("/totals.json").status_code == 200
    return work
