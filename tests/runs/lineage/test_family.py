"""The family tree: everybody once, below the parent, and no line across another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gan_core.runs.lineage.family import Member, families
from gan_core.runs.snapshot import RunView


def run(name: str, step: int = 100, **of: object) -> RunView:
    plain = RunView(name, "", "", "finished", step, step * 8, 1000, 1.0, 0.0, "cpu", 1, {}, "2026-01-01T00:00:00Z")
    return RunView(**{**plain.__dict__, **of})  # type: ignore[arg-type]


def rows(members: list[Member]) -> list[tuple[str, int, int, int]]:
    return [(m.view.id, m.begins, m.parent_row, m.twin_row) for m in members]


def test_branches_stand_below_their_parent_the_later_the_nearer() -> None:
    found = families([
        run("a"), run("b-early", parent="a", parent_step=10), run("c-late", parent="a", parent_step=80),
        run("d", parent="c-late", parent_step=90), run("e-alone"),
    ])  # fmt: skip
    assert [rows(members) for members in found] == [
        [("e-alone", 0, -1, -1)],
        [("a", 0, -1, -1), ("c-late", 80, 0, -1), ("d", 90, 1, -1), ("b-early", 10, 0, -1)],
    ]


def test_twins_are_one_family_with_the_branches_of_both() -> None:
    (members,) = families([
        run("a", twin_of="b"), run("b", twin_of="a"), run("c", parent="a", parent_step=5),
        run("d", parent="b", parent_step=7),
    ])  # fmt: skip
    assert rows(members) == [("a", 0, -1, -1), ("c", 5, 0, -1), ("b", 0, -1, 0), ("d", 7, 2, -1)]


def test_a_parent_or_a_twin_that_is_gone_or_denies_it_and_a_loop_of_an_edited_folder() -> None:
    found = families([
        run("a", parent="gone", parent_step=40), run("b", twin_of="gone"), run("c", twin_of="a"),
        run("x", parent="y", parent_step=1), run("y", parent="x", parent_step=2),
    ])  # fmt: skip
    assert [rows(members) for members in found] == [
        [("x", 1, -1, -1), ("y", 2, 0, -1)], [("c", 0, -1, -1)], [("b", 0, -1, -1)], [("a", 40, -1, -1)],
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 90)), max_size=25))
def test_everybody_once_and_no_line_crosses_another(parents: list[tuple[int, int]]) -> None:
    """A branch's own steps begin at or after its parent's, as they do in every run."""
    views: list[RunView] = []
    for i, (of, after) in enumerate(parents):
        parent = views[of] if of < i else None
        begins = parent.parent_step + after if parent else 0
        views.append(run(f"r{i:02d}", 10_000, parent=parent.id if parent else "", parent_step=begins))
    found = families(views)
    assert sorted(m.view.id for members in found for m in members) == sorted(v.id for v in views)
    for members in found:
        for row, member in enumerate(members):
            if member.view.parent:
                assert members[member.parent_row].view.id == member.view.parent
                between = members[member.parent_row + 1 : row]  # lines run to the right from where they begin
                assert all(other.begins >= member.begins for other in between)
