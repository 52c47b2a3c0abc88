"""A model as a service: it answers over HTTP, on this machine alone, and counts its calls. Nobody sees its weights."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/score"
LARGEST = 1_000_000  # bytes of a request
PATIENCE = 60  # seconds that a client waits


class Service(ThreadingHTTPServer):
    """A server on a free port of 127.0.0.1: `url` is where it answers, `calls` how many requests it has answered."""

    daemon_threads = True
    request_queue_size = 128  # with the usual 5, some of those who call at the same moment are cut off

    def __init__(self, answer: Callable[[dict], dict]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.calls, self._one_at_a_time = answer, 0, threading.Lock()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}{PATH}"

    def reply(self, request: dict) -> dict:
        """The answer to one request; it counts when it is answered."""
        with self._one_at_a_time:
            answer = self.answer(request)
            self.calls += 1
        return answer


@contextmanager
def serve(answer: Callable[[dict], dict]) -> Iterator[Service]:
    """A running service, stopped at the end of the block.

    answer(request) makes a dictionary of a dictionary; its ValueError is the client's fault and reaches the client.
    """
    with Service(answer) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        try:
            yield service
        finally:
            service.shutdown()


def ask(url: str, **request: Any) -> dict:
    """The service's answer. Raises ValueError with the service's sentence when it refuses the request."""
    body = json.dumps(request).encode()
    message = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no business on this machine
    try:
        with direct.open(message, timeout=PATIENCE) as reply:
            return json.loads(reply.read())
    except urllib.error.HTTPError as refused:
        raise ValueError(json.loads(refused.read())["error"]) from None


class _Handler(BaseHTTPRequestHandler):
    server: Service
    timeout = PATIENCE

    def do_POST(self) -> None:
        try:
            self._send(200, self.server.reply(self._request()))
        except _Refused as refused:
            self._send(refused.status, {"error": str(refused)})
        except ValueError as fault:
            self._send(400, {"error": str(fault)})
        except Exception as failure:
            self._send(500, {"error": f"the service failed: {type(failure).__name__}."})

    def do_GET(self) -> None:
        self._send(405, {"error": f"only POST {PATH} is answered."})

    do_PUT = do_DELETE = do_HEAD = do_PATCH = do_GET

    def _request(self) -> dict:
        """The request's JSON object; _Refused, with a status and a sentence, for anything else."""
        length = self.headers.get("Content-Length", "")
        if self.path != PATH:
            raise _Refused(404, f"there is only {PATH} here.")
        if not length.isdecimal():
            raise _Refused(411, "the request must say its length.")
        if int(length) > LARGEST:
            self.close_connection = True
            raise _Refused(413, f"the request has {int(length):,} bytes; at most {LARGEST:,} are read.")
        try:
            request = json.loads(self.rfile.read(int(length)), parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise _Refused(400, "the request is not JSON.") from None
        if not isinstance(request, dict):
            raise _Refused(400, "the request must be a JSON object.")
        return request

    def _send(self, status: int, answer: dict) -> None:
        body = json.dumps(answer, allow_nan=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: a lesson's output must repeat."""


class _Refused(Exception):
    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
