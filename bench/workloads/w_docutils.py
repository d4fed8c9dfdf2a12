"""docutils: reStructuredText to HTML."""

from docutils.core import publish_string

WARM_UP = 1

PAGE = """
Section {i}
===========

A paragraph with *emphasis*, **strong text**, ``literals``, a link_{i} and a `longer reference`_, an interpreted
:title:`role` and a footnote [#f{i}]_.

.. _link_{i}: https://example.invalid/{i}

* a list item
* another one, with a nested list

  1. first
  2. second

:field: value
:other: *value*

+--------+--------+
| cell   | cell   |
+========+========+
| one    | two    |
+--------+--------+

.. note:: Something to note.

.. code:: text

   preformatted

.. [#f{i}] The note.
"""


def prepare():
    text = ".. _longer reference: #section-1\n" + "".join(PAGE.format(i=i) for i in range(1, 13))
    settings = {"report_level": 5, "halt_level": 5, "_disable_config": True, "embed_stylesheet": False,
                "stylesheet_path": None, "syntax_highlight": "none"}

    def work(n):
        for _ in range(n):
            html = publish_string(text, writer="html5", settings_overrides=settings)
            assert len(html) > 10_000
    return work
