"""Classifying a CSV file against an API on loopback that can be told to fail."""

from __future__ import annotations

import csv
import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts.look.classify import CARE, classify, output_of
from scripts.stage.errors import DeployError, InterruptedDeployError, SettingsError
from scripts.stage.interrupt import Interrupt


class Api(ThreadingHTTPServer):
    """Says joy of every text; keeps the requests, and answers the next ones with the given statuses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[list[str]] = []
        self.statuses: list[int] = []
        self.body: bytes | None = None  # instead of predictions
        self.later = "7"  # seconds, said with a 503

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api"


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        reviews = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["reviews"]
        assert self.path == "/api/getSentiments"
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.asked.append(reviews)
        predictions = [self.predict(text) for text in reviews]
        body = json.dumps({"predictions": predictions} if status == 200 else {"detail": "later"}).encode()
        body = body if self.server.body is None else self.server.body
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 503:
            self.send_header("Retry-After", self.server.later)
        self.end_headers()
        self.wfile.write(body)

    def predict(self, text: str) -> dict[str, Any]:
        if text == "odd":
            return {"status": 400, "title": "Bad Request", "type": "about:blank", "detail": "too odd"}
        answer = {"review": text, "classification": "joy", "confidence": 0.5, "model": "m"}
        return answer | ({"classification": None, "confidence": 0, "care": True} if text == "help" else {})

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(api: Api, source: Path, column: str = "text", **more: Any) -> list[dict[str, str]]:
    paused: list[float] = more.pop("paused", [])
    interrupt = more.pop("interrupt", Interrupt())
    target = output_of(source)
    classify(api.url, source, column, target, interrupt, more.pop("tell", lambda done, of: None), paused.append)
    with target.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, delimiter=more.get("delimiter", ",")))


def written(path: Path, rows: list[str], head: str = "id,text") -> Path:
    path.write_bytes(("\r\n".join([head, *rows]) + "\r\n").encode("utf-8-sig"))
    return path


def test_each_row_gets_what_the_model_says(api: Api, tmp_path: Path) -> None:
    source = written(
        tmp_path / "in.csv", ['1," I won, ""again"" "', "2,odd", "3,", "4,help", '5,"a\nb 😀"', "6," + "x" * 2_001]
    )
    rows = run(api, source)
    assert [row["id"] for row in rows] == list("123456")
    assert list(rows[0].values()) == ["1", ' I won, "again" ', "joy", "0.5", "m", ""]
    assert list(rows[0]) == ["id", "text", "classification", "confidence", "model", "problem"]
    assert [row["problem"].partition(";")[0] for row in rows[1:]] == [
        "too odd", "review is empty", CARE, "", "review has 2,001 characters",
    ]  # fmt: skip
    assert rows[3]["classification"] == ""
    assert api.asked == [['I won, "again"', "odd", "help", "a\nb 😀"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.classified.csv", "in.csv"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_a_spreadsheet_separates_by_stays_so(api: Api, tmp_path: Path, delimiter: str) -> None:
    source = written(tmp_path / "in.csv", [f"1{delimiter}I won"], f"id{delimiter}text")
    assert run(api, source, delimiter=delimiter)[0]["classification"] == "joy"


def test_signs_inside_of_quoted_names_separate_nothing(api: Api, tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", ["fine,I won"], '"How was it (good; bad; other)",text')
    assert run(api, source)[0]["classification"] == "joy"


def test_rows_stay_beside_those_of_the_input_where_a_cell_is_empty(api: Api, tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", ["first", "", "third"], "text")
    assert [row["text"] for row in run(api, source)] == ["first", "", "third"]


def test_a_hundred_texts_go_in_one_request(api: Api, tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", [f"{number},text {number}" for number in range(250)])
    told: list[tuple[int, int]] = []
    rows = run(api, source, tell=lambda done, of: told.append((done, of)))
    assert [len(one) for one in api.asked] == [100, 100, 50]
    assert [row["id"] for row in rows] == [str(number) for number in range(250)]
    assert told == [(0, 250), (100, 250), (200, 250), (250, 250)]


def test_a_run_that_stopped_goes_on_where_it_was(api: Api, tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", [f"{number},text {number}" for number in range(250)])
    interrupt = Interrupt()
    with pytest.raises(InterruptedDeployError):
        run(api, source, interrupt=interrupt, tell=lambda done, of: interrupt.press() if done == 100 else None)
    part = tmp_path / "in.classified.csv.part"
    part.write_bytes(part.read_bytes() + b'100,"half a ro')  # as after kill -9
    api.asked.clear()
    rows = run(api, source)
    assert [one[0] for one in api.asked] == ["text 100", "text 200"]
    assert [row["id"] for row in rows] == [str(number) for number in range(250)]


def test_a_changed_input_begins_anew(api: Api, tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", [f"{number},text {number}" for number in range(150)])
    interrupt = Interrupt()
    with pytest.raises(InterruptedDeployError):
        run(api, source, interrupt=interrupt, tell=lambda done, of: interrupt.press() if done == 100 else None)
    written(source, [f"{number},other {number}" for number in range(150)])
    rows = run(api, source)
    assert {row["text"].split()[0] for row in rows} == {"other"}
    assert len(rows) == 150


def test_it_waits_as_it_is_told_and_sends_again(api: Api, tmp_path: Path) -> None:
    api.statuses = [503, 429]
    paused: list[float] = []
    assert len(run(api, written(tmp_path / "in.csv", ["1,I won"]), paused=paused)) == 1
    assert paused == [7.0, 2.0]


@pytest.mark.parametrize("later", ["\u00b2", "", "-7", "1e9", "9" * 5_000, "Fri, 27 Nov 2026 00:00:00 GMT"])
def test_what_it_is_told_may_be_no_number_of_seconds(api: Api, tmp_path: Path, later: str) -> None:
    api.statuses, api.later = [503, 503], later
    paused: list[float] = []
    assert len(run(api, written(tmp_path / "in.csv", ["1,I won"]), paused=paused)) == 1
    assert paused == [1.0, 2.0]


def test_ctrl_c_ends_a_pause(api: Api, tmp_path: Path) -> None:
    source, interrupt = written(tmp_path / "in.csv", ["1,I won"]), Interrupt()
    api.statuses, api.later = [503], "3600"
    timer = threading.Timer(0.3, interrupt.press)
    timer.start()
    began = time.monotonic()
    with pytest.raises(InterruptedDeployError):
        classify(api.url, source, "text", output_of(source), interrupt, lambda done, of: None)
    timer.join()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(("status", "times"), [(400, 1), (503, 8)])
def test_an_api_that_does_not_answer_is_told(api: Api, tmp_path: Path, status: int, times: int) -> None:
    api.statuses = [status] * 20
    with pytest.raises(DeployError, match=f"status {status}.*later"):
        run(api, written(tmp_path / "in.csv", ["1,I won"]))
    assert len(api.statuses) == 20 - times
    api.statuses = []
    assert len(run(api, tmp_path / "in.csv")) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id,comment\n1,x\n", "no column 'text'; its columns: id, comment"),
        (b"", "no column 'text'; its columns: none"),
        (b"id,text\n1,caf\xe9\n", "not UTF-8"),
        (b"id,text\n1\n", "row 1 does not have 2 cells"),
        (b"id,text\n1,x,y\n", "row 1 does not have 2 cells"),
        (b'id,text\n1,"x\n', "unexpected end of data"),
        (b"text,model\nx,y\n", "'model'"),
        (b"text,id,id\nx,1,2\n", "'id'"),
        (b'id,"text\n1,x\n', "unexpected end of data"),
    ],
)
def test_an_input_that_cannot_be_used_is_refused(api: Api, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises(SettingsError, match=words):
        run(api, tmp_path / "in.csv")
    assert api.asked == []
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""], ids=["with", "without"])
def test_a_byte_order_mark_is_kept_since_spreadsheets_need_it(api: Api, tmp_path: Path, mark: bytes) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(mark + "id,text\r\n1,é\r\n".encode())
    assert run(api, source)[0]["text"] == "é"
    assert output_of(source).read_bytes().startswith(mark + b"id,text,")


def test_all_columns_stay_where_there_is_no_row(api: Api, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"id,text\n")
    run(api, tmp_path / "in.csv")
    assert output_of(tmp_path / "in.csv").read_bytes() == b"id,text,classification,confidence,model,problem\r\n"


def test_a_cell_of_any_length_spoils_its_own_row_alone(api: Api, tmp_path: Path) -> None:
    source, limit = written(tmp_path / "in.csv", ["1," + "x" * 1_000_000, "2,I won"]), csv.field_size_limit()
    classify(api.url, source, "text", output_of(source), Interrupt(), lambda done, of: None)
    problems = [line.rpartition(",")[2] for line in output_of(source).read_text().splitlines()[1:]]
    assert "review has 1,000,000 characters" in output_of(source).read_text()
    assert problems[1] == ""
    assert csv.field_size_limit() == limit, "other readers keep theirs"


def test_the_output_replaces_neither_its_input_nor_what_is_no_file(api: Api, tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", ["1,I won"])
    content = source.read_bytes()
    (tmp_path / "link.csv").symlink_to(source)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    for target in (source, *(tmp_path / name for name in ("link.csv", "folder", "pipe"))):
        with pytest.raises(SettingsError, match="would be replaced"):
            classify(api.url, source, "text", target, Interrupt(), lambda done, of: None)
    assert (sorted(tmp_path.iterdir()), source.read_bytes()) == (before, content)


@pytest.mark.parametrize("ending", [".part", ".progress"])
def test_what_a_run_keeps_beside_its_output_does_not_replace_the_input(api: Api, tmp_path: Path, ending: str) -> None:
    source = written(tmp_path / f"out.csv{ending}", ["1,I won"])
    content = source.read_bytes()
    with pytest.raises(SettingsError, match=f"{ending} would be replaced"):
        classify(api.url, source, "text", tmp_path / "out.csv", Interrupt(), lambda done, of: None)
    assert source.read_bytes() == content


def test_an_input_that_is_missing_is_named_also_where_the_output_is_there(api: Api, tmp_path: Path) -> None:
    target = written(tmp_path / "out.csv", ["1,I won"])
    with pytest.raises(SettingsError, match=r"none\.csv cannot be read"):
        classify(api.url, tmp_path / "none.csv", "text", target, Interrupt(), lambda done, of: None)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"predictions": []}', b'{"predictions": [1]}', b"\xff"])
def test_what_is_no_answer_of_the_api_is_told_at_once(api: Api, tmp_path: Path, body: bytes) -> None:
    api.body = body
    paused: list[float] = []
    with pytest.raises(SettingsError, match="another program") as raised:
        run(api, written(tmp_path / "in.csv", ["1,I won"]), paused=paused)
    assert paused == []
    assert "--api" in raised.value.next_step


@pytest.mark.parametrize("address", ["http://", "http://[", "http://a b/", "http://127.0.0.1:99999", "ftp://x", "x"])
def test_what_is_no_address_is_told_at_once(tmp_path: Path, address: str) -> None:
    source = written(tmp_path / "in.csv", ["1,I won"])
    with pytest.raises(SettingsError, match="not the address"):
        classify(address, source, "text", output_of(source), Interrupt(), lambda done, of: None)
