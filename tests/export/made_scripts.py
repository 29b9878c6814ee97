"""Scripts brought to life in this process, and small configurations to make them from."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from gan_core.config.codec import replace_at
from gan_core.config.fields import specs
from gan_core.export.scripts.train import train_script
from gan_core.nets import DcganDiscriminator, DcganGenerator
from gan_core.training import RunConfig

CLASSES = ("a", "b", "c", "d")

SMALL = replace(
    RunConfig(generator=DcganGenerator(width=8), discriminator=DcganDiscriminator(width=8)),
    batch_size=8, total_images=8_000, precision="float32",
)  # fmt: skip


def alive(text: str, name: str = "made_script") -> types.ModuleType:
    """The script as a module; its main does not run."""
    module = types.ModuleType(name)
    sys.modules[name] = module  # dataclasses look their module up
    exec(compile(text, f"{name}.py", "exec"), module.__dict__)
    return module


def script_of(config: RunConfig, channels: int = 1) -> types.ModuleType:
    return alive(train_script(config, run="r", channels=channels, classes=CLASSES))


def variants(member: Any) -> Iterator[Any]:
    """The member, and copies with one of its choices, switches or numbers changed."""
    yield member
    for name, spec in specs(type(member)).items():
        default = getattr(member, name)
        if spec.kind == "choice":
            yield from (replace_at(member, name, value) for value in spec.choices if value != default)
        elif spec.kind == "bool":
            yield replace_at(member, name, not default)
        elif spec.kind == "float":
            assert spec.low is not None
            assert spec.high is not None
            yield from (replace_at(member, name, v) for v in {spec.low, min(spec.high, 0.3)} - {default})
        elif spec.kind == "text":
            yield from (replace_at(member, name, text) for text in ("", "24") if name == "hidden")
        elif name == "interval":
            yield replace_at(member, name, 2)
        elif spec.kind == "int" and spec.smallest is not None and name != "width":
            yield replace_at(member, name, 32)


def narrow(member: Any) -> Any:
    """A network that is quick to build."""
    if "hidden" in specs(type(member)):
        return replace(member, hidden="24,16")
    return replace(member, width=16)


def run_alone(script: Path, *words: str, warnings: str = "error") -> subprocess.CompletedProcess[str]:
    """The script in a process of its own, in its folder, far from this repository; it must not complain.

    warnings: what Python makes of those; Keras calls numpy in a way that numpy is about to give up.
    """
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COVERAGE"))}
    surroundings |= {"PYTHONPATH": "", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": warnings}
    done = subprocess.run(
        [sys.executable, script.name, *words], cwd=script.parent, env=surroundings, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done
