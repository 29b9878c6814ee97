"""What every test may use: tiny configurations that train in milliseconds."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
import torch
from packaging.requirements import Requirement

from gan_core.config.codec import replace_at
from gan_core.data.base import ImageSet
from gan_core.nets import DcganDiscriminator, DcganGenerator
from gan_core.runs import RunManager
from gan_core.training import RunConfig

# How long an example takes says more of the machine's other work than of the code.
hypothesis.settings.register_profile("ganscope", deadline=None)
hypothesis.settings.load_profile("ganscope")
torch.set_num_threads(1)  # for what is made once for many tests
# A shell starts its background jobs with Ctrl-C ignored, and what was ignored stays so in each process of a test.
for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)


def pytest_report_header() -> list[str]:
    """What it is that passes or fails: a processor's sums, or a library's next release, may come out otherwise."""
    lines = (Path(__file__).parents[1] / "requirements.txt").read_text("utf-8").splitlines()
    asked = [Requirement(line.partition("#")[0]) for line in lines if not line.startswith("#")]
    found = ", ".join(f"{one.name} {importlib.metadata.version(one.name)}" for one in asked)
    kernels = torch.backends.cpu.get_cpu_capability()
    cores = f"{os.cpu_count()} cores of {_processor()}, which torch's kernels take for {kernels}"
    return [
        f"machine: Python {platform.python_version()}, {platform.system()} {platform.machine()}, {cores}",
        f"releases: {found}",
    ]


FIRST = (
    "browser/test_readable", "browser/learn", "browser/train", "browser", "cli/test_surroundings", "runs/cluster",
    "cli", "project", "runs",
)  # fmt: skip
LAST = "pages"
"""Files in the order of how long they take, so that nobody waits at the end for somebody else's long one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    root = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        name = item.path.relative_to(root).as_posix()
        found = next((i for i, start in enumerate(FIRST) if name.startswith(start)), len(FIRST))
        return found + name.startswith(LAST)

    items.sort(key=turn)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Results to the last bit depend on the thread count; two cores are shared with a browser and other tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny() -> RunConfig:
    """A DCGAN so small that a step takes a few milliseconds."""
    return replace(
        RunConfig(generator=DcganGenerator(width=8), discriminator=DcganDiscriminator(width=8)),
        batch_size=8, total_images=8 * 1000,
    )  # fmt: skip


@pytest.fixture
def random_images() -> ImageSet:
    """40 random 28 x 28 grey images of 4 classes."""
    rng = torch.Generator().manual_seed(5)
    images = torch.randint(0, 256, (40, 1, 28, 28), generator=rng, dtype=torch.uint8)
    labels = torch.arange(40) % 4
    return ImageSet(images, labels, ("a", "b", "c", "d"), images[:0], labels[:0])


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    made = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
    yield made
    made.close()


def shortened(config: RunConfig, *, steps: int, every: int = 1) -> RunConfig:
    """The configuration with so many steps and a point every so many."""
    config = replace_at(config, "total_images", max(100, steps * config.batch_size * config.k_d))
    return replace_at(config, "record.every_steps", every)
