"""What `mediaops import` sends, and what it tells when not all of it is taken."""

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mediaops_common.cli.main import root
from typer.testing import CliRunner

from tests.common.cli.processes import Up, mediaops, up

MOST = 1024 * 1024


class Taking(BaseHTTPRequestHandler):
    """Takes so many requests, of every other one not the first row. Then it answers with `refusal`
    before it has read any of the body, or not at all."""

    left = 1_000
    refusal = 413
    bodies: list[bytes]
    ids: list[str]

    def do_POST(self) -> None:
        if self.path.endswith("/rotate-secret"):
            return self.answer(200, {"secrets": {"secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="}})
        if type(self).left == 0:
            if not self.refusal:
                return self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return self.answer(self.refusal, {"title": "The body", "detail": "the limit is 9"})
        type(self).left -= 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append(body)
        self.ids.append(self.headers.get("webhook-id", ""))
        rows = json.loads(body) if body.startswith(b"[") else []
        rejected = [{"index": 0, "field": "type", "detail": "is none"}] if self.left % 2 else []
        return self.answer(202, {"accepted": len(rows) - len(rejected), "rejected": rejected})

    def do_GET(self) -> None:
        source = {"id": "1", "name": "import m", "hook_url": "/hook", "mapping": {}}
        self.answer(200, {"items": [source]} if "?" in self.path else source)

    def answer(self, status: int, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    Taking.left, Taking.refusal, Taking.bodies, Taking.ids = 1_000, 413, [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def imported(url: str, folder: Path, rows: list[dict], *more: str):
    file = folder / "rows.json"
    file.write_text(json.dumps(rows))
    place = ["--channel", "c", "--data", str(folder), "--url", url, "--token", "t"]
    return CliRunner().invoke(root, ["import", str(file), *place, *more])


def test_requests_are_cut_by_their_bytes_as_well_as_by_their_rows(url, tmp_path):
    long = [{"text": "字" * 2_000, "n": n} for n in range(500)]
    short = [{"text": "字", "n": 500 + n} for n in range(600)]
    huge = [{"text": "字" * 400_000, "n": 1_100}]
    called = imported(url, tmp_path, long + short + huge)
    assert called.exit_code == 1, called.output
    sent = [json.loads(body) for body in Taking.bodies]
    assert [row["n"] for rows in sent for row in rows] == list(range(1_101))
    assert max(map(len, Taking.bodies[:-1])) <= MOST < len(Taking.bodies[-1])
    assert Taking.bodies[0].count("字".encode()) > MOST // 4  # and no escape of six bytes
    assert max(map(len, sent)) == 500
    # What is refused is named by its place in the file.
    starts = [rows[0]["n"] for rows in sent]
    told = [line for line in called.output.splitlines() if line.startswith("row ")]
    assert told == [
        f"row {start}: type is none" for place, start in enumerate(starts) if place % 2 == 0
    ]


def test_half_of_a_surrogate_pair_is_sent_as_it_stands_in_the_file(url, tmp_path):
    Taking.left = 1
    assert imported(url, tmp_path, [{"text": "a\ud800"}]).exit_code == 0
    [body] = Taking.bodies
    assert body == b'[{"channel_id": "c", "text": "a\\ud800"}]'


@pytest.mark.parametrize(
    ("refusal", "said"),
    [(413, "the request is too large: the limit is 9"), (0, "nothing answers at")],
)
def test_what_was_taken_before_it_failed_is_told(url, tmp_path, refusal, said):
    Taking.left, Taking.refusal = 1, refusal
    rows = [{"text": "字" * 300_000}] * 3
    called = imported(url, tmp_path, rows, "--json")
    assert called.exit_code == 1
    printed, _, reason = called.output.rpartition("}")
    assert json.loads(printed + "}") == {"rows": 3, "accepted": 1, "rejected": []}
    assert said in reason


def test_the_id_of_a_row_is_that_of_its_content_in_any_order(url, tmp_path):
    (tmp_path / "m.json").write_text("{}")
    row = {"b": "字", "a": 1}
    called = imported(
        url, tmp_path, [row, dict(sorted(row.items()))], "--mapping", str(tmp_path / "m.json")
    )
    assert called.exit_code == 0, called.output
    digest = hashlib.blake2b('{"a": 1, "b": "字"}'.encode(), digest_size=16)
    assert Taking.ids == [f"row_{digest.hexdigest()}"] * 2


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    data = tmp_path_factory.mktemp("small")
    with up(data, MEDIAOPS_HTTP_MAX_BODY_BYTES="65536") as running:
        running.data = data
        yield running


@pytest.mark.slow
def test_a_system_that_refuses_by_the_length_is_understood(small, tmp_path):
    (tmp_path / "rows.json").write_text(json.dumps([{"text": "字" * 300_000}]))
    place = ["--channel", "c", "--data", small.data]
    refused = mediaops("import", tmp_path / "rows.json", *place)
    assert refused.stdout == "0 of 1 rows accepted\n"
    assert refused.stderr == "the request is too large: the limit is 65536 bytes\n"
