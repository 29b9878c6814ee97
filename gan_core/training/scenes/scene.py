"""A scene: a page and what is seen on it.

In the Lab that is a whole configuration, the speed, the view of the stage and which controls there are; of other
pages it is what their address says. `scene_file` reads and writes it as JSON, `scene_link` as an address.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from gan_core.config.codec import differences
from gan_core.training.configuration.presets import DEFAULT, preset
from gan_core.training.configuration.run_config import RunConfig

SPEEDS = {"step": 1.0, "slow": 0.2, "normal": 0.02, "full": 0.0}
"""A speed's name -> least seconds from one step of a run to the next."""

LAYERS = ("real", "fakes", "heat", "contour", "arrows", "manifold", "density")
"""What can be shown on the stage; those that are shown stand in a link in this order."""

PARTS = {"data": "Dataset", "preset": "Preset", "speed": "Speed", "code": "Show the code"}
"""Controls of the Lab that are not fields of a configuration, or more than one (`data`), and what they are called."""

PLACES: dict[str, tuple[str, ...] | None] = {
    "lab": (), "explore": ("model", "step", "look", "tool", "quiz"), "compare": ("tab", "runs"),
    "gallery": ("scene", "failing", "fixed"), "apply": None, "learn": (), "data": (),
}  # fmt: skip
"""A page -> what its address says besides; None: any name, as each workshop has its own."""


@dataclass(frozen=True)
class View:
    """What is seen of the Lab. full: every setting, or a newcomer's; code, advanced: these are shown too.

    zoom: of the stage and the middle of what it shows, (factor, x, y), None: everything. layers: of the stage, None:
    the usual ones. beside: real pictures stand beside the generated ones, None: where there is room. step: of the run
    that is looked at, None: the newest.
    """

    full: bool = False
    code: bool = False
    advanced: bool = False
    projector: bool = False
    zoom: tuple[float, float, float] | None = None
    layers: tuple[str, ...] | None = None
    beside: bool | None = None
    step: int | None = None


@dataclass(frozen=True)
class Scene:
    """preset, config: of the Lab. same: `fingerprint` of the settings that it was made with, "" where none was noted.

    run: to open where it is; elsewhere the settings are opened. controls: the only ones that are shown, () for all;
    in the Lab fields' paths or names in PARTS, on Explore names of tools. locked: no link leads to the others. place:
    what the address of another page says.
    """

    page: str = "lab"
    title: str = ""
    lesson: str = ""
    language: str = ""
    preset: str = DEFAULT
    config: RunConfig = field(default_factory=lambda: preset(DEFAULT).config)
    same: str = ""
    run: str = ""
    speed: str = "full"
    controls: tuple[str, ...] = ()
    locked: bool = False
    view: View = View()
    place: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """What differs from the preset, as `--set` pairs."""
        return differences(self.config, preset(self.preset).config)

    @property
    def is_as_made(self) -> bool:
        """Whether its settings are those that it was made with, as far as that was noted."""
        return self.same in ("", fingerprint(self.config))


def fingerprint(config: RunConfig) -> str:
    """12 hex digits of what is not a field's usual value: another version's presets may give another run."""
    text = json.dumps(differences(config, RunConfig()), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def pinned(scene: Scene, resolved: Callable[[RunConfig], RunConfig]) -> Scene:
    """The scene with nothing in it that each machine would choose for itself, and its fingerprint.

    resolved: what a run of a configuration here records. Rounding differs between backends, and a run with it.
    """
    config = resolved(scene.config)
    return replace(scene, config=config, same=fingerprint(config))
