"""What sets configurations apart: the table and the axes, against the configurations themselves."""

from __future__ import annotations

import dataclasses
import itertools
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.cli.configure import config_from
from gan_core.cli.parser import build_parser
from gan_core.config.codec import apply_sets, replace_at, walk
from gan_core.runs.snapshot import LiveChange
from gan_core.training import PRESETS, RunConfig, preset
from pages.compare.differences import MOST_AXES, NOTHING, axes_of, command_of, fields_of, rows_of
from pages.compare.picker import letter_of

RING = preset("ring").config


def row(rows: list[dict[str, object]], path: str) -> dict[str, object]:
    return next(row for row in rows if row["path"] == path)


@given(st.lists(st.sampled_from(sorted(PRESETS)), min_size=1, max_size=4))
def test_every_field_of_every_run_has_a_row_in_its_group(names: list[str]) -> None:
    configs = [preset(name).config for name in names]
    rows = rows_of(configs, [[] for _ in configs])
    paths = [str(row["path"]) for row in rows]
    groups = [group for group, _ in itertools.groupby(path.split(".")[0] for path in paths)]
    assert groups == [field.name for field in dataclasses.fields(RunConfig)]
    assert len(set(paths)) == len(paths)
    assert set(paths) == {path for config in configs for path, _, _ in walk(config)}
    for i, config in enumerate(configs):
        own = [path for path, _, _ in walk(config)]
        assert i or [path for path in paths if path in own] == own
        for path in paths:
            assert (row(rows, path)["cells"][i] == NOTHING) == (path not in own)  # type: ignore[index]
    same = {path for path, spec, value in walk(configs[0])
            if all((path, value) in [(p, v) for p, _, v in walk(config)] for config in configs)}  # fmt: skip
    assert {r["path"] for r in rows if not r["differs"]} == same


def test_a_live_change_is_told_and_counts_as_a_difference() -> None:
    change = LiveChange("a", 1200, "d_optimizer.lr", 0.002, 0.0001)
    changed = replace_at(RING, "d_optimizer.lr", 0.0001)
    both = rows_of([changed, changed], [[change], []])
    assert row(both, "d_optimizer.lr")["notes"] == ["0.002 up to step 1,200", ""]
    assert [r["path"] for r in both if r["differs"]] == ["d_optimizer.lr"]


def test_axes_are_of_fields_with_several_values_only() -> None:
    configs = [
        apply_sets(RING, {"d_optimizer.lr": lr, "loss": loss, "seed": seed})
        for lr, loss, seed in (("0.001", "hinge", "1"), ("0.002", "non-saturating", "2"), ("0.002", "hinge", "3"))
    ]
    axes = {axis["path"]: axis for axis in axes_of(configs)}
    assert set(axes) == {"d_optimizer.lr", "loss", "seed"}  # no label smoothing: only one of the losses has it
    assert axes["d_optimizer.lr"]["values"] == [0.001, 0.002, 0.002]
    assert axes["d_optimizer.lr"]["scale"] == "log"
    hinge, non_saturating = axes["loss"]["values"][:2]
    assert axes["loss"]["values"] == [hinge, non_saturating, hinge]
    assert set(axes["loss"]["words"]) == {hinge, non_saturating}
    assert [path for path, axis in axes.items() if axis["shown"]] == ["loss", "d_optimizer.lr"]  # the seed on demand
    assert list(axes)[-1] == "seed"


def test_so_many_axes_are_shown_at_most() -> None:
    axes = axes_of([preset(name).config for name in PRESETS])
    assert len(axes) > MOST_AXES
    assert sum(axis["shown"] for axis in axes) == MOST_AXES


@pytest.mark.parametrize("name", PRESETS)
def test_the_command_makes_the_same_configuration(name: str) -> None:
    config = apply_sets(preset(name).config, {"seed": "9", "g_optimizer.lr": "0.0123", "loss": "hinge"})
    words = shlex.split(command_of(config, name))
    assert words[:4] == ["python", "-m", "gan_core", "train"]
    made, _ = config_from(build_parser().parse_args(words[3:]))
    assert made == config


def test_a_run_of_no_preset_has_a_command_too() -> None:
    config: RunConfig = replace_at(RING, "seed", 5)
    made, _ = config_from(build_parser().parse_args(shlex.split(command_of(config, ""))[3:]))
    assert made == config


def test_fields_have_words() -> None:
    for path, (spec, label) in fields_of([preset(name).config for name in PRESETS]).items():
        assert label != path or "." not in path
        assert spec.help


def test_letters_go_on_after_z() -> None:
    assert [letter_of(i) for i in (0, 1, 25, 26, 27, 51, 52)] == ["A", "B", "Z", "AA", "AB", "AZ", "BA"]
