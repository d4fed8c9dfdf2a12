"""The standard library's json without its C parts: encode and decode."""

import sys

sys.modules["_json"] = None     # before json is imported: it falls back to Python
for name in [name for name in sys.modules if name == "json" or name.startswith("json.")]:
    del sys.modules[name]
import json  # noqa: E402

WARM_UP = 1


def document():
    return {"orders": [{"id": i, "customer": f"customer {i}", "paid": i % 3 == 0, "total": i * 1.25, "note": None,
                        "lines": [{"sku": f"A-{j}", "count": j, "tags": ["new", "blue \u00e9"]} for j in range(6)]}
                       for i in range(25)]}


def prepare():
    value = document()
    assert json.decoder.c_scanstring is None and json.encoder.c_make_encoder is None

    def work(n):
        for _ in range(n):
            text = json.dumps(value, indent=1)
            assert json.loads(text) == value
    return work
