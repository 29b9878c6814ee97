"""Which ways are tried, by what was asked for."""

from __future__ import annotations

import pytest

from gan_core.apply.augmentation.ways import NAMES, plan, read_names, read_ratios


def test_real_is_always_one_and_the_order_is_the_same() -> None:
    assert read_names("all, synthetic") == ("real", "synthetic", "all")
    assert read_names(",".join(reversed(NAMES))) == NAMES
    assert read_names("") == ("real",)
    with pytest.raises(ValueError, match='^There is no way called "fake"; the ways are real, synthetic, both'):
        read_names("real,fake")


def test_ratios() -> None:
    assert read_ratios("1, 0.5,2,1") == (1.0, 0.5, 2.0)
    for bad in ("", "0", "11", "nan", "-1", "1;2", "1e3", "x" * 90):
        with pytest.raises(ValueError, match="^The ratio "):
            read_ratios(bad)
    with pytest.raises(ValueError, match="^5 ratios were asked for; at most 4"):
        read_ratios("1,2,3,4,5")


def test_a_plan_has_each_ratio_of_a_mixture_and_each_filter() -> None:
    assert [way.name for way in plan(NAMES, (1.0,), filtering=False)] == list(NAMES)
    several = plan(("real", "synthetic", "both"), (1.0, 2.5), filtering=True)
    assert [(way.name, way.ratio, way.filtered) for way in several] == [
        ("real", 0.0, False), ("synthetic", 1.0, False), ("synthetic+filter", 1.0, True), ("both:1", 1.0, False),
        ("both:1+filter", 1.0, True), ("both:2.5", 2.5, False), ("both:2.5+filter", 2.5, True),
    ]  # fmt: skip
    assert [way.classic for way in plan(NAMES, (1.0,), filtering=False)] == [False, False, False, True, True]
    assert [way.real for way in plan(NAMES, (1.0,), filtering=False)] == [True, False, True, True, True]
