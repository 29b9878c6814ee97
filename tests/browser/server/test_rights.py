"""A teacher and a student in two browsers on one server: what each sees of the other's run, and may do with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server
from tests.browser.conftest import PATIENCE_SECONDS
from tests.browser.forked import server
from tests.browser.lab import AT_REST, Lab

CLASS, TEACHER = "what-the-class-knows", "what-only-the-teacher-knows"


@pytest.fixture
def classroom(tmp_path: Path) -> Iterator[Server]:
    tokens = {"GANSCOPE_TOKEN": CLASS, "GANSCOPE_TEACHER_TOKEN": TEACHER}
    with server(tmp_path, environment=tokens) as at:
        yield at


def entered(chromium: Browser, at: Server, token: str) -> Page:
    page = chromium.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.goto(f"{at.url}/?access={token}&preset=ring&view=full")
    expect(page).not_to_have_url(re.compile("access="))
    return page


@pytest.mark.long  # every door by itself: tests/pages/server/security/test_rights_at_doors.py
def test_a_run_is_its_owners_and_a_teacher_may_stop_it(chromium: Browser, classroom: Server, tmp_path: Path) -> None:
    ann, ben = entered(chromium, classroom, CLASS), entered(chromium, classroom, CLASS)
    hers, his = Lab(ann, classroom.url), Lab(ben, classroom.url)
    expect(ann.locator(AT_REST)).to_be_attached()
    hers.press("Share")
    ann.get_by_label("Your name here", exact=True).fill("Ann")
    ann.keyboard.press("Enter")
    ann.keyboard.press("Escape")
    hers.press("Train")
    hers.expect_state("training")
    run = hers.run_id()
    expect(hers.button("Pause")).to_be_enabled()
    asked: list[str] = []  # the tokens that his page's sockets were opened with
    ben.on("websocket", lambda one: asked.extend(re.findall(r"/live/.*token=([^&]+)", one.url)))
    ben.goto(f"{classroom.url}/?run={run}&view=full")
    his.expect_state("training")
    whose = ben.locator(".stMarkdownBadge").filter(has_text="Ann's")
    expect(whose).to_be_visible()
    for name in ("Pause", "Stop"):
        expect(his.button(name)).to_be_disabled()
    expect(his.button("Train")).to_be_enabled()
    expect(ben.get_by_test_id("slow-motion")).to_be_disabled()
    his.button("Pause").hover(force=True)
    expect(ben.get_by_text("This is Ann's: only Ann and a teacher may change it.").first).to_be_visible()
    status = ben.evaluate(
        """async ([run, token]) => {
          const answer = await fetch(`live/${run}/command?token=${token}`, { method: "POST",
            headers: { "Content-Type": "application/json" }, body: JSON.stringify({ do: "dissect" }) });
          return [answer.status, await answer.text()];
        }""",
        [run, asked[0]],
    )
    assert status == [403, "This is Ann's: only Ann and a teacher may take it apart."]
    assert "refused: person" in (tmp_path / "server.log").read_text()
    hers.expect_state("training")
    teachers = Lab(entered(chromium, classroom, TEACHER), classroom.url)
    teachers.page.goto(f"{classroom.url}/?run={run}&view=full")
    teachers.expect_state("training")
    expect(teachers.page.locator(AT_REST)).to_be_attached()
    teachers.press("Stop")
    hers.expect_state("stopped")
    his.press("Branch")
    his.press("Start the branch")
    expect(ben).not_to_have_url(re.compile(re.escape(run)))
    expect(whose).to_have_count(0)
    expect(his.button("Pause").or_(his.button("Stop")).first).to_be_enabled()
    for page in (ann, ben, teachers.page):
        page.context.close()
