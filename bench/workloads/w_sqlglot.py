"""sqlglot: parse, optimise and generate a few analytical queries."""

import sqlglot
from sqlglot.optimizer import optimize

WARM_UP = 1

SCHEMA = {
    "orders": {"id": "INT", "customer_id": "INT", "placed": "DATE", "state": "VARCHAR", "total": "DECIMAL"},
    "customers": {"id": "INT", "name": "VARCHAR", "country": "VARCHAR", "segment": "VARCHAR"},
    "lines": {"order_id": "INT", "product_id": "INT", "count": "INT", "price": "DECIMAL", "discount": "DECIMAL"},
    "products": {"id": "INT", "title": "VARCHAR", "category": "VARCHAR"},
}
QUERIES = [
    """SELECT c.country, SUM(l.count * l.price * (1 - l.discount)) AS revenue, COUNT(DISTINCT o.id) AS n
       FROM customers AS c JOIN orders AS o ON o.customer_id = c.id JOIN lines AS l ON l.order_id = o.id
       WHERE o.placed >= DATE '2025-01-01' AND o.placed < DATE '2026-01-01' AND NOT (o.state = 'open' OR o.state = 'void')
       GROUP BY c.country HAVING SUM(l.count) > 10 ORDER BY revenue DESC LIMIT 20""",
    """WITH best AS (SELECT product_id, SUM(price) AS s, ROW_NUMBER() OVER (PARTITION BY product_id ORDER BY SUM(price)) AS r
                     FROM lines GROUP BY product_id)
       SELECT p.title, b.s, CASE WHEN b.s > 1000 THEN 'high' WHEN b.s > 100 THEN 'middle' ELSE 'low' END AS band
       FROM best AS b JOIN products AS p ON p.id = b.product_id
       WHERE b.r <= 3 AND p.category IN ('a', 'b', 'c') AND EXISTS (SELECT 1 FROM lines AS l WHERE l.product_id = p.id)""",
    """SELECT name, total FROM (SELECT c.name, o.total, o.state FROM customers c LEFT JOIN orders o ON c.id = o.customer_id
       WHERE c.segment LIKE 'ret%' ) AS t WHERE t.total BETWEEN 10 AND 20 + 5 * 2 UNION ALL
       SELECT title, CAST(NULL AS DECIMAL) FROM products WHERE category <> 'x' AND 1 = 1""",
]


def prepare():
    def work(n):
        for i in range(n):
            for query in QUERIES:
                tree = optimize(sqlglot.parse_one(query, read="postgres"), schema=SCHEMA, dialect="postgres")
                tree.sql(dialect="duckdb", pretty=True)
    return work
