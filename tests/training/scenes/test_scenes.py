"""Scenes as files and as links: nothing is lost on the way, and what cannot be read is named in one sentence."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.config.codec import ConfigError, set_at
from gan_core.training import PRESETS, RunConfig, preset
from gan_core.training.scenes import scene_link
from gan_core.training.scenes.scene import LAYERS, PARTS, SPEEDS, Scene, View, fingerprint, pinned
from gan_core.training.scenes.scene_fields import zoom_of
from gan_core.training.scenes.scene_file import MOST_BYTES, compact, from_dict, from_text, to_dict, to_text
from gan_core.training.scenes.scene_link import from_query, link, to_query
from pages.ui.history import OF_PICTURE

ROOT = Path(__file__).resolve().parents[3]
HEAD = {"format": "ganscope-scene", "version": 1}
LINE = st.text(max_size=80).filter(lambda text: text.isprintable()).map(str.strip)


@st.composite
def configs(draw: st.DrawFn) -> tuple[str, RunConfig]:
    name = draw(st.sampled_from(sorted(PRESETS)))
    config = preset(name).config
    texts = {
        "seed": draw(st.integers(0, 2**31 - 1)), "g_optimizer.lr": draw(st.floats(0, 10)),
        "k_d": draw(st.integers(1, 16)), "loss": draw(st.sampled_from(("non-saturating", "hinge", "wasserstein"))),
        "ema.ramp_up": draw(st.floats(0, 1)), "conditional": "true",
    }  # fmt: skip
    for path in draw(st.sets(st.sampled_from(sorted(texts)))):
        config = set_at(config, path, str(texts[path]))
    return name, config


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    page = draw(st.sampled_from(("lab", "lab", "explore", "compare", "apply", "learn")))
    common: dict[str, Any] = {
        "page": page, "title": draw(LINE), "lesson": draw(st.sampled_from(("", "04"))),
        "language": draw(st.sampled_from(("", "es"))), "locked": draw(st.booleans()),
    }  # fmt: skip
    if page != "lab":
        places = {"explore": ("model", "look", "tool"), "compare": ("tab", "runs"), "apply": ("workshop", "held-out")}
        look = {"where": {"seed": draw(st.integers(0, 9))}, "psi": draw(st.floats(0, 2))}
        place = {n: compact(look) if n == "look" else draw(LINE) for n in places.get(page, ())}
        controls = ("pad", "walk") if page == "explore" and draw(st.booleans()) else ()
        return Scene(**common, place=place, controls=controls)
    name, config = draw(configs())
    zoom = (draw(st.floats(0.5, 60)), draw(st.floats(-5, 5)), draw(st.floats(-5, 5)))
    view = View(
        full=draw(st.booleans()), code=draw(st.booleans()), advanced=draw(st.booleans()),
        projector=draw(st.booleans()), zoom=draw(st.sampled_from((None, zoom_of(zoom)))),
        layers=draw(st.none() | st.sets(st.sampled_from(LAYERS)).map(lambda s: tuple(x for x in LAYERS if x in s))),
        beside=draw(st.none() | st.booleans()), step=draw(st.none() | st.integers(0, 10**15 - 1)),
    )  # fmt: skip
    return Scene(
        **common, preset=name, config=config, view=view, run=draw(st.sampled_from(("", "20260101-ring-abcd"))),
        same=draw(st.sampled_from(("", fingerprint(config)))), speed=draw(st.sampled_from(sorted(SPEEDS))),
        controls=draw(st.sampled_from(((), ("loss", "k_d"), ("data", "speed", "d_optimizer.lr")))),
    )  # fmt: skip


@settings(max_examples=40)
@given(scenes())
def test_a_scene_comes_back_from_its_file_and_from_its_link(scene: Scene) -> None:
    assert from_text(to_text(scene)) == scene
    assert from_text(json.dumps(to_dict(scene)).encode("utf-16").decode("utf-16")) == scene
    parts = urlsplit("http://lab.org/" + link(scene))
    again = from_query(parts.path.strip("/") or "lab", dict(parse_qsl(parts.query, keep_blank_values=True)))
    # Only the Lab says in its address that it is in projector mode, and an empty place is none.
    assert dataclasses.replace(again, place={}) == dataclasses.replace(scene, place={})
    assert {n: t for n, t in again.place.items() if t} == {n: t for n, t in scene.place.items() if t}


@settings(max_examples=40)
@given(scenes(), st.data())
def test_a_file_with_anything_else_in_one_place_is_read_or_refused_in_a_sentence(
    scene: Scene, data: st.DataObject
) -> None:
    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=8,
    )  # fmt: skip
    content = to_dict(scene)
    name = data.draw(st.sampled_from([*content, "settings", "view", "place", "x"]))
    content[name] = data.draw(json_values)
    try:
        found = from_dict(content)
    except ConfigError as problem:
        said = str(problem)
        assert said.endswith(".")
        assert len(said) < 700
        said.encode()
    else:
        assert from_query(found.page, to_query(found)).config == found.config


@settings(max_examples=40)
@given(st.binary(max_size=300) | st.text(max_size=300))
def test_what_is_no_scene_is_refused(raw: bytes | str) -> None:
    with pytest.raises(ConfigError):
        from_text(raw)


@settings(max_examples=40)
@given(
    st.sampled_from(("lab", "explore", "apply", "learn", "x")),
    st.dictionaries(
        st.sampled_from((*scene_link.OF_A_SCENE, *scene_link.LOOKED, "seed", "look", "data.std", "\x00", "")),
        st.text(max_size=40) | st.sampled_from(("1", "nan", "inf,1,1", "9" * 5000, "-1", "loss,", "1e400,0,0")),
    ),
)
def test_a_link_with_anything_in_it_is_read_or_refused_in_a_sentence(page: str, query: dict[str, str]) -> None:
    try:
        found = from_query(page, query)
    except ConfigError as problem:
        said = str(problem)
        assert said[-1] == "."
    else:
        assert from_text(to_text(found)) == found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"format": "x"}, 'does not say "format": "ganscope-scene"'),
        (HEAD | {"version": 2}, "version is 2; this GANscope reads scenes up to version 1"),
        (HEAD | {"version": True}, "version is true; it must be 1"),
        (HEAD | {"pages": "lab"}, "pages is not a field of a scene of lab; the fields are format, version, title"),
        (HEAD | {"page": "home"}, 'page is "home"; it must be one of lab, explore'),
        (HEAD | {"preset": "best"}, 'preset is "best"; it must be one of fashion-fast'),
        (HEAD | {"settings": {"batch_size": 3}}, "batch_size is 3; it must be a whole number from 4 to 1024"),
        (HEAD | {"settings": {"colour": 1}}, "colour is not a field here"),
        (HEAD | {"settings": {"seed": None}}, "settings.seed is null; it must be a number"),
        (HEAD | {"controls": ["colour"]}, 'controls has "colour", which is no setting here nor one of data, preset'),
        (HEAD | {"controls": ["loss"] * 13}, "it must be a list of at most 12 names"),
        (HEAD | {"page": "compare", "controls": ["loss"]}, "only scenes of lab and explore choose controls"),
        (HEAD | {"speed": "fast"}, 'speed is "fast"; it must be one of step, slow, normal, full'),
        (HEAD | {"view": {"zoom": [99, 0, 0]}}, "view.zoom is [99, 0, 0]; it must be [factor, x, y]"),
        (HEAD | {"view": {"layers": ["sky"]}}, 'view.layers is ["sky"]; it must be a list of some of real'),
        (HEAD | {"view": {"step": -1}}, "view.step is -1; it must be a whole number from 0 on"),
        (HEAD | {"run": "../../etc"}, "run is"),
        (HEAD | {"page": "explore", "place": {"run": "x"}}, "place.run is nothing that a link to explore says"),
        (HEAD | {"title": "two\nlines"}, "title is"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_named(content: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        from_dict(content)


def test_a_file_of_any_length_is_not_read() -> None:
    with pytest.raises(ConfigError, match="at most 64 kB"):
        from_text(b" " * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match="not JSON"):
        from_text("[" * 60_000)
    with pytest.raises(ConfigError, match="not JSON"):
        from_text('{"format": "ganscope-scene", "version": NaN}')


def test_the_first_version_s_file_still_opens() -> None:
    """Written by hand as version 1 documents it; later versions read it too."""
    scene = from_text((Path(__file__).with_name("scene-1.json")).read_bytes())
    assert (scene.preset, scene.settings) == ("ring", {"seed": "7", "d_optimizer.lr": "0.01"})
    assert (scene.controls, scene.speed, scene.locked) == (("d_optimizer.lr", "k_d", "speed"), "slow", True)
    assert scene.view == View(full=True, zoom=(2.5, 0.5, -0.25), layers=("real", "heat"), step=120)
    assert scene.is_as_made


def test_settings_that_are_not_those_it_was_made_with_are_noticed() -> None:
    made = pinned(Scene(preset="ring", config=preset("ring").config), lambda config: config)
    assert made.is_as_made
    assert from_text(to_text(made)).is_as_made
    edited = to_dict(made)
    edited["settings"] = {"seed": 99}
    assert not from_dict(edited).is_as_made
    assert from_dict({k: v for k, v in edited.items() if k != "same"}).is_as_made


def test_names_of_a_scene_are_no_settings_and_those_of_the_stage_are_its_own() -> None:
    names = {field.name for field in dataclasses.fields(RunConfig)}
    assert not names & {*scene_link.OF_A_SCENE, *scene_link.LOOKED, *scene_link.OF_LESSONS}
    assert not names & (set(PARTS) - {"data"})
    stage = (ROOT / "pages" / "ui" / "web" / "plane" / "stage.js").read_text("utf-8")
    assert tuple(re.findall(r'^  \{ id: "(\w+)"', stage, re.MULTILINE)) == LAYERS
    assert OF_PICTURE == scene_link.LOOKED
