"""Which models there are, opening one, bringing one, and the bookmarks that are kept with it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gan_core.latent import check_look, render
from gan_core.runs.storage.bookmarks import thumbnail_png
from pages.explore.ops.picture import spread
from pages.server.live.operations import OperationContext, Reply, operation, words
from pages.server.security.rights import demand

if TYPE_CHECKING:
    from gan_core.runs.catalog.entries import ModelEntry
    from gan_core.runs.storage.bookmarks import BookmarkStore

MOST_NAME = 60


@operation("models")
def models(context: OperationContext, _asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """All that can be explored, as the cards say it."""
    return Reply({"models": _models(context)})


def _models(context: OperationContext) -> list[dict[str, Any]]:
    """Those that were brought with why who asks may not take them away."""
    return [_entry(context, entry) for entry in context.catalog.models()]


def _entry(context: OperationContext, entry: ModelEntry) -> dict[str, Any]:
    refused = context.refused("model", entry.id) if entry.kind == "file" else ""
    return {**entry.json(), **_refused(refused)}


def _refused(sentence: str) -> dict[str, str]:
    return {"refused": sentence} if sentence else {}


@operation("open", lane="long")
def open_model(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """A model that a page turns to: all that its tools need to know of it. It is open from then on."""
    model = context.model(asked.get("model"), asked.get("step"))
    spreads = {space: spread(model, space) for space in model.generator.latent_spaces}
    return Reply({"model": {**_entry(context, context.catalog.entry(model.id, model.step)), "spread": spreads}})


@operation("steps")
def steps(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Of the checkpoints that a run has by now, and the "moments" at which its generator can be looked at."""
    model_id = words(asked, "model", 200)
    return Reply({"steps": context.catalog.steps(model_id), "moments": context.catalog.moments(model_id)})


@operation("bring", lane="long")
def bring(context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
    """A generator that was exported elsewhere, kept here from now on."""
    demand(context.person, "bring", what=str(asked.get("name")))
    if len(blobs) != 1:
        raise ValueError("Bring one file at a time.")
    before = {entry.id for entry in context.catalog.models()}
    found = context.catalog.bring(blobs[0], words(asked, "name", 200, default="the file"))
    if found not in before:  # else somebody has brought the very same one
        context.note_owner("model", found)
    return Reply({"brought": found, "models": _models(context)})


@operation("remove")
def remove(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Take a brought file out of the catalog; its bookmarks stay, and `bring-back` undoes it."""
    found = words(asked, "model", 200)
    context.demand("delete", "model", found)
    context.catalog.take_away(found)
    return Reply({"models": _models(context)})


@operation("bring-back")
def bring_back(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    found = words(asked, "model", 200)
    context.demand("restore", "model", found)
    context.catalog.bring_back(found)
    return Reply({"brought": found, "models": _models(context)})


# --- bookmarks: every answer is the whole list as it is then


def _kept(context: OperationContext, asked: dict[str, Any]) -> BookmarkStore:
    return context.catalog.bookmark_store(words(asked, "model", 200))


def _all(context: OperationContext, asked: dict[str, Any]) -> Reply:
    kept = _kept(context, asked)
    found = [
        {**{k: v for k, v in asdict(one).items() if k != "thumbnail"},
         **_refused(context.refused("bookmark", _named(asked, one.id)))}
        for one in kept.bookmarks.all()
    ]  # fmt: skip
    return Reply({"bookmarks": found, "problems": kept.problems()})


def _named(asked: dict[str, Any], key: str) -> str:
    """As its owner is noted."""
    return f"{words(asked, 'model', 200)}/{key}"


@operation("bookmarks")
def bookmarks(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    return _all(context, asked)


@operation("bookmark-add")
def add(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Keep a "look" with its explicit latent and its picture as it is now; "as_set": the same look as it was set, of
    which its place is kept too, such as a plane with its corners.
    """
    model, kept = context.model(asked.get("model")), _kept(context, asked)
    (image,) = render(model, [check_look(model, asked.get("look"))])
    name, as_set = words(asked, "name", MOST_NAME), None
    if "as_set" in asked:
        check_look(model, asked["as_set"])
        place = asked["as_set"]["where"]
        as_set = None if place == asked["look"]["where"] else place
    picture = thumbnail_png(image)
    made = kept.bookmarks.add(name=name, look=asked["look"], thumbnail=picture, step=model.step, as_set=as_set)
    context.note_owner("bookmark", _named(asked, made.id))
    return _all(context, asked)


@operation("bookmark-rename")
def rename(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    context.demand("rename", "bookmark", _named(asked, words(asked, "key", 40)))
    kept = _kept(context, asked)
    kept.bookmarks.rename(words(asked, "key", 40), words(asked, "name", MOST_NAME))
    return _all(context, asked)


@operation("bookmark-delete")
def delete(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    context.demand("delete", "bookmark", _named(asked, words(asked, "key", 40)))
    kept = _kept(context, asked)
    kept.bookmarks.delete(words(asked, "key", 40))
    return _all(context, asked)


@operation("bookmark-restore")
def restore(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Undo a deletion."""
    context.demand("restore", "bookmark", _named(asked, words(asked, "key", 40)))
    kept = _kept(context, asked)
    kept.bookmarks.restore(words(asked, "key", 40))
    return _all(context, asked)


@operation("named-directions")
def named_directions(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The directions that were given a name, whichever tool found them."""
    return Reply({"directions": [asdict(one) for one in _kept(context, asked).directions.all()]})
