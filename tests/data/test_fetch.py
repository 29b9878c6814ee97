"""Fetching, against a server of our own on the loopback address."""

from __future__ import annotations

import hashlib
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_core.data import DataUnavailable
from gan_core.data.files import fetch
from gan_core.data.files.fetch import Remote, fetch_all

CONTENT = os.urandom(3_000_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(200)
        body = {"/changed": CONTENT[:-1] + b"?", "/endless": CONTENT * 20}.get(self.path, CONTENT)
        if self.path not in ("/endless", "/unsized"):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body[: len(body) // 2] if self.path in ("/cut", "/silent") else body)
            if self.path == "/silent":
                threading.Event().wait(4.0)
        except OSError:
            pass  # the other side hung up, as it should

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    Handler.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that closing waits for the last answer
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def remote(*urls: str, md5: str = MD5, megabytes: int = 3) -> Remote:
    return Remote("data.bin", urls, md5, megabytes)


def test_it_arrives_whole_with_progress_and_only_once(address: str, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    wanted = [remote(f"{address}/good")]
    fetch_all("Things", wanted, tmp_path / "new", lambda share, words: told.append((share, words)))
    assert (tmp_path / "new" / "data.bin").read_bytes() == CONTENT
    assert os.listdir(tmp_path / "new") == ["data.bin"]
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 5
    assert "Things" in told[0][1]
    fetch_all("Things", wanted, tmp_path / "new", None)
    assert Handler.asked == ["/good"]


def test_an_answer_without_a_length_is_read_to_its_end(address: str, tmp_path: Path) -> None:
    fetch_all("Things", [remote(f"{address}/unsized")], tmp_path, None)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gone", "the server answered 404"),
        ("/changed", "checksum differs"),
        ("/cut", "the connection broke off"),
        ("/endless", "far larger"),
    ],
)
def test_what_goes_wrong_is_said_and_leaves_nothing(address: str, tmp_path: Path, path: str, reason: str) -> None:
    with pytest.raises(DataUnavailable) as caught:
        fetch_all("Things", [remote(address + path)], tmp_path, None)
    words = str(caught.value)
    assert reason in words
    assert f"put data.bin into {tmp_path} by hand" in words
    assert "Fashion-MNIST" in words
    assert os.listdir(tmp_path) == []


def test_the_next_address_is_tried(address: str, tmp_path: Path) -> None:
    fetch_all("Things", [remote(f"{address}/gone", f"{address}/good")], tmp_path, None)
    assert Handler.asked == ["/gone", "/good"]
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_a_silent_server_is_given_up(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_TIMEOUT_SECONDS", 1.0)
    with pytest.raises(DataUnavailable, match="stopped sending"):
        fetch_all("Things", [remote(f"{address}/silent")], tmp_path, None)
    assert os.listdir(tmp_path) == []


def test_nobody_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DataUnavailable, match="no network"):
        fetch_all("Things", [remote("http://127.0.0.1:9/data.bin")], tmp_path, None)


def test_cancelling_leaves_nothing_and_the_next_try_works(address: str, tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(share: float, words: str) -> None:
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch_all("Things", [remote(f"{address}/good")], tmp_path, cancel)
    assert os.listdir(tmp_path) == []
    fetch_all("Things", [remote(f"{address}/good")], tmp_path, None)
    assert os.listdir(tmp_path) == ["data.bin"]


def test_a_folder_that_cannot_be_written_is_named(address: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataUnavailable, match=r"file/sub cannot be written"):
        fetch_all("Things", [remote(f"{address}/good")], tmp_path / "file" / "sub", None)


def test_a_full_disk_is_said(address: str, tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")

    def full(path: Path, mode: str) -> object:
        path.touch()
        return open("/dev/full", mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch, "open", full, raising=False)
        with pytest.raises(DataUnavailable, match="No space left"):
            fetch_all("Things", [remote(f"{address}/good")], tmp_path, None)
    assert os.listdir(tmp_path) == []
