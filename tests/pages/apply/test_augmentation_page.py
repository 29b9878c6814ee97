"""The workshop Augmentation: its form to a task, refusals as sentences, what came of it as charts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.apply.augmentation import Augment
from gan_core.data import FashionMnist, Shapes
from gan_core.runs.jobs import JobManager
from pages.apply.results.augmented import changes_figure, confusion_figure, filter_rows, ways_figure
from pages.apply.workshops.augmentation import image_sets
from pages.server.app_state import AppState
from tests.pages.opening import opened

PAGE = Path(__file__).parents[3] / "pages" / "apply" / "page.py"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Augment]:
    """What is asked for, in place of work that takes minutes."""
    found: list[Augment] = []

    def start(jobs: JobManager, task: Augment, inputs: Any = None) -> str:
        if problems := task.problems(Path("nowhere"), ()):
            raise ValueError(" ".join(problems))
        found.append(task)
        return "job"

    monkeypatch.setattr(JobManager, "start", start)
    return found


@pytest.fixture
def page(home: AppState, asked: list[Augment]) -> AppTest:
    return opened("apply", workshop="augmentation")


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def press(app: AppTest) -> AppTest:
    app.button(key="augment-start").click()
    return run(app)


def test_as_it_is_the_form_asks_for_what_the_command_line_does(page: AppTest, asked: list[Augment]) -> None:
    press(page)
    assert asked == [Augment()]
    assert asked[0].data == FashionMnist()


def test_the_form_says_everything_that_a_task_can_be_asked_for(page: AppTest, asked: list[Augment]) -> None:
    page.selectbox(key="augment-data").set_value("shapes")
    run(page)
    page.number_input(key="augment-per-class").set_value(50)
    page.number_input(key="augment-seeds").set_value(2)
    page.number_input(key="augment-gan-images").set_value(640)
    page.number_input(key="augment-seconds").set_value(30)
    page.number_input(key="augment-steps").set_value(20)
    page.text_input(key="augment-ratio").set_value("1,2")
    page.slider(key="augment-confidence").set_value(0.5)
    page.selectbox(key="augment-held-out").set_value("drawn")
    press(page)
    assert asked == [Augment(
        data=Shapes(count=6_000), per_class=50, seeds=2, gan_images=640, seconds=30.0, classifier_steps=20,
        ratio="1,2", least_confidence=0.5, held_out="drawn",
    )]  # fmt: skip


def test_a_generator_of_the_same_set_can_be_named(page: AppTest, asked: list[Augment]) -> None:
    choices = page.selectbox(key="augment-run-fashion-mnist").options
    assert choices == ["A GAN for each seed", "Fashion by class"]
    page.selectbox(key="augment-run-fashion-mnist").set_value("asset:fashion-classes")
    press(page)
    assert asked[0].run == "asset:fashion-classes"


def test_what_cannot_be_is_a_sentence(page: AppTest, asked: list[Augment]) -> None:
    page.number_input(key="augment-per-class").set_value(100_000)
    page.text_input(key="augment-ratio").set_value("many")
    press(page)
    assert asked == []
    (warning,) = page.warning
    assert warning.value.startswith('The ratio "many" is none;')
    assert warning.value.endswith("ask for at most 6,000.")


def test_only_sets_of_pictures_with_classes_are_offered(page: AppTest) -> None:
    assert {"fashion-mnist", "shapes", "emoji"} >= set(image_sets()) >= {"fashion-mnist", "shapes"}


def interval(mean: float) -> dict[str, Any]:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.3, "count": 3}


OUTCOME: dict[str, Any] = {
    "ways": {"real": {"label": "Real images", **interval(0.5)}, "both+filter": {"label": "Both", **interval(0.6)}},
    "class_names": ["<b>one</b>", "two"], "confusion": {"real": [[3, 1], [0, 4]]},
    "classes": {"both+filter": [{"accuracy": a, "change": interval(c)} for a, c in ((0.5, 2.0), (0.7, -1))]},
    "filter_effects": {"both+filter": interval(1.0)},
}  # fmt: skip


def test_charts_show_the_numbers_and_no_markup_of_others() -> None:
    bars = ways_figure(OUTCOME).data[0]
    assert list(bars.x) == [50.0, 60.0]
    assert list(bars.error_x.array) == pytest.approx([30.0, 30.0])
    assert list(bars.error_x.arrayminus) == pytest.approx([10.0, 10.0])
    matrix = confusion_figure(OUTCOME, "real").data[0]
    assert [list(row) for row in matrix.z] == [[75.0, 25.0], [0.0, 100.0]]
    assert list(matrix.y) == ["&lt;b&gt;one&lt;/b&gt;", "two"]
    assert list(changes_figure(OUTCOME, "both+filter").data[0].x) == [2.0, -1]
    assert filter_rows(OUTCOME) == [{"Way": "Both", "Against the same unfiltered, points": "+1.0 (0.9 to 1.3)"}]
    once = {"ways": {"real": {"label": "Real", "mean": 0.5, "low": None, "high": None}}}
    assert ways_figure(once).data[0].error_x.array is None
