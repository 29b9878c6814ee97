"""Which models there are, opening one, bringing one, and the bookmarks that are kept with it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gan_core.latent import check_look, render
from gan_core.runs.storage.bookmarks import thumbnail_png
from pages.explore.ops.picture import spread
from pages.server.live.operations import OperationContext, Reply, operation, words

if TYPE_CHECKING:
    from gan_core.runs.storage.bookmarks import BookmarkStore

MOST_NAME = 60


@operation("models")
def models(context: OperationContext, _asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """All that can be explored, as the cards say it."""
    return Reply({"models": [entry.json() for entry in context.catalog.models()]})


@operation("open", lane="long")
def open_model(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """A model that a page turns to: all that its tools need to know of it. It is open from then on."""
    model = context.model(asked.get("model"), asked.get("step"))
    spreads = {space: spread(model, space) for space in model.generator.latent_spaces}
    return Reply({"model": {**context.catalog.card(model.id, model.step).json(), "spread": spreads}})


@operation("steps")
def steps(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Of the checkpoints that a run has by now, and the "moments" at which its generator can be looked at."""
    model_id = words(asked, "model", 200)
    return Reply({"steps": context.catalog.steps(model_id), "moments": context.catalog.moments(model_id)})


@operation("bring", lane="long")
def bring(context: OperationContext, asked: dict[str, Any], blobs: list[bytes]) -> Reply:
    """A generator that was exported elsewhere, kept here from now on."""
    if len(blobs) != 1:
        raise ValueError("Bring one file at a time.")
    found = context.catalog.bring(blobs[0], words(asked, "name", 200, default="the file"))
    return Reply({"brought": found, "models": [entry.json() for entry in context.catalog.models()]})


@operation("remove")
def remove(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Take a brought file out of the catalog; its bookmarks stay, and `bring-back` undoes it."""
    context.catalog.take_away(words(asked, "model", 200))
    return Reply({"models": [entry.json() for entry in context.catalog.models()]})


@operation("bring-back")
def bring_back(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    found = words(asked, "model", 200)
    context.catalog.bring_back(found)
    return Reply({"brought": found, "models": [entry.json() for entry in context.catalog.models()]})


# --- bookmarks: every answer is the whole list as it is then


def _kept(context: OperationContext, asked: dict[str, Any]) -> BookmarkStore:
    return context.catalog.bookmark_store(words(asked, "model", 200))


def _all(kept: BookmarkStore) -> Reply:
    found = [{k: v for k, v in asdict(one).items() if k != "thumbnail"} for one in kept.bookmarks.all()]
    return Reply({"bookmarks": found, "problems": kept.problems()})


@operation("bookmarks")
def bookmarks(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    return _all(_kept(context, asked))


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
    kept.bookmarks.add(name=name, look=asked["look"], thumbnail=picture, step=model.step, as_set=as_set)
    return _all(kept)


@operation("bookmark-rename")
def rename(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    kept = _kept(context, asked)
    kept.bookmarks.rename(words(asked, "key", 40), words(asked, "name", MOST_NAME))
    return _all(kept)


@operation("bookmark-delete")
def delete(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    kept = _kept(context, asked)
    kept.bookmarks.delete(words(asked, "key", 40))
    return _all(kept)


@operation("bookmark-restore")
def restore(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Undo a deletion."""
    kept = _kept(context, asked)
    kept.bookmarks.restore(words(asked, "key", 40))
    return _all(kept)


@operation("named-directions")
def named_directions(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The directions that were given a name, whichever tool found them."""
    return Reply({"directions": [asdict(one) for one in _kept(context, asked).directions.all()]})
