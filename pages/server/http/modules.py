"""The pages' scripts: ES modules that lie beside the pages, each at `module/VERSION/` and its path below `pages`.

The version is a digest of all modules, so that a browser may keep them for ever: after an upgrade it asks elsewhere.
Modules name one another by relative addresses and so stay within one version. They are public, as the page is.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import posixpath
import re
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from pages.server.http.packed import FOREVER, packed_answer, takes_packed

_PAGES = Path(__file__).resolve().parents[2]
_IMPORTED = re.compile(rb'^import .*?"(\.[^"]+)";$', re.MULTILINE)

# A component's own script. Streamlit loads it from a blob:, from which a relative address leads nowhere. One import
# that fails (the server is away for a moment) is tried again at the next rerun of the page.
_LOADER = """
const addressOf = (name) => new URL(`module/VERSION/${name}`, document.baseURI).href;
for (const name of NEEDED) {
  const link = Object.assign(document.createElement("link"), { rel: "modulepreload", href: addressOf(name) });
  document.head.append(link);
}
let loading = null;
const load = () => (loading ??= Promise.all(ENTRIES.map((name) => import(addressOf(name)))).catch((problem) => {
  loading = null;
  throw problem;
}));
export default async (given) => (await load())[0].default(given);
"""


@cache
def modules() -> dict[str, bytes]:
    """Path below `pages`, with slashes -> its content: all that can be asked for, as it was at the server's start."""
    found = sorted(_PAGES.rglob("*.js"))
    return {path.relative_to(_PAGES).as_posix(): path.read_bytes() for path in found}


@cache
def version() -> str:
    """A digest of every module's name and content, 16 hex digits."""
    known = [(name, hashlib.sha256(text).hexdigest()) for name, text in modules().items()]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]


def module_path(name: str) -> str:
    """Where a module is, below the base."""
    return f"module/{version()}/{name}"


async def module(request: Request) -> Response:
    asked = request.path_params
    text = modules().get(asked["name"]) if asked["version"] == version() else None
    if text is None:
        return Response("There is no such script here; reload the page.", 404, media_type="text/plain")
    if takes_packed(request.headers):
        return packed_answer(_packed(asked["name"]), ".js")
    return Response(text, media_type="text/javascript", headers={"Cache-Control": FOREVER})


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(modules()[name], mtime=0)


def loader(entry: str, *others: str) -> str:
    """The script of a component: imports module `entry`, whose default export is the component, after `others`.

    All modules that these need are asked for at once, and not one level of imports after another.
    """
    names = [entry, *others]
    needed = sorted({name for first in names for name in _needed(first)})
    text = _LOADER.replace("VERSION", version()).replace("NEEDED", json.dumps(needed))
    return text.replace("ENTRIES", json.dumps(names))


def _needed(entry: str) -> set[str]:
    """Names of the modules that `entry` imports, directly or not, and its own."""
    found, waiting = {entry}, [entry]
    while waiting:
        name = waiting.pop()
        for address in _IMPORTED.findall(modules()[name]):
            other = posixpath.normpath(posixpath.join(posixpath.dirname(name), address.decode()))
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
