"""The caption: one sentence that says what is going on in the picture. These are all of its rules.

The first rule that holds has the word. Each says only what its own condition has measured on the picture that is
shown (`Moment`), so that it cannot speak against it; and where the referee has found trouble by that step, its
finding comes first, so that the two cannot contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gan_core.measure.captions.moment import MIDDLE, Moment
from gan_core.measure.referee.findings import Finding

GUESSING = 0.12  # D is right about half of all samples, give or take this
HARDLY, AHEAD = 0.62, 0.85  # shares that D is right about: below it can hardly tell, above it sees nearly everything
BELIEVED, CAUGHT = 0.4, 0.7  # shares of a group of points that D sees through: it had not found them, and it has
A_GROUP, CROWDED = 0.25, 0.8  # of all points in one place: many more than belong there, and nearly all
ONE_SPOT = 0.25  # radii of the data, within which all points count as one place
AWAY, THERE = 0.35, 0.85  # shares of the points that have arrived, or of the real ones that are reached
UNMOVED = 0.35  # radii of the data: so far an untrained generator drifts before anything is learned
UNLEARNED, HALF, NEAR = 0.85, 0.5, 0.15  # shares of the way from real pictures to the untrained generator's

Test = Callable[[Moment, "Moment | None"], bool]


@dataclass(frozen=True)
class Rule:
    """One line of the table.

    about: when it holds, for people. when: the same of a moment and the kept one before it. words: what it says, with
    the names of `facts` in braces.
    """

    name: str
    about: str
    when: Test
    words: str


def reached(m: Moment) -> float:
    """How much of it is done: both must grow, points that have arrived and real ones that are reached."""
    return min(m.near, m.covered)


def untouched(m: Moment) -> bool:
    """Whether G has gone nowhere yet; where that is not known, whether it has arrived nowhere."""
    return reached(m) < (THERE if m.moved < UNMOVED else AWAY if m.moved != m.moved else 0.0)


def crowded(m: Moment) -> bool:
    """Whether nearly all points lie together, where the data have several places."""
    return m.counted and len(m.places) > 2 and m.shares[m.crowd] >= CROWDED and (m.near > AWAY or m.spread < ONE_SPOT)


def just_found(m: Moment, before: Moment | None) -> int:
    """The largest group that D believed in the picture before, and sees through now; -1 for none."""
    if before is None or before.places != m.places or m.right_real < BELIEVED:
        return -1
    caught = [
        place for place, now in enumerate(m.right)
        if now >= CAUGHT and before.right[place] <= BELIEVED and m.shares[place] >= A_GROUP
    ]  # fmt: skip
    return max(caught, key=lambda place: m.shares[place], default=-1)


def all_found(m: Moment) -> bool:
    return m.counted and m.found == len(m.places)


def lies_there(m: Moment) -> bool:
    return m.near >= THERE and m.covered >= THERE


OF_POINTS = (
    Rule("broken", "A number in the picture is infinite or undefined.",
         lambda m, _: not m.finite,
         "Numbers have grown out of bounds: there is nothing left to see."),
    Rule("guessing", "D is right about at most 62%, or by chance, and G has hardly moved from where it began.",
         lambda m, _: untouched(m) and (m.d_right <= HARDLY or m.step == 0),
         "Both are guessing: nothing is learned yet."),
    Rule("d-first", "D is right about more than 62%, and G has hardly moved.",
         lambda m, _: untouched(m) and reached(m) < AWAY,
         "D learns first: it is right {right} of the time, and its arrows show G the way."),
    Rule("crowd-found", "The same as the next, and D sees through 70% of them, and knows at least 40% of the real.",
         lambda m, _: crowded(m) and m.right[m.crowd] >= CAUGHT and m.right_real >= BELIEVED,
         "G puts nearly all its points in one place, {where}; D has found out, and its arrows push them away."),
    Rule("crowd", "80% of the points belong to one of several modes and lie together.",
         lambda m, _: crowded(m),
         "G puts nearly all its points in one place, {where}; {empty} of {places} places are empty."),
    Rule("just-found", "D sees through 70% of a group of points; in the kept picture before, through at most 40%.",
         lambda m, before: just_found(m, before) >= 0,
         "D has just found out G's points {group}; its arrows push them away."),
    Rule("fooled-far", "D sees through at most 30% of G's points, and few of them lie where real ones do.",
         lambda m, _: m.right_fake <= 0.3 and m.near < AWAY,
         "D is fooled: it takes {believed} of G's points for real, though few lie where real ones do."),
    Rule("d-ahead", "D is right about at least 85%, and less than 35% is done.",
         lambda m, _: m.d_right >= AHEAD and reached(m) < AWAY,
         "D is ahead: it sees through nearly everything, and its arrows show G's points the way."),
    Rule("scattered", "Some of the points are good, but less than 35%.",
         lambda m, _: m.counted and 0 < m.near < AWAY,
         "{near} of G's points have reached one of the {places} places; the others lie between or beside them."),
    Rule("all-hardly", "Every mode is found, 85% of the points are good, and D is right about at most 62%.",
         lambda m, _: all_found(m) and m.near >= THERE and m.d_right <= HARDLY,
         "All {places} places are found, and D can hardly tell G's points from real ones."),
    Rule("all-found", "Every mode is found: it has a tenth of the good points that it should have.",
         lambda m, _: all_found(m),
         "All {places} places are found: {near} of G's points lie in them, and D is right {right} of the time."),
    Rule("some-found", "Some modes are found, others not.",
         lambda m, _: m.counted and m.found > 0,
         "G has found {found} of {places} places{missing}."),
    Rule("none-found", "No point is good.",
         lambda m, _: m.counted,
         "G's points are on their way: none of them lies where real ones do."),
    Rule("shape-hardly", "85% of the points lie by real ones and reach 85% of these; D is right about at most 62%.",
         lambda m, _: lies_there(m) and m.d_right <= HARDLY,
         "G's points lie where the real ones do, and D can hardly tell them apart."),
    Rule("shape-part", "Less than 85% of the real points have a generated one near them.",
         lambda m, _: m.covered < THERE,
         "G reaches {covered} of the real points; D is right {right} of the time."),
    Rule("shape", "All other pictures of points.",
         lambda *_: True,
         "{near} of G's points lie where real ones do; D is right {right} of the time."),
)  # fmt: skip

OF_IMAGES = (
    Rule("broken", "A number in the picture is infinite or undefined.",
         lambda m, _: not m.finite,
         "Numbers have grown out of bounds: there is nothing left to see."),
    Rule("guessing", "The pictures are no nearer to real ones than untrained ones; D is right about at most 62%.",
         lambda m, _: not m.left <= UNLEARNED and not m.d_right > HARDLY,
         "Both are guessing: nothing is learned yet."),
    Rule("d-first", "The pictures are no nearer to real ones than untrained ones.",
         lambda m, _: not m.left <= UNLEARNED,
         "D learns first: it is right {right} of the time; G has yet to follow."),
    Rule("d-ahead", "D is right about at least 85%.",
         lambda m, _: m.d_right >= AHEAD,
         "D is ahead: it is right {right} of the time. Each that it sees through teaches G."),
    Rule("beginning", "More than 50% of the way is left, by the picture and not by an evaluation.",
         lambda m, _: m.seen > HALF,
         "G begins to change what it draws, which is nothing like real pictures yet; "
         "D is right {right} of the time."),
    Rule("taking-shape", "More than 15% of the way is left.",
         lambda m, _: m.left > NEAR,
         "G's pictures take shape, and are still far from real ones; D is right {right} of the time."),
    Rule("not-measured", "Less than 15% of the way is left by the pixels, and no evaluation has been made yet.",
         lambda m, _: m.d_right == m.d_right and not m.measured,
         "G's pictures take shape: seen coarsely they are like real ones. D is right {right} of the time."),
    Rule("even", "Less than 15% of the way is left, and D is right about 38% to 62%.",
         lambda m, _: abs(m.d_right - 0.5) <= GUESSING,
         "An even match: D is right {right} of the time, and 50% would be guessing."),
    Rule("close", "Less than 15% of the way is left.",
         lambda m, _: m.d_right == m.d_right,
         "G's pictures are close to real ones; D is right {right} of the time."),
)  # fmt: skip

TROUBLES = {
    "diverging": "Training is running away: each update is larger than the one that it answers.",
    "exploding gradient": "Gradients are exploding: each step throws the networks further than the one before.",
    "vanishing gradient": "D is so sure of itself that nothing of what it says reaches G any more.",
    "D wins": "D has won: it sees through nearly everything, and G finds no answer.",
    "G wins": "D is blind: it takes for real what is still far from real.",
    "mode collapse": "Mode collapse: G makes only a few of the things that there are.",
    "memorising": "D knows its training set by heart, and says little about anything else.",
    "oscillation": "The two chase each other: G moves on as soon as D has found it.",
}
"""Kind of a finding -> the caption while it stands; of a kind that is not here its own title."""


def troubles(findings: Sequence[Finding]) -> list[tuple[int, str]]:
    """(first step, caption) of the referee's findings that are trouble, the most urgent first."""
    return [(one.step, TROUBLES.get(one.kind, f"{one.title}.")) for one in findings if one.trouble]


def rule_of(moment: Moment, before: Moment | None = None) -> Rule | None:
    """The first rule that holds of a picture; None where nothing is known. before: the kept picture before it."""
    return next((rule for rule in (OF_POINTS if moment.points else OF_IMAGES) if rule.when(moment, before)), None)


def caption(moment: Moment, before: Moment | None = None, findings: Sequence[Finding] = ()) -> str:
    """What is going on in a picture; "" where nothing is known of it. findings: the newest of the referee."""
    for step, words in troubles(findings):
        if step <= moment.step:
            return words
    rule = rule_of(moment, before)
    words = rule.words.format_map(facts(moment, before)) if rule else ""
    return f"{words[:1].upper()}{words[1:]}"


def facts(m: Moment, before: Moment | None = None) -> dict[str, str]:
    """What the words may name."""
    found = {
        "right": _percent(m.d_right), "believed": _percent(1 - m.right_fake), "near": _percent(m.near),
        "covered": _percent(m.covered), "places": str(len(m.places)), "found": str(m.found),
        "empty": str(len(m.missing)), "missing": _missing(m),
    }  # fmt: skip
    if m.shares:
        found |= {"where": _at(m.middle), "group": _at(m.places[just_found(m, before)])}
    return found


def _percent(share: float) -> str:
    if share > 0 and round(100 * share) == 0:
        return "less than 1%"
    return f"{round(100 * share)}%" if share == share else "an unknown share"


def _at(place: str) -> str:
    return "in the middle" if place == MIDDLE else f"at the {place.replace('-', ' ')}"


def _missing(m: Moment) -> str:
    """Which places nothing lies in, as far as a few words can say."""
    few = 0 < len(set(m.missing)) == len(m.missing) <= 3
    return f"; none lies {', '.join(map(_at, m.missing))}" if few else ""


def table() -> str:
    """All rules as tables in Markdown, in their order."""
    parts = []
    for title, rules in (("Points in the plane", OF_POINTS), ("Pictures", OF_IMAGES)):
        rows = [f"| `{rule.name}` | {rule.about} | {rule.words} |" for rule in rules]
        parts.append("\n".join([f"### {title}\n", "| rule | holds when | caption |", "|---|---|---|", *rows]))
    rows = [f"| {kind} | {words} |" for kind, words in TROUBLES.items()]
    parts.append("\n".join(["### Trouble that the referee has found\n", "| finding | caption |", "|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"
