"""Train many runs that differ in a few settings; small dense ones together in one step."""

from __future__ import annotations

from gan_core.cli.options import Parser, add_engine, add_json, add_settings, add_title, number, whole_number
from gan_core.cli.training.sweep import sweep as run
from gan_core.runs.groups.sweep_file import MOST_CPUS, MOST_GPUS, REDUCTIONS

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    add_settings(parser)
    parser.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="FIELD=VALUES",
        help="a setting to sweep: FIELD=VALUE,VALUE, FIELD=LOW..HIGH:COUNT, or with --random FIELD=LOW..HIGH; values "
        "with commas are divided by semicolons; may be given several times",
    )
    parser.add_argument(
        "--seeds", default="", metavar="S,S", help="seeds that each combination is tried with (or 1..8)"
    )
    parser.add_argument(
        "--random",
        type=whole_number(1, 64),
        default=0,
        metavar="N",
        help="try N combinations drawn at random instead of all of them",
    )
    parser.add_argument(
        "--random-seed", type=whole_number(0, 2**31 - 1), default=1, metavar="S", help="of that drawing (default: 1)"
    )
    parser.add_argument(
        "--measure", default="", metavar="NAME", help="what says which is best, such as modes_covered"
    )
    parser.add_argument(
        "--resume", default="", metavar="SWEEP", help="go on with a sweep as it was begun: its id, or the beginning"
    )
    add_cluster(parser)
    parser.add_argument("--one-by-one", action="store_true", help="train one after another even where they need not")
    parser.add_argument("--steps", type=whole_number(1, 1_000_000_000), metavar="N", help="the length of each run")
    add_title(parser)
    add_engine(parser)
    add_json(parser)
    parser.set_defaults(images=None, seed=None)


def add_cluster(parser: Parser) -> None:
    """Where members train elsewhere, what each takes there, and which are stopped early."""
    parser.add_argument(
        "--on", default="", metavar="CLUSTER",
        help="train on a Ray cluster: ray for the one that this machine belongs to, or ray://HOST:10001",
    )  # fmt: skip
    parser.add_argument(
        "--cpus", type=whole_number(1, MOST_CPUS), metavar="N",
        help="with --on: processors, and threads, of each member (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--gpus", type=number(0, MOST_GPUS), metavar="N",
        help="with --on: GPUs of each member, or 0.5 for two on one (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--asha", action="store_true", help="with --on: stop members early that are worse than others by --measure"
    )
    parser.add_argument(
        "--grace-steps", type=whole_number(1, 1_000_000_000), metavar="N",
        help="with --asha: the steps that every member may take (default: a ninth of its length)",
    )  # fmt: skip
    parser.add_argument(
        "--reduction-factor", type=whole_number(REDUCTIONS[0], REDUCTIONS[-1]), metavar="N",
        help="with --asha: about one in N goes on from each rung (default: 3)",
    )  # fmt: skip
