"""The rehearsal: its messages against Streamlit's own, its figures by hand, and its sentences."""

from __future__ import annotations

import asyncio
import json
import math
import statistics
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from gan_core.cli.main import main
from gan_core.cli.rehearsal import protocol
from gan_core.cli.rehearsal.lane import Lane
from gan_core.cli.rehearsal.meter import Phase, growth
from gan_core.cli.rehearsal.parts import Follower, corrected, images_per_second
from gan_core.cli.rehearsal.person import Person
from gan_core.cli.rehearsal.report import load_table, percentile, report, table
from pages.server.http.modules import loader
from pages.server.live.wire import pack


@given(query=st.text(max_size=300), button=st.text(max_size=80))
def test_a_rerun_is_what_streamlit_reads(query: str, button: str) -> None:
    read = BackMsg.FromString(protocol.rerun(query, button))
    assert read.rerun_script.query_string == query
    pressed = list(read.rerun_script.widget_states.widgets)
    assert [(one.id, one.trigger_value) for one in pressed] == ([(button, True)] if button else [])


def test_the_end_of_a_drawing_is_known_from_streamlits_own_messages() -> None:
    delta, finished = ForwardMsg(hash="x"), ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY)
    delta.delta.new_element.markdown.body = "script_finished " * 40
    finished.metadata.active_script_hash = "y"
    assert not protocol.is_finished(delta.SerializeToString())
    assert protocol.is_finished(ForwardMsg(script_finished=ForwardMsg.FINISHED_EARLY_FOR_RERUN).SerializeToString())
    assert protocol.is_finished(finished.SerializeToString())


def test_what_a_page_says_of_itself_is_found() -> None:
    said = json.dumps([{"token": "abcdefghijklmnopqrstuvwx", "run": ""}]).encode() + b"$$ID-" + b"0" * 32 + b"-train"
    assert protocol.token_in(said) == "abcdefghijklmnopqrstuvwx"
    assert protocol.button_in(said, "train") == f"$$ID-{'0' * 32}-train"
    assert protocol.button_in(said, "tra") == ""
    assert protocol.run_in(b"..run=run-0001&view=full") == "run-0001"
    scripts = protocol.scripts_in(loader("lab/web/main.js").encode())
    assert any(name.endswith("/ui/web/words.js") for name in scripts)
    assert all(name.startswith("module/") for name in scripts)
    assert protocol.unpack(pack({"type": "x"}, [b"ab", b"c"])) == ({"type": "x", "blobs": [2, 1]}, [b"ab", b"c"])


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.sampled_from([0.5, 0.95]))
def test_percentiles_are_by_nearest_rank(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values)


def test_figures_of_a_follower() -> None:
    follower = Follower(Person("http://x/"), images=[(float(t), 100.0 * t) for t in range(10)])
    assert images_per_second(follower, 2, 7) == pytest.approx(100)
    assert images_per_second(follower, 20, 30) == 0
    assert corrected([5.1, 5.3], "http://192.168.1.20:8501/") == pytest.approx([0.0, 0.2])
    assert corrected([0.1, 0.3], "http://127.0.0.1:8501/") == pytest.approx([0.1, 0.3])


def test_each_limit_alone_makes_it_not_hold() -> None:
    good: dict[str, Any] = {
        "opened": [4.0] * 30, "clicks": [1.0] * 90, "drags": [[0.1] * 100] * 30, "delays": [0.2] * 500,
        "speeds": [(1000.0, 900.0)],
    }  # fmt: skip
    assert all(line.holds for line in report(**good))
    bad: dict[str, Any] = {
        "opened": [4.0] * 20 + [6.0] * 10, "clicks": [1.6] * 90, "delays": [0.6], "speeds": [(1000.0, 840.0)],
        "drags": [[0.1] * 100] * 29 + [[0.1] * 10],
    }  # fmt: skip
    for name, values in {**bad, "clicks ": [], "opened ": []}.items():
        lines = report(**{**good, name.strip(): values})
        assert sum(not line.holds for line in lines) == 1, name
        assert sum(row.startswith("!") for row in table(lines).splitlines()) == 1
    assert math.isnan(report(**{**good, "clicks": []})[1].p95)
    assert statistics.median(good["opened"]) == report(**good)[0].p50


def phase(name: str, number: int, at: float, memory_mb: float | None) -> Phase:
    return Phase(name, number, 10.0, 2.0, 1.0, memory_mb, at)


def test_growth_is_between_the_same_parts_of_different_rounds_after_the_first_ones() -> None:
    grows = [
        phase(name, number, 3 * number + at, level + 1.5 * number + (number < 2) * 300)
        for number in range(6)
        for at, (name, level) in enumerate((("open", 100.0), ("drag", 900.0)))
    ]
    assert growth(grows) == pytest.approx(0.5)
    odd = [*grows[:-2], phase("open", 5, 15.0, 5000.0), grows[-1]]
    assert growth(odd) == pytest.approx(0.5, abs=0.01), "one odd reading"
    assert growth(grows[:10]) is None, "of five rounds too few are left"
    assert growth([phase("open", number, number, None) for number in range(6)]) is None


def test_growth_beyond_the_limit_does_not_hold_and_both_tables_say_what_they_know() -> None:
    for slope, holds in ((0.4, True), (0.6, False)):
        phases = [phase("open", number, 3.0 * number, 500 + 3 * slope * number) for number in range(6)]
        line = report([1.0], [0.1], [[0.1]], [0.1], [(1.0, 1.0)], phases)[-1]
        assert (line.unit, line.holds, line.count) == ("MB/min", holds, 6)
        assert line.p50 == pytest.approx(slope)
    rows = load_table(phases, 2).splitlines()
    assert rows[1].split() == ["open", "60", "0.20", "0.10", "509", "MB"]
    assert "not told" in load_table([Phase("open", 0, 10.0, None, 1.0, None, 0.2)], None)


class Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(204 if self.path == "/none" else 200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n")
        elif self.path == "/until-the-end":
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"hello world")
        else:
            body = b"" if self.path == "/none" else f"{self.path} {self.headers['Cookie']}".encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_connection_reads_every_kind_of_answer_one_after_the_other() -> None:
    async def ask(url: str) -> list[bytes]:
        lane, paths = Lane(url), ["/a?b=c", "/chunked", "/none", "/until-the-end", "/chunked", "/d"]
        found = [(await lane.get(path, "x=1; y=2")).body for path in paths]
        lane.close()
        return found

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = asyncio.run(ask(f"http://127.0.0.1:{server.server_port}/"))
        server.shutdown()
    hello = b"hello world"
    assert found == [b"/a?b=c x=1; y=2", hello, b"", hello, hello, b"/d x=1; y=2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--url", "http://127.0.0.1:9", "--students", "1", "--minutes", "0.1"], "does not answer"),
        (["--url", "lab.example.org"], "is not an address"),
        (["--minutes", "0"], "number of minutes"),
        (["--students", "0"], "whole number from 1 to 300"),
    ],
)
def test_what_cannot_be_is_a_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", *words]) == 2
    answer = capsys.readouterr().err.splitlines()[-1]
    assert said in answer
