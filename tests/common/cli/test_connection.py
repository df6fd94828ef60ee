"""How a command speaks to a system that refuses for the moment."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mediaops_common.cli.connection import Answered, Connection
from mediaops_common.cli.ingest import app as ingest
from typer.testing import CliRunner


class Busy(BaseHTTPRequestHandler):
    """Refuses twice, then takes what comes."""

    refusals: list[tuple[int, str | None]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, pause = self.refusals.pop(0) if self.refusals else (202, None)
        self.send_response(status)
        if pause is not None:
            self.send_header("Retry-After", pause)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def connection() -> Iterator[Connection]:
    Busy.refusals = [(503, "0"), (429, "0")]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Connection(f"http://127.0.0.1:{server.server_port}", "token")
    server.shutdown()
    thread.join()
    server.server_close()


def test_one_that_is_patient_sends_again(connection: Connection) -> None:
    connection.patience = 60.0
    assert connection.knock("http://elsewhere/hook", b"body", {}) == 202
    assert Busy.refusals == []
    Busy.refusals = [(429, "0")]
    assert connection.post("/things") == {}


def test_what_is_refused_for_good_or_for_too_long_is_told_at_once(connection: Connection) -> None:
    connection.patience = 60.0
    for refusal in ((503, None), (503, "600")):
        Busy.refusals = [refusal]
        assert connection.knock("http://elsewhere/hook", b"body", {}) == 503
    Busy.refusals = [(422, None)]
    with pytest.raises(Answered):
        connection.post("/things")


def test_an_operators_command_comes_again(connection: Connection, tmp_path: Path) -> None:
    command = ["republish", "--since", "2026-11-22T00:00:00Z", "--json"]
    place = ["--data", str(tmp_path), "--url", connection.url, "--token", connection.token]
    called = CliRunner().invoke(ingest, [*command, *place])
    assert (called.exit_code, called.output.split()) == (0, ["{}"])
    assert Busy.refusals == []


def test_one_that_only_looks_does_not_wait(connection: Connection) -> None:
    with pytest.raises(Answered) as refused:
        connection.post("/things")
    assert refused.value.status == 503
