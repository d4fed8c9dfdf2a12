"""Who is asking: passwords and signed tokens."""
import base64
import hashlib
import hmac
import json
import os
import time

from . import store

SECRET = os.urandom(32)
LIFETIME = 3600


class Denied(Exception):
    """The request is not allowed; the reason is for the log, not for the client."""


def hash_password(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 500)


def register(name: str, password: str, country: str) -> int:
    salt = os.urandom(8)
    with store.Transaction() as db:
        cursor = db.execute("INSERT INTO users (name, salt, password, country) VALUES (?, ?, ?, ?)",
                            (name, salt, hash_password(password, salt), country))
        return cursor.lastrowid


def login(name: str, password: str) -> str:
    user = store.one("SELECT * FROM users WHERE name = ?", name)
    if user is None or not hmac.compare_digest(user["password"], hash_password(password, user["salt"])):
        raise Denied("name or password")
    return make_token({"user": user["id"], "country": user["country"], "until": time.time() + LIFETIME})


def sign(payload: bytes) -> str:
    return hmac.new(SECRET, payload, "sha256").hexdigest()


def make_token(claims: dict) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode())
    return f"{payload.decode()}.{sign(payload)}"


def check_token(token: str | None) -> dict:
    if not token:
        raise Denied("no token")
    payload, _, signature = token.partition(".")
    if not hmac.compare_digest(signature, sign(payload.encode())):
        raise Denied("signature")
    claims = json.loads(base64.urlsafe_b64decode(payload))
    if claims["until"] < time.time():
        raise Denied("too old")
    return claims
