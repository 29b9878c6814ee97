"""The components in a real Chromium without the application around them: made, updated, ended; and their parts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, WebSocket

from benchmarks.serving import Server
from pages.learn import content
from pages.learn.column import lesson_data
from pages.server.http.modules import loader, module_path, modules
from pages.server.live.wire import COLUMNS
from tests.browser.lab import Lab, until

BLANK = "http://place.test/"
LIVE: dict[str, Any] = {
    "token": "t", "run": "", "signature": "", "name": "", "probability": True, "threshold": None, "epoch_images": 1,
    "class_names": [], "preview": None, "missing": "Nothing is here.", "projector": False, "plotly": "/plotly.js",
    "columns": list(COLUMNS), "can_branch": False, "twin": "",
}  # fmt: skip
OVERLAY = {"token": "t", "runs": [], "signature": "", "projector": False, "columns": list(COLUMNS)}
METRIC = {"name": "fid", "label": "Fréchet distance", "unit": "", "higher": False}
SCENE = {
    "name": "collapse", "points": True, "probability": True, "threshold": None, "button": "Help", "cured": "Cured.",
    "changes": [], "gauge": {"label": "Modes", "about": "", "column": "modes_covered", "unit": ""}, "picture": None,
    "known": None,
}  # fmt: skip
TABLE = {
    "token": "t", "rows": [], "count": 0, "chosen": [], "most": 24, "measures": [], "deleted": [], "last": [],
    "projector": False, "heard": [],
}  # fmt: skip
SWEEP = {
    "token": "t", "sweep": "s", "axes": [], "members": [], "measures": [METRIC], "real": "", "signature": "",
    "projector": False,
}  # fmt: skip
LESSONS = {"words": content.words("en"), "languages": {"en": "English"}, "language": "en", "terms": {}}
COMPONENTS: dict[str, dict[str, Any]] = {
    "lab/web/code/code.js": {"scripts": [{"name": "a.py", "label": "PyTorch", "text": "x = 1\n", "missing": ""}]},
    "learn/web/learn.js": LESSONS | {"lessons": [], "questions": []},
    "learn/web/column.js": LESSONS
    | {"page": "lab", "problem": "", "lesson": lesson_data(content.lessons("en")[0]), "list": [], "state": {}},
    "lab/web/main.js": LIVE,
    "lab/web/gallery/gallery.js": {"groups": [], "chosen": "ring"},
    "compare/web/curves/curves.js": OVERLAY | {"measures": [], "evaluations": {}, "plotly": "/plotly.js"},
    "compare/web/samples/samples.js": OVERLAY,
    "compare/web/settings.js": {"runs": [], "rows": []},
    "compare/web/parallel/parallel.js": {
        "runs": [{"id": "a", "name": "A", "values": {"fid": 3.0}}],
        "axes": [],
        "metrics": [METRIC],
    },
    "ui/web/share/share.js": {
        "token": "t",
        "page": "lab",
        "query": {"preset": "ring"},
        "run": "",
        "title": "",
        "only": [],
        "locked": False,
        "controls": [{"name": "loss", "label": "Loss", "group": "Objective"}],
    },
    "explore/web/main.js": {"token": "t", "projector": False},
    "compare/web/family/family.js": {"families": [], "alone": 1},
    "gallery/web/main.js": {
        "token": "t",
        "scene": SCENE,
        "failing": "",
        "fixed": "",
        "projector": False,
        "columns": list(COLUMNS),
    },
    "data/web/pictures.js": {
        "picture": "",
        "across": 2,
        "tiles": [{"index": 0, "words": "Picture 1", "note": ""}],
        "action": "Leave out",
        "mark": "x",
        "hint": "",
        "heard": [],
    },
    "apply/web/painting.js": {"size": 2, "pixels": "AAAAAAAAAAAAAAAA", "words": "Black", "mask": "kA==", "turn": 0},
    "apply/web/video/box.js": {
        "frame": "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=",
        "width": 96,
        "height": 64,
        "box": "16,0,64,64",
        "turn": 1,
        "size": 32,
    },
    "apply/web/video/strength.js": {"token": "t", "text": "0:0 2:1", "turn": 1, "seconds": 2.0, "edit": None},
    "apply/web/video/camera.js": {"token": "t", "model": "asset:shapes", "projector": False},
    "apply/web/editing/editing.js": {
        "token": "t",
        "model": "asset:shapes",
        "kept": "",
        "turn": 0,
        "projector": False,
    },
    "compare/web/runs_table/main.js": TABLE,
    "classroom/web/class.js": {
        "token": "t",
        "teacher": True,
        "questions": {},
        "hosts": [],
        "access": "",
        "explore": [],
    },
    "compare/web/sweep/sweep.js": SWEEP,
}

WITHOUT_A_PLACE = {"ui/web/address.js", "classroom/web/desk.js"}
"""These draw nothing where they stand: the first has a test of its own below, the second is the tab's."""

# As Streamlit's frontend does it: the first call waits for the module, is overtaken by a second, and cleaned up.
OVERTAKEN = """async ([script, data]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const call = async (place) => (await import(url)).default(
    { data: [data], parentElement: place, setTriggerValue() {}, setStateValue() {} });
  const place = document.createElement("div");
  document.body.append(place);
  const first = call(place), second = call(place);
  const clean = await first, view = place.firstElementChild;
  await second;
  clean();
  const kept = !!view && place.firstElementChild === view;
  place.remove();
  (await second)();
  return { kept, left: place.childElementCount };
}"""


@pytest.fixture
def blank(page: Page) -> Page:
    """An empty page on an address of its own; beside it only modules answer."""

    def answer(route: Route) -> None:
        if route.request.url == BLANK:
            route.fulfill(body="<!doctype html><body></body>", content_type="text/html")
        elif text := modules().get(route.request.url.removeprefix(BLANK + module_path(""))):
            route.fulfill(body=text, content_type="text/javascript")
        else:
            route.abort()

    page.route("**/*", answer)
    page.goto(BLANK)
    return page


def test_every_component_is_tried() -> None:
    found = {name for name, text in modules().items() if b"export default" in text}
    assert found == {*COMPONENTS, *WITHOUT_A_PLACE}


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_view_outlives_the_clean_up_of_an_overtaken_call(blank: Page, name: str) -> None:
    data = COMPONENTS[name]
    json.dumps(data)
    assert blank.evaluate(OVERTAKEN, [loader(name), data]) == {"kept": True, "left": 0}


# Another page's column is there before that of the page that is left has been cleaned up.
NEXT_PAGE = """async ([script, data]) => {
  const { default: mount } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const room = () => document.documentElement.dataset.lesson, draw = async (page) => {
    const parentElement = document.body.appendChild(document.createElement("div"));
    const leave = await mount({ data: [{ ...data, page }], parentElement, setTriggerValue() {}, setStateValue() {} });
    return () => { parentElement.remove(); leave(); };
  };
  const before = await draw("lab"), after = await draw("explore");
  before();
  const open = room();
  after();
  return [open, room() ?? ""];
}"""


def test_the_next_page_keeps_the_room_that_it_makes_for_a_lesson(blank: Page) -> None:
    column = "learn/web/column.js"
    assert blank.evaluate(NEXT_PAGE, [loader(column), COMPONENTS[column]]) == ["open", ""]


# What a component of one place tells, and what of it had reached the page when.
TOLD = """async (url) => {
  const { component } = await import(url);
  const call = component(() => ({ update(data, tell) { window.tell = tell; }, close() {} }));
  const told = [], names = () => told.map(([name, value]) => `${name} ${value}`);
  const update = () => call({ data: [{}], parentElement: document.body,
    setTriggerValue: (name, value) => told.push([name, value]), setStateValue() {} });
  update();
  tell("moved", 1);
  tell("branch", 2);
  tell("moved", 3);
  tell("moved", 4);
  const soon = names();
  await new Promise((go) => setTimeout(go, 300));
  const unanswered = names();
  update();
  while (told.length < 3) await new Promise((go) => setTimeout(go, 20));
  return { soon, unanswered, answered: names() };
}"""


def test_a_press_is_not_overtaken_by_what_its_own_view_tells(blank: Page) -> None:
    """Streamlit keeps one event of a component where reruns wait: the newest."""
    pressed = ["moved 1", "branch 2"]
    assert blank.evaluate(TOLD, BLANK + module_path("ui/web/mounting.js")) == {
        "soon": pressed,
        "unanswered": pressed,
        "answered": [*pressed, "moved 4"],
    }


UPGRADED = """async (url) => {
  const text = await (await fetch(url)).text(), told = [];
  const call = async (name) => {
    const other = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const { component } = await import(other);
    return component(() => ({ update() { told.push(name); }, close() { told.push(`${name} is closed`); } }));
  };
  const parentElement = document.createElement("div");
  const given = { data: [{}], parentElement, setTriggerValue() {}, setStateValue() {} };
  document.body.append(parentElement);
  const older = await call("older"), newer = await call("newer");
  const cleanOlder = older(given), cleanNewer = newer(given);
  parentElement.remove();
  cleanOlder();
  cleanNewer();
  return told;
}"""


def test_a_view_from_before_an_upgrade_makes_room_for_the_new_one(blank: Page) -> None:
    told = blank.evaluate(UPGRADED, BLANK + module_path("ui/web/mounting.js"))
    assert told == ["older", "older is closed", "newer", "newer is closed"]


# One component for all addresses, as it stands on the page for a whole visit.
KEPT = """async ([url, calls]) => {
  const { default: keep } = await import(url), parentElement = document.body, seen = [], before = history.length;
  for (const [path, query, back] of calls) {
    history.replaceState({ kept: true }, "", path);
    if (back) window.dispatchEvent(new PopStateEvent("popstate"));
    keep({ data: [query], parentElement, setTriggerValue() {}, setStateValue() {} });
    seen.push(location.pathname + location.search + location.hash);
  }
  return { seen, kept: history.state.kept, entries: history.length - before };
}"""


def test_a_bare_address_is_completed_in_place_and_no_other_is_touched(blank: Page) -> None:
    calls = [
        ("/lab/data#own", "?a=1", False), ("/lab/?run=x", "?a=1", False), ("/", "", False), ("/", "?a=1", True),
    ]  # fmt: skip
    found = blank.evaluate(KEPT, [BLANK + module_path("ui/web/address.js"), calls])
    assert found == {"seen": ["/lab/data?a=1#own", "/lab/?run=x", "/", "/"], "kept": True, "entries": 0}


def test_a_view_that_is_left_lets_go_of_its_socket(page: Page, served: Server) -> None:
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket) if "/live/" in socket.url else None)
    lab = Lab(page, served.url)
    query = "preset=ring&generator.hidden=16&discriminator.hidden=16&batch_size=64&total_images=16000"
    page.goto(f"{served.url}/?{query}")
    lab.press("Train")
    lab.expect_state("Finished")
    page.get_by_role("link", name="Learn").first.click()
    page.wait_for_url("**/learn**")

    def all_closed() -> bool:
        page.wait_for_timeout(50)  # what Playwright hears of sockets comes only while it is asked something
        return bool(sockets) and all(socket.is_closed() for socket in sockets)

    until(all_closed)


# --- parts

PART = """async ([urls, body, data]) => {
  const parts = Object.assign({}, ...(await Promise.all(urls.map((url) => import(url)))));
  return new Function("parts", "data", `return (async () => { with (parts) { ${body} } })()`)(parts, data);
}"""


def run(page: Page, name: str, body: str, data: Any = None) -> Any:
    """What the body of a function gives that sees what a module exports, the pages' words, and `data`."""
    urls = [BLANK + module_path(one) for one in ("ui/web/words.js", name)]
    return page.evaluate(PART, [urls, body, data])


def test_a_kept_step_outlives_a_list_from_the_disk_that_does_not_have_it_yet(blank: Page) -> None:
    body = """
      const feed = Object.assign(Object.create(Feed.prototype), { kept: [[0, 0], [20, 640]], told() {} });
      feed.receive({ header: { type: "timeline", kept: [[0, 0], [10, 320]] }, blobs: [] });
      return feed.kept;"""
    assert run(blank, "ui/web/channel/feeds.js", body) == [[0, 0], [10, 320], [20, 640]]


def test_a_score_beyond_1_on_its_way_between_two_pictures_has_the_colour_of_1(blank: Page) -> None:
    body = "return [-0.01, 0, 0.5, 1, 1.01].map((score) => seen(score, true)).concat(seen(1.5, false));"
    assert run(blank, "ui/web/plane/stage_scale.js", body) == [-8, -8, 0, 8, 8, 1.5]


def test_points_in_one_place_are_no_alarm_where_the_real_ones_are(blank: Page) -> None:
    body = """
      const wide = new Float32Array(400).map((_, i) => Math.sin(i)), spot = wide.map((at) => 0.01 * at);
      const places = new Places(), words = [];
      for (const real of [wide, spot, undefined]) {
        places.look(200, spot, { extent: [-1, 1, -1, 1], modes: null, real });
        words.push(places.words.length);
      }
      return words;"""
    assert run(blank, "ui/web/plane/stage_places.js", body) == [1, 0, 1]


def test_how_far_points_are_is_told_from_what_the_untrained_generator_measured(blank: Page) -> None:
    """The curves begin when most is learned; who looks back is told of which step the number is."""
    body = """
      const headline = new Headline(), said = [];
      const columns = { step: [500, 1000], sliced_wasserstein: [0.04, 0.02] };
      headline.reset({ columns, row: (step) => (step < 1000 ? 0 : 1) });
      headline.setStage({ modes: null, floors: { sliced_wasserstein: { mean: 0.01 } } });
      const tell = () => { headline.draw(); said.push([headline.value.textContent, headline.note.textContent]); };
      tell();
      headline.add({ features: "points", samples: 2500, step: 0, values: { sliced_wasserstein: 0.4 }, floor: {} });
      tell();
      headline.cursor = 500;
      tell();
      headline.end();
      return said;"""
    assert run(blank, "lab/web/quality/headline.js", body) == [
        ["–", ""], ["5%", "real against real 2.5%"], ["10%", "real against real 2.5% · step 500"]
    ]  # fmt: skip


def test_the_first_picture_of_a_page_does_not_lie_over_the_teacher_s(blank: Page) -> None:
    """It was asked for when the page was opened, and may come after the teacher's: that one waits for it."""
    body = """
      const drawn = [], picture = { showLed() {}, draw: ({ size }) => drawn.push(size), describe() {} };
      const explorer = { model: { id: "a", step: 1 }, busy: true };
      const inside = { querySelector: () => ({ view: { explorer, picture, lookOf: () => null } }) };
      const guide = new Guide({ contentDocument: inside });
      const sheet = new OffscreenCanvas(4, 4);
      sheet.getContext("2d");
      const bytes = await (await sheet.convertToBlob()).arrayBuffer();
      await guide.draw({ words: "" }, bytes);
      const before = [...drawn], page = { model: "a", step: "1", look: null };
      explorer.busy = false;
      guide.leadExplore(inside, page);
      while (!drawn.length) await new Promise((done) => setTimeout(done, 5));
      return [before, drawn];"""
    assert run(blank, "ui/web/class/view.js", body) == [[], [4]]


SLOW = """
  const shown = [], waits = {};
  window.fetch = (url) => new Promise((done) => { waits[url] = () => done({ ok: true, json: async () => (
    { png: "", scores: [], step: url, size: 0 }) }); });
  window.createImageBitmap = async () => ({});
  const shower = new Shower({ held: 2, display: (frame) => shown.push(frame.step) });
  const arrive = async (url) => { waits[url](); await new Promise((done) => setTimeout(done, 20)); };
"""


def test_the_newest_wish_is_shown_where_the_one_before_was_still_on_its_way(blank: Page) -> None:
    body = f"""{SLOW}
      shower.show("step=5&seed=1");
      shower.show("step=5&seed=2");
      await arrive("step=5&seed=1");
      await arrive("step=5&seed=2");
      return shown;"""
    assert run(blank, "ui/web/channel/shower.js", body) == ["step=5&seed=2"]


def test_what_comes_after_its_run_was_put_away_is_not_shown(blank: Page) -> None:
    body = f"""{SLOW}
      shower.show("a");
      shower.forget();
      await arrive("a");
      return shown;"""
    assert run(blank, "ui/web/channel/shower.js", body) == []


def test_frames_are_held_up_to_a_number(blank: Page) -> None:
    body = f"""{SLOW}
      for (const url of ["a", "b", "c"]) {{ shower.show(url); await arrive(url); }}
      return [shown, [...shower.frames.keys()]];"""
    assert run(blank, "ui/web/channel/shower.js", body) == [["a", "b", "c"], ["b", "c"]]


def test_a_replay_shows_every_moment_and_goes_back_to_the_newest(blank: Page) -> None:
    body = """
      const moved = [], timeline = new Timeline({ onMove: (x) => { moved.push(x); }, says: (x) => `step ${x}` });
      timeline.show([0, 10, 20], null);
      const words = timeline.slider.getAttribute("aria-valuetext");
      await timeline.replay();
      timeline.replay();
      timeline.slider.value = "1";
      timeline.slider.dispatchEvent(new Event("input"));
      return [words, moved, timeline.playing];"""
    assert run(blank, "ui/web/channel/timeline.js", body) == ["step 20", [0, 10, 20, None, 0, 10], None]


def test_a_new_stage_shows_the_layers_that_the_others_show(blank: Page) -> None:
    kind = {"points": True, "probability": True, "threshold": 0.5, "classes": [], "checkpoints": []}
    runs = [{"id": letter, "name": letter, "letter": letter, "place": i, **kind} for i, letter in enumerate("AB")]
    body = """
      const view = new SamplesView(document.body);
      view.update({ ...data, runs: data.runs.slice(0, 1) }, () => {});
      view.toggleLayer("heat");
      view.update(data, () => {});
      view.toggleLayer("arrows");
      const shown = view.stages().map((stage) => [...stage.shown].sort().join());
      view.close();
      return shown;"""
    shown = run(blank, "compare/web/samples/samples.js", body, OVERLAY | {"runs": runs})
    assert shown == ["contour,fakes,manifold,real"] * 2


def test_the_tables_focus_stays_while_a_run_trains(blank: Page) -> None:
    row: dict[str, Any] = {
        "id": "a", "name": "Ring", "preset": "Ring", "state": "running", "words": "training", "data": "ring",
        "live": True, "error": "", "step": 1, "images": 1, "total": 9, "seconds": 1, "created": "2026-01-01T00:00Z",
        "checkpoints": 0, "parent": "", "parent_name": "", "parent_step": 0, "against": "", "differs": [],
        "tags": ["mine"], "notes": "", "bytes": 1, "thumb": None, "metrics": {}, "waits": "",
    }  # fmt: skip
    body = """
      const table = new RunsTable(document.body), answer = { rows: [{ ...data.rows[0], step: 2 }], count: 1 };
      table.update(data, () => {});
      const kept = [];
      for (const found of [".gt-tag", ".gt-name", ".gt-pill button"]) {
        const held = document.querySelector(found);
        held.focus();
        window.fetch = async () => ({ ok: true, json: async () => answer });
        await table.poll();
        kept.push(document.activeElement === held);
      }
      table.close();
      return kept;"""
    data = TABLE | {"rows": [row], "count": 1, "chosen": ["a"]}
    assert run(blank, "compare/web/runs_table/main.js", body, data) == [True, True, True]


def test_a_press_in_the_family_tree_is_a_click_though_a_run_goes_on_meanwhile(blank: Page) -> None:
    row: dict[str, Any] = {
        "id": "a", "name": "Ring", "state": "running", "step": 1, "begins": 0, "branched": -1, "parent_row": -1,
        "twin_row": -1, "orphan": False, "words": "", "letter": "", "colour": "",
    }  # fmt: skip
    body = """
      window.told = [];
      window.tree = new FamilyTree(document.body);
      window.now = (step) => tree.update({ families: [[{ ...data, step }]], alone: 0 }, (...what) => told.push(what));
      now(1);"""
    run(blank, "compare/web/family/family.js", body, row)
    box = blank.get_by_role("button", name="Ring", exact=True).bounding_box()
    assert box
    blank.mouse.move(box["x"] + 5, box["y"] + 5)
    blank.mouse.down()
    blank.evaluate("now(2)")
    blank.mouse.up()
    told = blank.evaluate("told.map(([name, wishes]) => [name, wishes.map((wish) => wish.slice(1))])")
    assert told == [["asked", [["open", "a"]]]]
    until(lambda: "step 2" in blank.get_by_test_id("family").inner_text())


def test_the_legend_stays_where_a_state_is_told_again(blank: Page) -> None:
    runs = [{"id": "a", "name": "A", "letter": "A", "place": 0, "state": "running", "points": True}]
    body = """
      const view = new CompareCurves(document.body);
      view.update(data, () => {});
      const before = document.querySelector(".gc-run");
      for (const state of ["running", "running"]) {
        view.feeds.all.get("a").receive({ header: { type: "state", view: { state } }, blobs: [] });
      }
      const same = document.querySelector(".gc-run") === before;
      view.feeds.all.get("a").receive({ header: { type: "state", view: { state: "paused" } }, blobs: [] });
      const words = document.querySelector(".gc-run").innerText;
      view.close();
      return [same, words];"""
    data = OVERLAY | {"runs": runs, "measures": [], "evaluations": {"a": {}}, "plotly": "/plotly.js"}
    same, words = run(blank, "compare/web/curves/curves.js", body, data)
    assert same
    assert "paused" in words


def test_a_button_that_is_drawn_anew_keeps_the_focus(blank: Page) -> None:
    body = """
      const row = make("div"), button = (name) => make("button", { "data-testid": name });
      document.body.append(row);
      renew(row, button("a"), button("b"));
      row.lastChild.focus();
      renew(row, button("a"), button("b"), button("c"));
      return document.activeElement.dataset.testid;"""
    assert run(blank, "ui/web/words.js", body) == "b"


WISHES = """async ([script, data]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: mount } = await import(url), parentElement = document.body, told = [];
  const setTriggerValue = (name, value) => { if (name === "asked") told.push(structuredClone(value)); };
  const call = (heard) => mount({ data: [{ ...data, heard }], parentElement, setTriggerValue, setStateValue() {} });
  await call([]);
  const choose = () => document.querySelector("[aria-label='Choose all that are shown']").click();
  choose();
  choose();
  await call([told[1][0][0]]);
  choose();
  return told.map((wishes) => wishes.map(([, name]) => name));
}"""


def test_a_wish_that_another_overtakes_is_told_again_until_it_is_answered(blank: Page) -> None:
    """Streamlit keeps one event of a component where reruns wait: tags would be lost where notes come soon after."""
    found = blank.evaluate(WISHES, [loader("compare/web/runs_table/main.js"), TABLE])
    assert found == [["choose"], ["choose", "choose"], ["choose", "choose"]]
