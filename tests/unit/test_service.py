"""A model as a service: it answers, counts, refuses with a sentence, and is gone afterwards."""

import http.client
import json
import socket
import threading

import pytest

from course.service import ask, serve


def doubled(request):
    if not isinstance(request.get("x"), int | float):
        raise ValueError("x must be a number.")
    return {"y": 2 * request["x"]}


def raw(running, method="POST", path="/score", body=b"{}", headers=None):
    """(status, JSON of the body) of a request as it is sent."""
    connection = http.client.HTTPConnection("127.0.0.1", running.server_port, timeout=10)
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return reply.status, json.loads(text) if text else None


def test_it_answers_and_counts_what_it_answered():
    with serve(doubled) as running:
        assert [ask(running.url, x=x)["y"] for x in (1, 2.5)] == [2, 5.0]
        with pytest.raises(ValueError, match="x must be a number"):
            ask(running.url, x="three")
        assert running.calls == 2


def test_it_is_for_this_machine_alone_and_gone_after_the_block():
    with serve(doubled) as running:
        assert running.server_address[0] == "127.0.0.1"
        port = running.server_port
    with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.1", port), timeout=2):
        pass


def test_an_error_in_the_block_stops_it_too():
    with pytest.raises(RuntimeError, match="ours"), serve(doubled) as running:
        raise RuntimeError("ours")
    with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.1", running.server_port), timeout=2):
        pass


@pytest.mark.parametrize(
    ("request_", "status", "sentence"),
    [
        ({"body": b"{"}, 400, "not JSON"),
        ({"body": b"\xff\xfe"}, 400, "not JSON"),
        ({"body": b'{"x": NaN}'}, 400, "not JSON"),
        ({"body": b"[" * 100_000}, 400, "not JSON"),
        ({"body": b"[1, 2]"}, 400, "must be a JSON object"),
        ({"body": b"{}"}, 400, "x must be a number"),
        ({"path": "/weights"}, 404, "only /score"),
        ({"method": "GET", "body": None}, 405, "only POST"),
        ({"method": "DELETE"}, 405, "only POST"),
        ({"headers": {"Content-Length": "many"}}, 411, "say its length"),
        ({"headers": {"Content-Length": "-5"}}, 411, "say its length"),
        ({"headers": {"Content-Length": str(10**9)}}, 413, "1,000,000,000 bytes"),
    ],
)
def test_what_it_cannot_read_is_refused_with_a_sentence(request_, status, sentence):
    with serve(doubled) as running:
        found, answer = raw(running, **request_)
        assert found == status
        assert sentence in answer["error"]
        assert running.calls == 0
        assert ask(running.url, x=1) == {"y": 2}  # it goes on


def test_calls_from_many_threads_are_answered_one_at_a_time_and_all_counted():
    inside = []

    def alone(request):
        inside.append(request["x"])
        assert len(inside) == 1
        return {"y": inside.pop()}

    with serve(alone) as running:
        answers = []
        threads = [threading.Thread(target=lambda x=x: answers.append(ask(running.url, x=x)["y"])) for x in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == list(range(100))
        assert running.calls == 100


def test_no_proxy_is_asked(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serve(doubled) as running:
        assert ask(running.url, x=1) == {"y": 2}


def test_a_failure_of_the_service_is_told_and_it_goes_on():
    def answer(request):
        return {"y": 1 / request["x"]}

    with serve(answer) as running:
        with pytest.raises(ValueError, match="the service failed: ZeroDivisionError"):
            ask(running.url, x=0)
        assert ask(running.url, x=2) == {"y": 0.5}
