"""The database: one SQLite file, one connection a thread."""
import os
import random
import sqlite3
import threading

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT UNIQUE, salt BLOB, password BLOB, country TEXT);
CREATE TABLE IF NOT EXISTS products (sku TEXT PRIMARY KEY, title TEXT, price INTEGER, stock INTEGER, supplier TEXT);
CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, user INTEGER, country TEXT, total INTEGER, state TEXT, day INTEGER);
CREATE TABLE IF NOT EXISTS lines (id INTEGER PRIMARY KEY, orders INTEGER, sku TEXT, quantity INTEGER, price INTEGER);
CREATE INDEX IF NOT EXISTS lines_orders ON lines (orders);
"""
_local = threading.local()
_write = threading.Lock()


def path():
    return os.environ.get("SHOP_DB", "shop.sqlite")


def connect():
    """This thread's connection."""
    connection = getattr(_local, "connection", None)
    if connection is None:
        connection = sqlite3.connect(path(), timeout=10, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        _local.connection = connection
    return connection


def query(sql, *values):
    return connect().execute(sql, values).fetchall()


def one(sql, *values):
    return connect().execute(sql, values).fetchone()


class Transaction:
    """with Transaction() as db: all or nothing, one writer at a time."""

    def __enter__(self):
        _write.acquire()
        connection = connect()
        connection.execute("BEGIN IMMEDIATE")
        return connection

    def __exit__(self, kind, error, trace):
        try:
            connect().execute("COMMIT" if kind is None else "ROLLBACK")
        finally:
            _write.release()
        return False


def prepare(products=200, seed=7):
    """An empty database becomes a shop with goods in it."""
    connect().executescript(SCHEMA)
    if one("SELECT count(*) AS n FROM products")["n"]:
        return
    chance = random.Random(seed)
    rows = [(f"SKU-{i:04d}", f"{chance.choice(ADJECTIVES)} {chance.choice(NOUNS)}", chance.randrange(199, 19999),
             chance.randrange(50, 5000), chance.choice(SUPPLIERS)) for i in range(products)]
    with Transaction() as db:
        db.executemany("INSERT INTO products VALUES (?, ?, ?, ?, ?)", rows)


ADJECTIVES = ["red", "quiet", "folding", "heavy", "tiny", "northern", "wooden", "spare"]
NOUNS = ["lamp", "chair", "kettle", "notebook", "bicycle bell", "rope", "blanket", "clock"]
SUPPLIERS = ["acme", "birch", "cobalt", "delta"]
