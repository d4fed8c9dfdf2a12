"""ghost explain against services that behave and services that do not: each ends in a clear message, the right exit
status and the template's page, and the key is nowhere."""
import json
import os
import re
import socket
import subprocess
import threading
import time

import fake_llm
import pytest
from explain_support import GHOST, KEY

pytestmark = pytest.mark.timeout(120)
PAGE = "What stands out"
both = pytest.mark.parametrize("backend", ["gemini", "openai"])


def calls_fact(explain):
    """Number and count of the fact that tells how often the function was called."""
    facts = explain.json("--facts")["facts"]
    fact = next(f for f in facts if f["text"].startswith("Calls observed"))
    return fact["n"], int(fact["numbers"][0]["value"])


def no_key(explain, *texts):
    for text in texts:
        assert KEY not in text and KEY[4:] not in text
    for path in explain.data.rglob("*"):
        if path.is_file():
            assert KEY not in path.read_text(errors="replace"), path


def good_answer(explain):
    n, calls = calls_fact(explain)
    return {"claims": [{"text": f"It was called {calls} times.", "facts": [n]},
                       {"text": "It was called 987654 times.", "facts": [n]},
                       {"text": "It calls `no_such_function`.", "facts": [n]}], "not_in_facts": ["What the arguments were."]}


@both
@pytest.mark.parametrize("stream", [False, True])
def test_good(explain, server, backend, stream):
    server.answer = good_answer(explain)
    done = explain.ask("good", *["--stream"] * stream, backend=backend)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout.index(PAGE) < done.stdout.index("In words"), "the facts stand above the answer"
    assert "1 of 3 claims (33%)" in done.stdout and "not verified: 987654 times" in done.stdout
    assert "not verified: the name no_such_function" in done.stdout and "What the arguments were." in done.stdout
    request = server.requests[-1]
    if backend == "gemini":
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        assert request["path"] == f"/good/v1beta/models/gemini-3.8-flash:{method}" and request["headers"]["x-goog-api-key"] == KEY
        config = request["body"]["generationConfig"]
        assert config["responseMimeType"] == "application/json" and config["responseJsonSchema"]["type"] == "object"
        assert config["thinkingConfig"] == {"thinkingLevel": "LOW"} and "temperature" not in json.dumps(request["body"])
        assert request["body"]["systemInstruction"]["parts"][0]["text"].startswith("You explain")
        assert "gemini-3.8-flash-001" in done.stdout, "the model that answered is shown"
    else:
        assert request["path"] == "/good/v1beta/chat/completions" and request["headers"]["Authorization"] == f"Bearer {KEY}"
        assert request["body"]["response_format"]["type"] == "json_schema" and request["body"].get("stream", False) is stream
    assert KEY not in request["path"] and KEY not in request["raw"]
    no_key(explain, done.stdout, done.stderr)


def test_strict_drops(explain, server):
    server.answer = good_answer(explain)
    done = explain.ask("good", "--strict")
    assert done.returncode == 0 and "987654" not in done.stdout and "no_such_function" not in done.stdout and "2 left out" in done.stdout


def test_claims_with_nothing_to_look_up(explain, server):
    n, calls = calls_fact(explain)
    server.answer = {"claims": [{"text": "It is a fine function.", "facts": [n]}, {"text": f"It was called {calls} times.", "facts": [n]}], "not_in_facts": []}
    done = explain.ask("good")
    assert "1 of 1 claims (100%)" in done.stdout and "1 without a number or name to look up" in done.stdout and "·" in done.stdout
    server.answer["claims"].pop()
    done = explain.ask("good", "--fresh", "--format", "json")
    answer = json.loads(done.stdout)["answer"]
    assert (answer["claims_checked"], answer["claims_held"], answer["claims_vague"], answer["share_held"]) == (0, 0, 1, 0)


def test_a_question_needs_a_model(explain):
    done = explain.run("--ask", "why?")
    assert done.returncode == 0 and PAGE in done.stdout and "needs a language model" in done.stderr


def test_json(explain, server):
    server.answer = good_answer(explain)
    done = explain.ask("good", "--format", "json")
    shown = json.loads(done.stdout)
    assert shown["backend"] == "gemini" and shown["answer"]["claims_checked"] == 3 and shown["answer"]["claims_held"] == 1
    assert [c["holds"] for c in shown["answer"]["claims"]] == [True, False, False] and PAGE in shown["text"]
    assert shown["answer"]["model_version"] == "gemini-3.8-flash-001"


@both
@pytest.mark.parametrize("case", ["fenced", "prose", "slow"])
def test_other_forms(explain, server, backend, case):
    server.answer = good_answer(explain)
    done = explain.ask(case, backend=backend)
    assert done.returncode == 0 and "In words" in done.stdout, done.stderr
    assert "claims (" in done.stdout


def test_thoughts_are_skipped(explain, server):
    server.answer = good_answer(explain)
    done = explain.ask("thoughts")
    assert done.returncode == 0 and "THOUGHT" not in done.stdout + json.dumps(explain.audit())


def test_retirement_is_told(explain, server):
    server.answer = good_answer(explain)
    done = explain.ask("retiring")
    assert done.returncode == 0 and "retired: 2026-12-01T00:00:00Z" in done.stderr and "In words" in done.stdout


def test_unknown_finish_reason_is_survived(explain, server):
    server.answer = good_answer(explain)
    done = explain.ask("odd_finish")
    assert done.returncode == 0 and "NEVER_HEARD_OF" in done.stderr and "In words" in done.stdout


FAILURES = [  # case, stream, what is said, requests that are made, options
    ("blocked", False, r"refused to answer: (PROHIBITED_CONTENT|I cannot)", 1, []),
    ("max_tokens", False, r"used up its tokens before it said anything", 1, []),
    ("cut", False, r"the answer was cut: (MAX_TOKENS|length)", 1, []),
    ("no_candidates", False, r"gave an empty answer", 1, []),
    ("truncated_stream", True, r"breaks off before its end", 1, []),
    ("stream_error", True, r"broke off with an error UNAVAILABLE: overloaded in the middle", 1, []),
    ("stream_error_first", True, r"broke off with an error INTERNAL: broken from the start", 1, []),
    ("hanging", False, r"no complete answer within 0.5 s", 1, ["--timeout", "0.5"]),
    ("hanging", True, r"no complete answer within 0.5 s", 1, ["--timeout", "0.5"]),
    ("trickle", True, r"no complete answer within 0.7 s", 1, ["--timeout", "0.7"]),
    ("garbage", False, r"something that is no answer of its kind", 1, []),
    ("garbage", True, r"something that is no answer of its kind", 1, []),
    ("garbled_answer", False, r"not in the form that was asked for", 1, []),
    ("empty", False, r"something that is no answer of its kind", 1, []),
    ("deep", False, r"something that is no answer of its kind", 1, []),
    ("huge", False, r"larger than 4 MiB", 1, []),
    ("huge", True, r"larger than 4 MiB", 1, []),
    ("bomb", False, r"larger than 4 MiB", 1, []),
    ("busy_always", False, r"answered 429 RESOURCE_EXHAUSTED: Resource has been exhausted; the quota is used up", 3, ["--retries", "2"]),
    ("busy_long", False, r"it asks to wait 7200 s, which is longer than --max-wait", 1, []),
    ("busy_daily", False, r"for today; asking again would not help", 1, []),
    ("broken_array", False, r"answered 500 INTERNAL: in an array", 2, ["--retries", "1"]),
    ("bare_string", False, r"answered 422: model 'x' not found, try pulling it first", 1, []),
    ("not_json", False, r"answered 502: Bad Gateway", 2, ["--retries", "1"]),
    ("unauthorized", False, r"answered 401 UNAUTHENTICATED: API key not valid: \*+\. .*check the key", 1, []),
    ("forbidden", False, r"answered 403 PERMISSION_DENIED: no permission; check the key", 1, []),
    ("redirect", False, r"answered 302; it points to another place, which is not followed", 1, []),
    ("closed", False, r"closed before an answer came", 3, ["--retries", "2"]),
    ("closed_middle", False, r"closed in the middle of the answer", 1, []),
]


@both
@pytest.mark.parametrize("case, stream, said, requests, options", FAILURES, ids=[f"{f[0]}{'-stream' * f[1]}" for f in FAILURES])
def test_failure(explain, server, backend, case, stream, said, requests, options):
    server.answer = {"claims": [], "not_in_facts": []} if case != "cut" else good_answer(explain)
    begin = time.monotonic()
    done = explain.ask(case, *["--stream"] * stream, *options, backend=backend)
    assert time.monotonic() - begin < 60
    assert done.returncode == 3, (done.returncode, done.stderr)
    assert PAGE in done.stdout and "Calls observed" in done.stdout, "the template's page is there"
    assert re.search(said, done.stderr), done.stderr
    assert len(done.stderr.splitlines()) == 1 and len(done.stderr) < 1000, done.stderr
    assert "\x1b" not in done.stderr + done.stdout and "\x07" not in done.stderr
    # Where the time is up soon, a busy machine may not even have sent it.
    assert len(server.requests) == requests or "--timeout" in options and not server.requests
    no_key(explain, done.stdout, done.stderr)


@both
@pytest.mark.parametrize("case, least", [("busy_once", 0), ("busy_retry_info", 1.2), ("busy_header", 1), ("broken_once", 0), ("timed_out_once", 0), ("reset_once", 0)])
def test_asks_again(explain, server, backend, case, least):
    server.answer = good_answer(explain)
    begin = time.monotonic()
    done = explain.ask(case, backend=backend)
    took = time.monotonic() - begin
    assert done.returncode == 0 and "In words" in done.stdout, done.stderr
    assert len(server.requests) == 2 and least <= took < least + 60


def test_400_is_not_asked_again(explain, server):
    done = explain.ask("bad_request")
    assert done.returncode == 3 and "MINIMAL is not supported" in done.stderr and len(server.requests) == 1


def test_openai_without_schema(explain, server):
    server.answer = good_answer(explain)
    done = explain.ask("no_schema", backend="openai")
    assert done.returncode == 0 and "In words" in done.stdout and len(server.requests) == 2
    assert "response_format" in server.requests[0]["body"] and "response_format" not in server.requests[1]["body"]


def test_gone_model_lists_others(explain, server):
    done = explain.ask("gone", "--model", "gemini-1.5-flash")
    assert done.returncode == 3 and "there is no model 'gemini-1.5-flash' (or it is retired)" in done.stderr
    assert "gemini-3.8-flash, gemini-3.5-flash-lite" in done.stderr and "text-embedding" not in done.stderr


def test_model_from_everywhere(explain, server):
    server.answer = good_answer(explain)
    explain.ask("good", "--model", "one", GHOST_GEMINI_MODEL="two")
    explain.ask("good", GHOST_GEMINI_MODEL="two")
    (explain.session / "ghost.yaml").write_text("explain:\n  model: three\n")
    explain.ask("good", GHOST_GEMINI_MODEL="four")
    explain.ask("good")
    models = [re.search(r"models/([^:]+):", r["path"]).group(1) for r in server.requests]
    assert models == ["one", "two", "four", "three"], "flag, environment, file, in that order"


def test_openai_asks_for_its_only_model(explain, server):
    server.answer = good_answer(explain)
    done = explain.run("--backend", "openai", "--base-url", server.base("good"))
    assert done.returncode == 0, done.stderr
    assert server.requests[-1]["body"]["model"] == "only-one" and "Authorization" not in server.requests[-1]["headers"]
    done = explain.run("--backend", "openai", "--base-url", server.base("garbage"))
    assert done.returncode == 3 and "no model is named" in done.stderr and "alpha, beta" in done.stderr


# ---- where things are sent ----

def test_base_url_from_the_environment(explain, server):
    server.answer = good_answer(explain)
    done = explain.run("--backend", "gemini", GEMINI_API_KEY=KEY, GHOST_GEMINI_BASE_URL=server.base("good").removesuffix("/v1beta") + "/")
    assert done.returncode == 0 and server.requests[-1]["path"].startswith("/good/v1beta/models/"), done.stderr


@pytest.mark.parametrize("url, said", [
    ("http://example.com/v1", "plain http"), ("http://127.0.0.1.example.com/v1", "plain http"), ("http://10.0.0.1", "plain http"),
    ("https://user:secret-pass@example.com", "belong into the environment"), ("https://example.com/?key=secret-pass", "belong into the environment"),
    ("ftp://example.com", "must begin with https"), ("file:///etc/passwd", "must begin with https"), ("nonsense:::", "base URL"),
])
def test_bad_base_url(explain, url, said):
    done = explain.run("--backend", "gemini", "--base-url", url, GEMINI_API_KEY=KEY)
    assert done.returncode == 3 and said in done.stderr and "secret-pass" not in done.stderr and PAGE in done.stdout


def test_http_only_when_told(explain, server):
    done = explain.run("--backend", "gemini", "--base-url", "http://ghost-no-such-host.invalid", "--allow-http", "--timeout", "40", "--retries", "0", GEMINI_API_KEY=KEY,
                       http_proxy="http://127.0.0.1:9")       # instead of a look-up of the name, whose failure may take any time
    assert done.returncode == 3 and "could not be asked" in done.stderr and "plain http" not in done.stderr


def test_a_file_in_the_working_directory_moves_no_key(explain, server):
    """A ghost.yaml that came with a repository must not send the key elsewhere."""
    (explain.session / "ghost.yaml").write_text(f"explain:\n  base_url: {server.base('good')}\n")
    done = explain.run("--backend", "gemini", "--timeout", "5", GEMINI_API_KEY=KEY, https_proxy="http://127.0.0.1:9")
    assert not server.requests, done.stderr


def test_tls(explain, certificates, tmp_path):
    for name, trusted, works in (("localhost", True, True), ("localhost", False, False), ("elsewhere.example", True, False)):
        server = fake_llm.Server(tls=certificates[name])
        server.answer = good_answer(explain)
        env = {"SSL_CERT_FILE": str(certificates[name][0])} if trusted else {}
        done = explain.run("--backend", "gemini", "--base-url", server.base("good", "localhost"), "--fresh", "--timeout", "40", GEMINI_API_KEY=KEY, **env)
        server.close()
        assert done.returncode == (0 if works else 3), (name, done.stderr)
        assert works or ("could not prove who it is (TLS)" in done.stderr and not server.requests), "the key must not have been sent"
        no_key(explain, done.stdout, done.stderr)


def test_proxy_from_the_environment(explain, server):
    """What is not this machine goes through the proxy; this machine does not."""
    server.answer = good_answer(explain)
    listener = socket.create_server(("127.0.0.1", 0))
    seen = []

    def proxy():
        connection, _ = listener.accept()
        seen.append(connection.recv(1000).decode())
        connection.close()
    threading.Thread(target=proxy, daemon=True).start()
    proxy_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    done = explain.ask("good", "--fresh", http_proxy=proxy_url, https_proxy=proxy_url)
    assert done.returncode == 0 and not seen
    done = explain.run("--backend", "gemini", "--base-url", "https://gemini.invalid", "--timeout", "40", "--retries", "0", GEMINI_API_KEY=KEY, https_proxy=proxy_url)
    assert done.returncode == 3 and seen and seen[0].startswith("CONNECT gemini.invalid:443") and KEY not in seen[0]
    listener.close()


def test_no_server(explain):
    done = explain.run("--backend", "gemini", "--base-url", "http://127.0.0.1:9", "--retries", "0", GEMINI_API_KEY=KEY)
    assert done.returncode == 3 and "could not be asked" in done.stderr and PAGE in done.stdout


# ---- the key ----

def test_backend_is_found_by_the_key(explain, server):
    server.answer = good_answer(explain)
    base = {"GHOST_GEMINI_BASE_URL": server.base("good")}
    assert explain.run(**base).returncode == 0 and not server.requests
    assert explain.run(**base, GEMINI_API_KEY="").returncode == 0 and not server.requests
    done = explain.run(**base, GEMINI_API_KEY=KEY)
    assert "In words" in done.stdout and len(server.requests) == 1
    assert "In words" not in explain.run("--backend", "template", **base, GEMINI_API_KEY=KEY).stdout


def test_automatic_backend_that_fails_is_no_failure(explain, server):
    done = explain.run(GHOST_GEMINI_BASE_URL=server.base("unauthorized"), GEMINI_API_KEY=KEY)
    assert done.returncode == 0 and PAGE in done.stdout and "answered 401" in done.stderr
    no_key(explain, done.stdout, done.stderr)


def test_no_key(explain):
    done = explain.run("--backend", "gemini")
    assert done.returncode == 3 and "set GEMINI_API_KEY" in done.stderr and PAGE in done.stdout


def test_key_file(explain, server, tmp_path):
    server.answer = good_answer(explain)
    file = tmp_path / "key"
    file.write_text(f"  {KEY}\n")
    done = explain.run("--backend", "gemini", "--base-url", server.base("good"), "--key-file", file)
    assert done.returncode == 0 and server.requests[-1]["headers"]["x-goog-api-key"] == KEY, done.stderr
    file.write_text("two\r\nx-injected: lines")
    done = explain.run("--backend", "gemini", "--base-url", server.base("good"), "--key-file", file)
    assert done.returncode == 3 and "no key has" in done.stderr and "injected" not in done.stderr
    assert explain.run("--backend", "gemini", "--key-file", tmp_path / "none").returncode == 3


@both
@pytest.mark.parametrize("stream", [False, True])
def test_echoed_key(explain, server, backend, stream):
    """A service that puts the key into its answer, even over the border of two events."""
    done = explain.ask("echo_key", "--verbose", *["--stream"] * stream, backend=backend)
    assert "Your key is ***" in done.stdout, done.stderr
    no_key(explain, done.stdout, done.stderr)


@both
def test_key_is_in_no_list_of_processes_and_no_core(explain, server, backend, tmp_path):
    env = explain.env | {"GEMINI_API_KEY": KEY, "OPENAI_API_KEY": KEY}
    command = [GHOST, "explain", "calculate_discount", explain.session, "--backend", backend, "--model", "m", "--base-url", server.base("hanging"), "--verbose"]
    process = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=lambda: __import__("resource").setrlimit(
        __import__("resource").RLIMIT_CORE, (__import__("resource").RLIM_INFINITY,) * 2) if os.geteuid() == 0 else None)
    try:
        while not server.requests:
            assert process.poll() is None
            time.sleep(0.02)
        for name in ("cmdline", "environ", "comm"):
            try:
                assert KEY.encode() not in open(f"/proc/{process.pid}/{name}", "rb").read(), name
            except PermissionError:
                pass
        process.send_signal(6)       # a crash in the middle
        out, err = process.communicate(timeout=100)
        assert KEY.encode() not in out + err
        assert not list(tmp_path.glob("core*")), "a core file would hold the key"
    finally:
        process.kill()


# ---- cache, audit, redaction ----

def test_cache(explain, server):
    server.answer = good_answer(explain)
    first, second = explain.ask("good"), explain.ask("good")
    assert len(server.requests) == 1 and "kept from an earlier time" in second.stdout
    assert [line for line in first.stdout.splitlines() if "✗" in line] == [line for line in second.stdout.splitlines() if "✗" in line]
    explain.ask("good", "--fresh")
    explain.ask("good", "--lang", "de")
    explain.ask("good", "--model", "other")
    explain.ask("good", "--ask", "why?")
    assert len(server.requests) == 5, "other words, other models, other facts: another answer"
    kept = list((explain.data / "explain/answers").iterdir())
    assert kept and all(p.stat().st_mode & 0o777 == 0o600 for p in kept) and (explain.data / "explain").stat().st_mode & 0o777 == 0o700
    for path in kept:
        path.write_text("{damaged")
    assert explain.ask("good").returncode == 0 and len(server.requests) == 6
    no_key(explain)


def test_failures_are_not_kept(explain, server):
    server.answer = good_answer(explain)
    explain.ask("cut")
    explain.ask("blocked")
    assert not list((explain.data / "explain").glob("answers/*"))


def test_audit(explain, server, tmp_path):
    server.answer = good_answer(explain)
    explain.ask("good")
    explain.ask("unauthorized", "--fresh")
    good, bad = explain.audit()
    assert good["user"] == server.requests[0]["body"]["contents"][0]["parts"][0]["text"] and json.loads(good["answer"]) == server.answer
    assert [c["holds"] for c in good["claims"]] == [True, False, False, True] and "987654" in good["claims"][1]["reason"]
    assert good["model_version"] == "gemini-3.8-flash-001" and "401" in bad["problem"] and bad["claims"] == []
    assert (explain.data / "explain/audit.jsonl").stat().st_mode & 0o777 == 0o600
    explain.ask("good", "--fresh", "--audit", tmp_path / "mine.jsonl")
    explain.ask("good", "--fresh", "--audit", "none")
    assert len((tmp_path / "mine.jsonl").read_text().splitlines()) == 1 and len(explain.audit()) == 2
    done = explain.ask("good", "--fresh", "--audit", "/proc/nowhere/x")
    assert done.returncode == 0 and "cannot" in done.stderr and "In words" in done.stdout


NAMES = ["calculate_discount", "shop.pricing", "shop.app", "shop", "Order", "import_job", "price", "/srv", "pricing.py"]


@both
def test_redact(explain, server, backend):
    def answer(prompt):
        token = re.search(r"Declared as: (\w+)\(", prompt).group(1)
        n = re.search(r"\[(\d+)\] Calls observed", prompt).group(1)
        return {"claims": [{"text": f"`{token}` is what was called.", "facts": [int(n)]}], "not_in_facts": [f"Whether {token} is right."]}
    server.answer = answer
    done = explain.ask("good", "--redact", "--ask", "is calculate_discount slow? what of price?", backend=backend)
    assert done.returncode == 0 and "`calculate_discount` is what was called." in done.stdout, done.stdout
    assert "Whether calculate_discount is right." in done.stdout and "1 of 1 claims" in done.stdout
    for name in NAMES:
        assert not re.search(rf"\b{re.escape(name)}\b", server.requests[-1]["raw"]), name
    assert "int" in server.requests[-1]["raw"], "Python's own names stay"


@both
def test_dry_run_is_what_is_sent(explain, server, backend):
    for options in ([], ["--redact"], ["--stream"], ["--lang", "de", "--ask", "why?"]):
        server.requests.clear()
        dry = explain.ask("good", "--dry-run", *options, backend=backend)
        assert dry.returncode == 0 and not server.requests and KEY not in dry.stdout
        head, body = dry.stdout.split("\n\n", 1)
        explain.ask("good", "--fresh", *options, backend=backend)
        sent = server.requests[-1]
        assert body.removesuffix("\n") == sent["raw"] and head.splitlines()[0] == f"POST http://127.0.0.1:{server.port}{sent['path']}"
    assert "Nothing would be sent" in explain.run("--dry-run", "--backend", "template").stdout


def test_bounds(explain, server):
    done = explain.ask("many_claims")
    assert done.returncode == 3 and "no claim of the answer" in done.stderr and done.stdout.count("✗") == 64
