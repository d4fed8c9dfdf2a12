"""A small web shop: the demo application of Ghost (see FAULTS.md beside it)."""
