"""The script that trains a run again: each of its parts against the part of this package that it stands for."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import load_file
from torch import Tensor

from gan_core.config.codec import replace_at
from gan_core.config.registry import Registry
from gan_core.data import Cifar10, EmnistLetters, Mnist, Shapes, Svhn, datasets
from gan_core.data.base import ImageSet
from gan_core.data.sets.fashion import FOLDER
from gan_core.data.sets.points import PointDataset
from gan_core.data.sets.published import Published
from gan_core.export.samples import write_npz
from gan_core.export.scripts import optimizers as script_optimizers
from gan_core.export.scripts.train import train_script
from gan_core.export.scripts.train_data import is_drawn, training_data
from gan_core.nets import MlpDiscriminator, MlpGenerator, discriminators, generators
from gan_core.nets.base import ImageShape
from gan_core.objectives import augmentations, losses, penalties
from gan_core.training import PRESETS, RunConfig, Trainer
from gan_core.training.build import build_networks
from gan_core.training.optimizers import Optimizer, OptimizerState, optimizers, schedules
from tests.data import made_files

from .made_scripts import CLASSES, SMALL, alive, narrow, run_alone, script_of, variants

SEED = 11


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(SEED)


def draws(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=rng())


def same_networks(ours: torch.nn.Module, theirs: torch.nn.Module, x: Tensor, labels: Tensor | None) -> None:
    """The same weights in the same order, and the same outputs in training and after it."""
    mine, wanted = ours.state_dict(), theirs.state_dict()
    assert len(mine) == len(wanted)
    assert all(torch.equal(a, b) for a, b in zip(mine.values(), wanted.values(), strict=True))
    inputs = (x,) if labels is None else (x, labels)
    for training in (True, False):
        torch.testing.assert_close(ours.train(training)(*inputs), theirs.train(training)(*inputs))


FAMILIES = sorted({*generators.names(), *discriminators.names()})


def forms_of(family: Registry[Any], name: str) -> list[Any]:
    """A network, narrow, and with each of its options changed; another family's first where none is so named."""
    member = family.get(name if name in family else family.names()[0]).cls()
    return list(variants(narrow(member))) if name in family else [narrow(member)]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_network_starts_with_the_run_s_weights_and_computes_the_same(name: str) -> None:
    pairs = list(zip_longest(forms_of(generators, name), forms_of(discriminators, name)))
    for number, (generator, discriminator) in enumerate(pairs):
        size, channels, conditional = ((28, 1, False), (32, 3, True))[number % 2] if number else (64, 3, False)
        config = replace(SMALL, size=size, conditional=conditional, pack=2 if number % 4 > 1 else 1)
        config = replace(config, generator=generator or pairs[0][0], discriminator=discriminator or pairs[0][1])
        shape, class_count = ImageShape(channels, size), len(CLASSES) if conditional else 0
        assert not [*config.generator.problems(shape), *config.discriminator.problems(shape)]
        script = script_of(config, channels)
        wanted = build_networks(config, shape, class_count, torch.device("cpu"))
        torch.manual_seed(script.random_stream("weights", torch.device("cpu")).initial_seed())
        made, judge = script.Generator(), script.Discriminator()
        labels = torch.arange(8) % class_count if class_count else None
        assert list(made.state_dict()) == list(wanted.generator.state_dict())  # the names in a generator's file
        same_networks(made, wanted.generator, draws(8, config.latent.dim), labels)
        packed = draws(8 // config.pack, channels * config.pack, size, size)
        same_networks(judge, wanted.discriminator, packed, labels)


def points_config(data: PointDataset) -> RunConfig:
    return replace(SMALL, data=data, latent=replace(SMALL.latent, dim=2), generator=MlpGenerator(hidden="8"),
                   discriminator=MlpDiscriminator(hidden="8"))  # fmt: skip


def played_for(config: RunConfig, real: Tensor, fake: Tensor) -> list[Tensor]:
    """What the lines of the script's step make of these logits: D's loss and G's."""
    text = train_script(config, run="r", channels=1)
    lines = re.search(
        r"discriminator\(fake.detach\(\)\).*?\n(.*?) +d_optimizer.*takes for real\.(.*?) +g_opt", text, re.S
    )
    assert lines is not None
    here = {**vars(alive(text)), "real_logits": real, "fake_logits": fake, "real": real, "fake": fake}
    here["discriminator"] = lambda logits: logits
    for part in lines.groups():
        exec(textwrap.dedent(part), here)
    return [here["loss_d"], here["loss_g"]]


@pytest.mark.parametrize("name", losses.names())
def test_every_loss(name: str) -> None:
    for member in variants(losses.get(name).cls()):
        config = replace(SMALL, loss=member, discriminator=replace(SMALL.discriminator, norm="batch"))
        for real, fake in ((draws(9), 3 * draws(9).flip(0)), (40 * draws(9), -40 * draws(9))):
            values, slopes = [], []
            for ours in (True, False):
                r, f = real.clone().requires_grad_(), fake.clone().requires_grad_()
                values += played_for(config, r, f) if ours else [member.d_loss(r, f), member.g_loss(r, f)]
                slopes.append(torch.autograd.grad(values[-2] + values[-1], f))
            torch.testing.assert_close(values[:2], values[2:])
            torch.testing.assert_close(slopes[0], slopes[1])


@pytest.mark.parametrize("name", penalties.names())
def test_every_penalty(name: str) -> None:
    for member in variants(penalties.get(name).cls()):
        script = script_of(replace(SMALL, penalty=member))
        weights = draws(8, 1, 4, 4).requires_grad_()

        def critic(x: Tensor, weights: Tensor = weights) -> Tensor:
            return (x[:, None] * weights).flatten(2).sum(2).square().sum(1)

        real, fake = draws(6, 1, 4, 4), draws(6, 1, 4, 4).flip(0)
        if member.active:
            ours = script.penalty(critic, real, fake, rng())
            theirs = member.penalty(critic, real, fake, rng())
            torch.testing.assert_close(ours, theirs)
            if theirs.requires_grad:
                slopes = [torch.autograd.grad(v, weights, retain_graph=True) for v in (ours, theirs)]
                torch.testing.assert_close(slopes[0], slopes[1])
            assert member.interval == getattr(script, "PENALTY_EVERY", 1)
        if "after_update" in vars(type(member)):
            nets = [torch.nn.Linear(5, 5) for _ in range(2)]
            nets[1].load_state_dict(nets[0].state_dict())
            script.after_update(nets[0])
            member.after_update(nets[1])
            assert torch.equal(nets[0].weight, nets[1].weight)


@pytest.mark.parametrize("name", augmentations.names())
def test_every_augmentation(name: str) -> None:
    for member in variants(augmentations.get(name).cls()):
        script = script_of(replace(SMALL, augmentation=member))
        assert member.active == hasattr(script, "see")
        for channels in (1, 3) if member.active else ():
            images = draws(6, channels, 28, 28).clamp(-1, 1)
            assert torch.equal(script.see(images, 0, rng()), member.augment(images, rng()))


def test_instance_noise_fades_out() -> None:
    noise = replace(SMALL.instance_noise, sigma=0.5, decay_images=1_000)
    script = script_of(replace(SMALL, instance_noise=noise))
    images = torch.zeros(50, 1, 28, 28)
    spread = [float(script.see(images, seen, rng()).std()) for seen in (0, 500, 1_000)]
    np.testing.assert_allclose(spread, [0.5, 0.25, 0.0], rtol=0.02)


@pytest.mark.parametrize("name", schedules.names())
def test_every_schedule(name: str) -> None:
    for member in variants(schedules.get(name).cls()):
        script = script_of(replace(SMALL, schedule=member))
        for images in (0, 1, 20, 4_000, 7_999, 8_000):
            ours = script.learning_rate_factor(images, 8_000) if hasattr(script, "learning_rate_factor") else 1.0
            assert ours == pytest.approx(member.factor(images, 8_000), abs=1e-12)


def moved_by_script(script: Any, text: str, start: Tensor) -> Tensor:
    weight = torch.nn.Parameter(start.clone())
    made = re.search(r"g_optimizer = (.+)", text)
    assert made is not None
    optimizer = eval(made[1].replace("generator.parameters()", "[weight]"), {**vars(script), "weight": weight})
    for number in range(6):
        optimizer.param_groups[0]["lr"] = 0.01 / (number + 1)
        optimizer.zero_grad()
        torch.autograd.backward((weight * (number + 1) * start.sin()).square().sum())
        optimizer.step()
    return weight.detach()


def moved_by_ours(member: Optimizer, start: Tensor) -> Tensor:
    weight = start.clone()
    moments = member.start([weight])
    for number in range(6):
        w = weight.clone().requires_grad_()
        grads = torch.autograd.grad((w * (number + 1) * start.sin()).square().sum(), w)
        member.update(moments, list(grads), 0.01 / (number + 1), None)
    return weight


@pytest.mark.parametrize("own", [False, True], ids=["as torch.optim has it", "as written here"])
@pytest.mark.parametrize("name", optimizers.names())
def test_every_optimizer(name: str, own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if own:
        monkeypatch.setattr(script_optimizers, "torch_optim", lambda options: "")
    for member in variants(optimizers.get(name).cls()):
        text = train_script(replace(SMALL, g_optimizer=member), run="r", channels=1)
        assert ("g_optimizer = torch.optim." in text) != own
        start = draws(30)
        torch.testing.assert_close(moved_by_script(alive(text), text, start), moved_by_ours(member, start))


@dataclass(frozen=True)
class Halving(Optimizer):
    """A member that torch.optim knows nothing of."""

    lr: float = 0.1

    def start(self, weights: list[Tensor]) -> OptimizerState:
        return OptimizerState(weights, ())

    def update(self, moments: OptimizerState, grads: list[Tensor], lr: float, veto: Tensor | None) -> None:
        for weight, grad in zip(moments.weights, grads, strict=True):
            weight.sub_(grad, alpha=self.lr * lr)


def test_an_optimizer_that_torch_does_not_have_comes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    start = draws(30)
    text = train_script(replace(SMALL, g_optimizer=Halving(lr=0.3)), run="r", channels=1)
    torch.testing.assert_close(moved_by_script(alive(text), text, start), moved_by_ours(Halving(lr=0.3), start))


# --- the data


def as_torchvision_has_it(data: Published, loaded: ImageSet) -> Any:
    """What torchvision's dataset of this name gives for the same images, after its documentation."""
    images, labels = loaded.images, loaded.labels
    assert labels is not None

    class Stub:
        def __init__(self, root: object, **options: object) -> None:
            assert options.pop("download")
            expected = {"split": "train"} if isinstance(data, Svhn) else {"train": True}
            if isinstance(data, EmnistLetters):
                expected = {"split": "letters", "train": True}
            assert options == expected
            if isinstance(data, Cifar10):
                self.data, self.targets = images.permute(0, 2, 3, 1).numpy(), labels.tolist()
            elif isinstance(data, Svhn):
                self.data, self.labels = images.numpy(), labels.numpy()
            elif isinstance(data, EmnistLetters):
                self.data, self.targets = images[:, 0].transpose(1, 2), labels + 1
            else:
                assert isinstance(data, Mnist)
                self.data, self.targets = images[:, 0], labels

    return Stub


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("name", datasets.names())
def test_every_dataset(name: str, conditional: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = datasets.get(name)
    data = made_files.fill(tmp_path, monkeypatch).get(entry.cls, entry.cls())
    if isinstance(data, Shapes):
        data = replace(data, count=40, background="white")
    config = points_config(data) if isinstance(data, PointDataset) else replace(SMALL, data=data, size=32)
    info, wanted, given = data.info(tmp_path), data.load(32, tmp_path), None
    config = replace(config, conditional=conditional and wanted.labels is not None)
    if isinstance(data, Published):
        native = data.load(info.native_size, tmp_path)
        names = {
            "Mnist": "MNIST",
            "KMnist": "KMNIST",
            "EmnistLetters": "EMNIST",
            "Cifar10": "CIFAR10",
            "Svhn": "SVHN",
        }
        monkeypatch.setattr(torchvision.datasets, names[entry.cls.__name__], as_torchvision_has_it(data, native))
    elif name == "fashion-mnist":
        given = FOLDER
    elif not is_drawn(config):
        given = tmp_path / "data.npz"
        labels = {} if wanted.labels is None else {"labels": wanted.labels.numpy()}
        np.savez(given, images=wanted.images.numpy(), **labels)
    script = alive(train_script(config, run="r", channels=info.channels, classes=info.classes))
    loaded = script.load_data(given)
    images, labels = loaded if config.conditional else (loaded, None)
    assert torch.equal(images, wanted.images)
    assert images.dtype == wanted.images.dtype
    assert labels is None or torch.equal(labels, wanted.labels)


def test_fashion_of_one_class_and_of_few_images() -> None:
    data = replace_at(replace_at(SMALL, "data.only", "Bag"), "data.count", 50).data
    assert torch.equal(script_of(replace(SMALL, data=data)).load_data(FOLDER), data.load(28, Path()).images)
    images, labels = script_of(replace(SMALL, data=data, conditional=True)).load_data(FOLDER)
    wanted = data.load(28, Path())
    assert torch.equal(images, wanted.images)
    assert torch.equal(labels, wanted.labels)


def test_a_folder_of_pictures_whose_folders_are_classes(tmp_path: Path) -> None:
    for number, folder in enumerate(("cats", "cats", "dogs")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{number}.png").write_bytes(made_files.noise_picture(number))
    data = datasets.get("images").cls()
    config = replace(SMALL, data=data, size=32, conditional=True)
    images, labels = script_of(config, channels=3).load_data(tmp_path)
    assert (images.shape, images.dtype) == ((3, 3, 32, 32), torch.uint8)
    assert labels.tolist() == [0, 0, 1]
    assert images.float().std() > 10
    script = script_of(replace(SMALL, data=data, size=32), channels=3)
    script.__file__ = str(tmp_path / "train.py")
    with pytest.raises(SystemExit, match="There is no .*train.npz: name a folder"):
        script.load_data(None)


@pytest.mark.parametrize("size", [28, 32, 64])
def test_fashion_beside_the_script_is_what_the_run_learns_from(size: int, tmp_path: Path) -> None:
    config = replace_at(replace(SMALL, size=size, conditional=True), "data.count", 60)
    arrays = training_data(config, tmp_path)
    assert arrays["images"].shape == (60, 1, 28, 28)  # no larger than the originals, which the script enlarges
    write_npz(tmp_path / "run.npz", arrays)
    script = alive(train_script(config, run="r", channels=1, classes=CLASSES, name="run.py", with_data=True))
    script.__file__ = str(tmp_path / "run.py")
    images, labels = script.load_data(None)
    wanted = config.data.load(size, tmp_path)
    assert torch.equal(images, wanted.images)
    assert torch.equal(labels, wanted.labels)


# --- the whole

TOLD = re.compile(r"step ([\d,]+)  images ([\d,]+)  d_loss (-?[\d.]+)  g_loss (-?[\d.]+)")


def assert_same_training(config: RunConfig, data: ImageSet, out: Path, told: str, steps: int) -> None:
    """The losses of each step as the script printed them and the averaged weights are the run's."""
    trainer = Trainer(config, data, torch.device("cpu"))
    lines = TOLD.findall(told)
    assert len(lines) == steps
    for number, (step, images, d_loss, g_loss) in enumerate(lines):
        trainer.step()
        assert (int(step), int(images.replace(",", ""))) == (number + 1, trainer.images)
        closeness = 1e-5 if number == 0 else 1e-3  # rounding grows: Adam divides small numbers by small numbers
        wanted = (float(trainer.window.d_loss[-1]), float(trainer.window.g_loss[-1]))
        np.testing.assert_allclose((float(d_loss), float(g_loss)), wanted, rtol=closeness, atol=closeness)
    ours, theirs = load_file(out / "generator.safetensors"), trainer.sampler().state_dict()
    assert sorted(ours) == sorted(theirs)
    # A bias before a normalisation has a slope of rounding alone, of which Adam makes a whole step, another one on
    # every processor: biases are at most so many steps apart, and what is drawn is compared with the same ones.
    apart = {n: float((ours[n].float() - theirs[n].float()).abs().mean()) for n in theirs if theirs[n].numel()}
    assert max(value for name, value in apart.items() if "bias" not in name) < 1e-4
    most = 2.1 * steps * config.g_optimizer.lr
    assert all(float((ours[n] - theirs[n]).abs().max()) <= most for n in theirs if n.endswith("bias"))
    z, labels = draws(6, config.latent.dim), torch.arange(6) % trainer.class_count if trainer.class_count else None
    drawn = trainer.sampler()(z, labels).clone()
    trainer.sampler().load_state_dict({n: (theirs if n.endswith("bias") else ours)[n] for n in theirs})
    assert float((trainer.sampler()(z, labels) - drawn).abs().mean()) < 1e-3


WHOLE = {
    "penalty": penalties, "loss": losses, "augmentation": augmentations, "schedule": schedules,
    "d_optimizer": optimizers, "generator": generators, "discriminator": discriminators,
}  # fmt: skip
MEMBERS = [(field, name) for field, family in WHOLE.items() for name in family.names()]


def trained_here(config: RunConfig, data: ImageSet, out: Path, steps: int = 2) -> None:
    """The script's main in this process, on these images."""
    script = alive(train_script(config, run="r", channels=data.channels, classes=data.classes))
    script.load_data = lambda path: (data.images, data.labels) if config.conditional else data.images
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train.py", "--steps", str(steps), "--every", "1", "--out", str(out)])
        script.main()


@pytest.mark.parametrize(("field", "name"), MEMBERS)
def test_every_member_trains_as_the_run_does(
    field: str, name: str, random_images: ImageSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    member = WHOLE[field].get(name).cls()
    config = replace_at(SMALL, field, narrow(member) if field in ("generator", "discriminator") else member)
    trained_here(config, random_images, tmp_path)
    assert_same_training(config, random_images, tmp_path, capsys.readouterr().out, 2)


ODD = {
    "many of D's updates, packed, with classes": {"k_d": 3, "pack": 2, "conditional": True},
    "no average": {"ema.half_life_images": 0},
    "uniform latents": {"latent.distribution": "uniform"},
    "noise": {"instance_noise.sigma": 0.4, "augmentation": "diffaugment"},
    "fewer images than a batch": {"batch_size": 48, "data.count": 40},
    "normalised D with a penalty": {"discriminator.norm": "batch", "penalty": "dragan", "loss": "relativistic"},
}


@pytest.mark.parametrize("name", list(ODD))
def test_every_setting_of_the_training_itself(
    name: str, random_images: ImageSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = SMALL
    for path, value in ODD[name].items():
        config = replace_at(config, path, value)
    trained_here(config, random_images, tmp_path)
    assert_same_training(config, random_images, tmp_path, capsys.readouterr().out, 2)


def test_bfloat16(random_images: ImageSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = replace(SMALL, precision="bfloat16")
    trained_here(config, random_images, tmp_path, steps=1)
    assert_same_training(config, random_images, tmp_path, capsys.readouterr().out, 1)


def imports(text: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            found.add(node.module.split(".")[0])
    return found


LONGEST = {"fashion-fast": 180, "first-gan": 150, "ring": 210, "wgan-gp": 200}


def checked(text: str, *words: str) -> None:
    ruff = [sys.executable, "-m", "ruff", *words, "--isolated", "--no-cache", "--line-length", "118", "-"]
    done = subprocess.run(ruff, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_s_script_is_clean_and_short(name: str, tmp_path: Path) -> None:
    config = PRESETS[name].config
    info = config.data.info(tmp_path)
    text = train_script(config, run="r", channels=info.channels, classes=info.classes)
    assert imports(text) - set(sys.stdlib_module_names) <= {"torch", "torchvision", "safetensors", "numpy", "PIL"}
    checked(text, "check", "--select", "F,E1,E5,E7,E9,W6,I")
    checked(text, "format", "--check")
    assert len(text.splitlines()) <= LONGEST.get(name, 600)


def test_the_first_script_has_nothing_that_its_run_has_not(tmp_path: Path) -> None:
    config = PRESETS["fashion-fast"].config
    text = train_script(config, run="r", channels=1)
    for absent in (
        "Embedding",
        "Identity",
        "labels",
        "def see",
        "penalty",
        "pack",
        "autocast",
        "None:\n        return",
    ):
        assert absent not in text
    for present in ("torch.optim.Adam", "safetensors", "nn.ConvTranspose2d(64, 32, 4, 2, 1, bias=False)"):
        assert present in text


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_s_script_repeats_the_run(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = replace(PRESETS[name].config, batch_size=8, precision="float32")
    info = config.data.info(tmp_path)
    rng = torch.Generator().manual_seed(5)
    images = torch.randint(256, (40, info.channels, config.size, config.size), generator=rng).to(torch.uint8)
    if isinstance(config.data, PointDataset):
        images = config.data.load(1, tmp_path).images
    labels = torch.arange(len(images)) % len(info.classes) if info.classes else None
    data = ImageSet(images, labels, info.classes, images[:0], None)
    trained_here(config, data, tmp_path)
    assert_same_training(config, data, tmp_path, capsys.readouterr().out, 2)


@pytest.mark.parametrize("name", ["fashion-fast", "ring"])
def test_a_script_runs_on_its_own_and_repeats_the_run(name: str, tmp_path: Path) -> None:
    config = replace(PRESETS[name].config, batch_size=8, precision="float32")
    info = config.data.info(tmp_path)
    text = train_script(config, run="r", channels=info.channels, classes=info.classes)
    assert "gan_core" not in text
    script = tmp_path / "train.py"
    script.write_text(text)
    data = ("--data", str(FOLDER)) if name == "fashion-fast" else ()
    done = run_alone(script, "--steps", "3", "--every", "1", "--out", "made", *data)
    made = tmp_path / "made"
    assert sorted(p.name for p in made.iterdir()) == [f"{s:08d}.png" for s in (1, 2, 3)] + ["generator.safetensors"]
    assert_same_training(config, config.data.load(config.size, tmp_path), made, done.stdout, 3)
