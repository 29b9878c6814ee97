"""`sweep`: what it prints is what lies on the disk, and its members are runs like any other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gan_core.cli.training.sweep import seeds_from
from tests.cli.conftest import Answer

Cli = Callable[..., Answer]
TINY = [
    "--preset", "ring", "--set", "generator.hidden=8", "--set", "discriminator.hidden=8", "--set", "batch_size=16",
    "--set", "record.every_steps=2", "--device", "cpu", "--threads", "1",
]  # fmt: skip


def test_a_grid_with_seeds_trains_together_and_names_the_best(cli: Cli) -> None:
    told = cli(
        "sweep", *TINY, "--over", "g_optimizer.lr=0,0.004", "--seeds", "1,2", "--steps", "20", "--json"
    ).json()  # fmt: skip
    members = told["members"]
    assert [m["set"] for m in members] == [
        {"g_optimizer.lr": lr, "seed": seed} for lr in ("0", "0.004") for seed in ("1", "2")
    ]
    assert [(m["state"], m["steps"], m["error"]) for m in members] == [("finished", 20, "")] * 4
    assert (told["together"], told["measure"]) == (4, "sliced_wasserstein")
    assert told["best"] == min(members, key=lambda m: m["values"]["sliced_wasserstein"])["run"]
    listed = {run["id"]: run for run in cli("runs", "--json").json()}
    assert {listed[m["run"]]["sweep"] for m in members} == {told["sweep"]}
    assert [listed[m["run"]]["config"]["g_optimizer"]["lr"] for m in members] == [0.0, 0.0, 0.004, 0.004]
    assert cli("resume", members[0]["run"], "--steps", "24", "--device", "cpu", "--threads", "1", "--json").json()[
        "steps"
    ] == 24  # fmt: skip


def test_steps_are_the_length_of_each_whatever_a_step_of_it_sees(cli: Cli) -> None:
    told = cli("sweep", *TINY, "--over", "k_d=1,2", "--over", "batch_size=16,32", "--steps", "9", "--json").json()
    assert [(m["state"], m["steps"]) for m in told["members"]] == [("finished", 9)] * 4
    listed = {run["id"]: run for run in cli("runs", "--json").json()}
    images = [listed[m["run"]]["total_images"] for m in told["members"]]
    assert images == [9 * 16, 9 * 32, 9 * 32, 9 * 64], "so that a schedule ends where the run ends"


def test_one_by_one_is_each_to_the_last_bit_as_it_would_be_alone(cli: Cli) -> None:
    told = cli("sweep", *TINY, "--seeds", "3..4", "--steps", "8", "--one-by-one", "--json").json()
    assert told["together"] == 0
    alone = cli("sweep", *TINY, "--seeds", "4,5", "--steps", "8", "--one-by-one", "--json").json()
    assert told["members"][1]["values"] == alone["members"][0]["values"]


def test_a_random_search_draws_as_many_as_were_asked_for(cli: Cli) -> None:
    answer = cli("sweep", *TINY, "--over", "g_optimizer.lr=1e-4..1e-2", "--random", "3", "--steps", "4",
                 "--measure", "modes_covered")  # fmt: skip
    assert answer.status == 0
    head, *rows = answer.out.splitlines()
    assert head.split() == ["run", "g_optimizer.lr", "state", "steps", "modes_covered", "best"]
    assert len(rows) == 3
    assert all(1e-4 <= float(row.split()[1]) <= 1e-2 for row in rows)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "several seeds"), (("--over", "g_optimizer.lr=0..1"), "a grid needs its values"),
        (("--over", "nothing=1,2"), "not a field"), (("--seeds", "a,b"), "--seeds"), (("--seeds", "5..1"), "--seeds"),
        (("--seeds", "1,2", "--measure", "class_entropy"), "Neither end"),
        (("--seeds", "1,2", "--measure", "beauty"), "no measure"), (("--seeds", "1..65"), "at most 64"),
        (("--over", "generator.hidden=8;9000"), "generator.hidden"),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_one_sentence(cli: Cli, words: tuple[str, ...], says: str) -> None:
    assert says in cli("sweep", *TINY, *words).sentence()
    assert cli("runs", "--json").json() == []


def test_seeds_as_people_type_them() -> None:
    assert seeds_from("") == ()
    assert seeds_from("3") == (3,)
    assert seeds_from("1, 2,2,7") == (1, 2, 7)
    assert seeds_from("4..6") == (4, 5, 6)
