"""Files that everybody fetches: from memory, compressed once, and to the last byte what Streamlit would have sent."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pages.server.http import packed as module
from pages.server.http.packed import PackedScripts, pack_first_page, packed
from tests.pages.server.serving import Client, served

STATIC = Path(streamlit.__file__).parent / "static"
SCRIPT = next((STATIC / "static" / "js").glob("index.*.js"))
PACKED = {"Accept-Encoding": "gzip"}
AT = f"/{SCRIPT.relative_to(STATIC).as_posix()}"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    def behind(_request: object) -> PlainTextResponse:
        return PlainTextResponse("from behind")

    with served(PackedScripts(Starlette(routes=[Route("/{name:path}", behind)]))) as found:
        yield found


def test_a_script_is_what_lies_on_the_disk_and_may_be_kept(client: Client) -> None:
    answer = client.get(AT, headers={"Accept-Encoding": "gzip, br"})
    assert gzip.decompress(answer.content) == SCRIPT.read_bytes()
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert int(answer.headers["content-length"]) < SCRIPT.stat().st_size / 2


@pytest.mark.parametrize(
    ("path", "headers"),
    [(AT, {"Accept-Encoding": "identity"}), (AT, {"Accept-Encoding": "gzip", "Range": "bytes=0-9"}),
     ("/static/js/../../index.html", PACKED), ("/static/js/none.js", PACKED), ("/", PACKED)],
)  # fmt: skip
def test_all_else_is_the_servers(client: Client, path: str, headers: dict[str, str]) -> None:
    assert client.get(path, headers=headers).text == "from behind"


def test_what_the_first_page_names_is_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_kept", {})
    pack_first_page()
    assert packed(SCRIPT) is packed(SCRIPT)
    assert gzip.decompress(packed(SCRIPT)) == SCRIPT.read_bytes()
    kept = set(module._kept)
    assert len(kept) > 10

    async def many() -> list[bytes]:
        other = next(p for p in (STATIC / "static" / "js").glob("*.js") if p not in kept)
        return list(await asyncio.gather(*(asyncio.to_thread(packed, other) for _ in range(8))))

    assert len({id(one) for one in asyncio.run(many())}) == 1
