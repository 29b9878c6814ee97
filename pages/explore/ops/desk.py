"""What an operation is made of; it stands in `pages.ui`, where the channel finds it without bringing torch."""

from __future__ import annotations

from pages.ui.explore_desk import OPERATIONS, Cancelled, Desk, Operation, Reply, number, operation, whole, words

__all__ = ["OPERATIONS", "Cancelled", "Desk", "Operation", "Reply", "number", "operation", "whole", "words"]
