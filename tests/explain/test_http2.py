"""HTTP/2 where the service offers it: a TLS server that speaks HTTP/2 (h2 from PyPI) is asked in HTTP/2, one that does not is
asked in HTTP/1.1; answers in pieces, resets and a closing server end as they do in HTTP/1.1."""
import json
import re
import socket
import ssl
import subprocess
import threading

import pytest
from explain_support import KEY
from test_services import PAGE, good_answer, no_key

h2_connection = pytest.importorskip("h2.connection", reason="h2 is not installed: pip install -r scripts/requirements.txt")
import h2.config  # noqa: E402
import h2.errors  # noqa: E402
import h2.events  # noqa: E402

pytestmark = pytest.mark.timeout(120)


def has_http2():
    return "HTTP2" in subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout


class Http2:
    """One answer for all requests: `how` is whole, pieces, reset or goaway."""

    def __init__(self, tls, body, how="whole", protocols=("h2", "http/1.1")):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*tls)
        self.context.set_alpn_protocols(list(protocols))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.body, self.how, self.requests, self.chosen = body, how, [], []
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def close(self):
        self.listener.close()

    def serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(plain,), daemon=True).start()

    def talk(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as connection:
                self.chosen.append(connection.selected_alpn_protocol())
                self.http2(connection) if self.chosen[-1] == "h2" else self.http1(connection)
        except OSError:
            pass

    def http1(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        self.requests.append({"headers": {}, "body": b""})
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(self.body) + self.body)

    def http2(self, connection):
        h = h2_connection.H2Connection(config=h2.config.H2Configuration(client_side=False))
        h.initiate_connection()
        connection.sendall(h.data_to_send())
        open_requests = {}
        while data := connection.recv(65536):
            for event in h.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    open_requests[event.stream_id] = {"headers": {k.decode(): v.decode() for k, v in event.headers}, "body": b""}
                elif isinstance(event, h2.events.DataReceived):
                    open_requests[event.stream_id]["body"] += event.data
                    h.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self.requests.append(open_requests[event.stream_id])
                    self.answer(h, event.stream_id)
            connection.sendall(h.data_to_send())
            if self.how == "goaway" and self.requests:
                return

    def answer(self, h, stream):
        if self.how == "goaway":
            return h.close_connection()
        h.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
        step = 100 if self.how != "whole" else 16000
        for i in range(0, len(self.body), step):
            h.send_data(stream, self.body[i:i + step])
            if self.how == "reset" and i:
                return h.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        h.end_stream(stream)


def ask(explain, certificates, how, **more):
    text = json.dumps(good_answer(explain))
    body = json.dumps({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}], "modelVersion": "m-1"}).encode()
    server = Http2(certificates["localhost"], body, how, **more)
    done = explain.run("--backend", "gemini", "--base-url", f"https://localhost:{server.port}", "--fresh", "--timeout", "40", "--retries", "1", GEMINI_API_KEY=KEY,
                       SSL_CERT_FILE=str(certificates["localhost"][0]))
    server.close()
    no_key(explain, done.stdout, done.stderr)
    return server, done


@pytest.mark.parametrize("how", ["whole", "pieces"])
def test_http2_where_it_is_there(explain, certificates, how):
    if not has_http2():
        pytest.skip("the curl of this machine has no HTTP/2")
    server, done = ask(explain, certificates, how)
    assert done.returncode == 0 and "In words" in done.stdout, done.stderr
    assert server.chosen == ["h2"] and len(server.requests) == 1
    headers = server.requests[0]["headers"]
    assert headers[":method"] == "POST" and headers[":path"] == "/v1beta/models/gemini-3.8-flash:generateContent" and headers["x-goog-api-key"] == KEY
    assert "generationConfig" in json.loads(server.requests[0]["body"])


def test_http1_where_http2_is_not(explain, certificates):
    server, done = ask(explain, certificates, "whole", protocols=("http/1.1",))
    assert done.returncode == 0 and "In words" in done.stdout and server.chosen == ["http/1.1"], done.stderr


@pytest.mark.parametrize("how, asked, said", [("reset", 2, "not closed cleanly"), ("goaway", 2, "could not be asked: the connection was closed")])
def test_http2_that_breaks_off(explain, certificates, how, asked, said):
    if not has_http2():
        pytest.skip("the curl of this machine has no HTTP/2")
    server, done = ask(explain, certificates, how)
    assert done.returncode == 3 and PAGE in done.stdout and re.search(said, done.stderr), done.stderr
    assert len(server.chosen) == asked, "nothing had been shown: it is asked once more"
