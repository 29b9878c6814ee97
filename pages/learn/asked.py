"""What the application asks, by the name under which an answer is told to the class."""

from __future__ import annotations

from typing import Any

from pages.learn import content
from pages.learn.blocks import Block
from pages.learn.column import language


def told_questions() -> dict[str, dict[str, Any]]:
    """Name -> its text, choices and the right one's index (-1: a number is asked for); in this tab's language."""
    chosen = language()
    found = {
        f"check.{when}.{block.id}": _told(block)
        for block in content.questions(chosen)
        for when in ("before", "after")
    }
    for lesson in content.lessons(chosen):
        for block in lesson.of_kind("question"):
            found[f"lesson.{lesson.number}.{block.id}"] = _told(block)
    return found


def _told(block: Block) -> dict[str, Any]:
    right = next((at for at, choice in enumerate(block.choices) if choice.right), -1)
    return {"text": block.text, "choices": [choice.text for choice in block.choices], "right": right}
