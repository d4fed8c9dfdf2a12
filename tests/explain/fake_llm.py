"""A local HTTP(S) server that plays Gemini and OpenAI, well and badly.

The first part of the path is the case: http://127.0.0.1:PORT/CASE/v1beta/models/M:generateContent. Each case is a
function below, named after it; requests are kept in `Server.requests`. It shares nothing with explain/."""
import http.server
import json
import socket
import ssl
import subprocess
import threading
import time

GOOD = {"claims": [{"text": "It was called 7 times.", "facts": [1]}], "not_in_facts": ["What the arguments were."]}


class Server:
    """answer: what the model says, as an object or text, or a function of the prompt that gives it."""

    def __init__(self, tls=None):
        self.requests, self.answer, self.counts = [], GOOD, {}
        handler = type("Handler", (Handler,), {"world": self})
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *args: None
        self.scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            self.scheme = "https"
        self.stop = threading.Event()
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self):
        return self.http.server_address[1]

    def base(self, case, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}/{case}/v1beta"

    def close(self):
        self.stop.set()
        self.http.shutdown()
        self.http.server_close()

    def text(self, prompt):
        answer = self.answer(prompt) if callable(self.answer) else self.answer
        return answer if isinstance(answer, str) else json.dumps(answer)


def certificate(folder, name):
    """A certificate of its own for `name`, and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
    return cert, key


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world = None

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.go("")

    def do_POST(self):
        self.go(self.rfile.read(int(self.headers.get("content-length", 0))).decode())

    def go(self, body):
        self.case = self.path.split("/")[1]
        self.body = json.loads(body) if body else None
        self.world.requests.append({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": self.body, "raw": body})
        count = self.world.counts[self.case] = self.world.counts.get(self.case, 0) + 1
        self.count = count
        if "/models" in self.path and self.command == "GET":
            return self.list_models()
        getattr(self, "case_" + self.case)()

    # ---- how answers are sent ----
    def send(self, status, body, kind="application/json", headers=(), length=None):
        data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()

    def event(self, what, end="\r\n"):
        self.wfile.write(f"data: {what if isinstance(what, str) else json.dumps(what)}{end}{end}".encode())
        self.wfile.flush()

    @property
    def is_gemini(self):
        return "enerateContent" in self.path

    @property
    def streamed(self):
        return "streamGenerateContent" in self.path or bool((self.body or {}).get("stream"))

    def prompt(self):
        if self.is_gemini:
            return self.body["contents"][0]["parts"][0]["text"]
        return self.body["messages"][1]["content"]

    def piece(self, text, finish=None, **more):
        if self.is_gemini:
            candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
            if finish:
                candidate["finishReason"] = finish
            return {"candidates": [candidate], "modelVersion": "gemini-3.8-flash-001", **more}
        key = "delta" if self.streamed else "message"
        return {"model": "local-1", "choices": [{"index": 0, key: {"role": "assistant", "content": text}, "finish_reason": finish}], **more}

    @property
    def stop_word(self):
        return "STOP" if self.is_gemini else "stop"

    # ---- cases ----
    def case_good(self):
        text = self.world.text(self.prompt())
        if not self.streamed:
            return self.send(200, self.piece(text, self.stop_word))
        self.begin_stream()
        for i in range(0, len(text), 7):
            self.event(self.piece(text[i:i + 7]))
        self.event(self.piece("", self.stop_word))
        if not self.is_gemini:
            self.event("[DONE]")

    def case_fenced(self):
        self.send(200, self.piece("```json\n" + self.world.text(self.prompt()) + "\n```", self.stop_word))

    def case_prose(self):
        lines = [f"- {claim['text']} {claim['facts']}" for claim in self.world.answer["claims"]]
        self.send(200, self.piece("\n".join(lines), self.stop_word))

    def case_thoughts(self):
        answer = self.piece(self.world.text(self.prompt()), "STOP")
        answer["candidates"][0]["content"]["parts"].insert(0, {"text": "SECRET THOUGHT", "thought": True})
        self.send(200, answer)

    def case_retiring(self):
        self.send(200, self.piece(self.world.text(self.prompt()), self.stop_word, modelStatus={"modelStage": "DEPRECATED", "retirementTime": "2026-12-01T00:00:00Z"}))

    def case_odd_finish(self):
        self.send(200, self.piece(self.world.text(self.prompt()), "NEVER_HEARD_OF"))

    def case_blocked(self):
        self.send(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "gemini-3.8-flash-001"}
                  if self.is_gemini else {"choices": [{"message": {"content": None, "refusal": "I cannot"}, "finish_reason": "stop"}]})

    def case_max_tokens(self):
        self.send(200, {"candidates": [{"finishReason": "MAX_TOKENS", "index": 0}]} if self.is_gemini else self.piece("", "length"))

    def case_cut(self):
        self.send(200, self.piece(self.world.text(self.prompt())[:-40], "MAX_TOKENS" if self.is_gemini else "length"))

    def case_no_candidates(self):
        self.send(200, {"usageMetadata": {}})

    def case_truncated_stream(self):
        self.begin_stream()
        self.event(self.piece(self.world.text(self.prompt())[:-20]))

    def case_stream_error(self):
        """An error in the middle of a stream, without the data: prefix."""
        self.begin_stream()
        self.event(self.piece(self.world.text(self.prompt())[:-20]))
        self.wfile.write(b'{"error": {"code": 503, "message": "overloaded in the middle", "status": "UNAVAILABLE"}}\n')

    def case_stream_error_first(self):
        self.begin_stream()
        self.wfile.write(b'{\n  "error": {\n    "code": 500,\n    "message": "broken from the start",\n    "status": "INTERNAL"\n  }\n}\n')

    def case_slow(self):
        time.sleep(0.4)
        self.case_good()

    def case_hanging(self):
        self.world.stop.wait(20)

    def case_trickle(self):
        self.begin_stream()
        while not self.world.stop.wait(0.1):
            self.wfile.write(b": still here\n\n")
            self.wfile.flush()

    def case_garbage(self):
        self.send(200, b"\x00\xff<html>\x1b[31mnot what you want")

    def case_garbled_answer(self):
        self.send(200, self.piece('{"claims": [{"text": ', self.stop_word))

    def case_empty(self):
        self.send(200, b"")

    def case_deep(self):
        self.send(200, b"[" * 100000)

    def case_huge(self):
        self.send_response(200)
        self.send_header("content-length", str(1 << 30))
        self.end_headers()
        for _ in range(1 << 10):
            self.wfile.write(b"x" * (1 << 20))

    def case_bomb(self):
        import gzip
        self.send(200, gzip.compress(b" " * (64 << 20)), headers=[("content-encoding", "gzip")])

    def case_many_claims(self):
        self.send(200, self.piece(json.dumps({"claims": [{"text": "x" * 9000, "facts": list(range(200))}] * 300, "not_in_facts": []}), self.stop_word))

    def error(self, status, message, word="", details=None, headers=()):
        error = {"code": status, "message": message, "status": word}
        if details is not None:
            error["details"] = details
        self.send(status, {"error": error}, headers=headers)

    def quota(self, delay=None, daily=False):
        details = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
            {"quotaId": "GenerateRequestsPerDayPerProject" if daily else "GenerateRequestsPerMinutePerProject"}]}]
        if delay:
            details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
        self.error(429, "You exceeded your current quota", "RESOURCE_EXHAUSTED", details)

    def case_busy_once(self):
        self.quota() if self.count == 1 else self.case_good()

    def case_busy_retry_info(self):
        self.quota("1.2s") if self.count == 1 else self.case_good()

    def case_busy_header(self):
        self.send(429, b"slow down", "text/plain", [("retry-after", "1")]) if self.count == 1 else self.case_good()

    def case_busy_long(self):
        self.quota("7200s")

    def case_busy_always(self):
        self.error(429, "Resource has been exhausted", "RESOURCE_EXHAUSTED")

    def case_busy_daily(self):
        self.quota("1s", daily=True)

    def case_broken_once(self):
        self.send(503, b"<html>upstream</html>", "text/html") if self.count == 1 else self.case_good()

    def case_broken_array(self):
        self.send(500, [{"error": {"code": 500, "message": "in an array", "status": "INTERNAL"}}])

    def case_bare_string(self):
        self.send(404 if "bare404" in self.path else 422, {"error": "model 'x' not found, try pulling it first"})

    def case_not_json(self):
        self.send(502, b"Bad Gateway\x1b]0;evil\x07", "text/plain")

    def case_unauthorized(self):
        key = self.headers.get("x-goog-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
        self.error(401, f"API key not valid: {key}. Please pass a valid API key.", "UNAUTHENTICATED")

    def case_timed_out_once(self):
        self.error(408, "Request Timeout", "DEADLINE_EXCEEDED") if self.count == 1 else self.case_good()

    def case_forbidden(self):
        self.error(403, "no permission", "PERMISSION_DENIED")

    def case_bad_request(self):
        self.error(400, "Thinking level MINIMAL is not supported", "INVALID_ARGUMENT")

    def case_no_schema(self):
        if "response_format" in self.body:
            return self.error(400, "response_format is not supported")
        self.case_good()

    def case_gone(self):
        self.error(404, "models/gemini-1.5-flash is not found for API version v1beta", "NOT_FOUND")

    def case_redirect(self):
        self.send(302, b"", headers=[("location", "http://127.0.0.1:9/elsewhere")])

    def case_closed(self):
        self.connection.shutdown(socket.SHUT_RDWR)

    def case_closed_middle(self):
        self.send(200, json.dumps(self.piece("x" * 4000))[:2000], length=9000)
        self.connection.shutdown(socket.SHUT_RDWR)

    def case_reset_once(self):
        if self.count > 1:
            return self.case_good()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def case_echo_key(self):
        key = self.headers.get("x-goog-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
        text = json.dumps({"claims": [{"text": f"Your key is {key}, called 7 times.", "facts": [1]}], "not_in_facts": [f"why {key}"]})
        half = text.index(key) + 3
        answer = self.piece(text, self.stop_word)
        if not self.streamed:
            answer["modelVersion" if self.is_gemini else "model"] = "model-" + key
            return self.send(200, answer)
        self.begin_stream()
        for part in (text[:half], text[half:]):
            self.event(self.piece(part))
        self.event(self.piece("", self.stop_word))

    def list_models(self):
        if self.case == "closed_lists":
            return self.send(500, b"no")
        if self.path.endswith("pageSize=200"):
            return self.send(200, {"models": [
                {"name": "models/gemini-3.8-flash", "supportedGenerationMethods": ["generateContent", "countTokens"]},
                {"name": "models/text-embedding-9", "supportedGenerationMethods": ["embedContent"]},
                {"name": "models/gemini-3.5-flash-lite", "supportedGenerationMethods": ["generateContent"]}]})
        names = ["only-one"] if self.case == "good" else ["alpha", "beta"]
        self.send(200, {"object": "list", "data": [{"id": n} for n in names]})
