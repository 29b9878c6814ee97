"""The report as one HTML file: no script, nothing fetched, drawn as SVG; every outside word is escaped."""

from __future__ import annotations

import base64
from typing import Any

from jinja2 import Environment, StrictUndefined

WIDTH, ROW, LEFT = 720, 34, 260

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a2027 }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .25rem .6rem; text-align: right }
th:first-child, td:first-child { text-align: left } tr + tr { border-top: 1px solid #dfe4ea }
.verdict { font-size: 1.15rem; border-left: 4px solid #0f766e; padding-left: 1rem } img { image-rendering: pixelated }
.matrix td { font-size: .75rem; text-align: center; border: 1px solid #fff } text { font: 13px system-ui, sans-serif }
</style></head><body>
<h1>{{ title }}</h1>
<p class="verdict">{{ found.verdict }}</p>
<p>Accuracy of the same classifier, trained from scratch, on {{ "{:,}".format(found.held_out) }} images that nothing
learned from; mean of {{ found.seeds | length }} seeds, with the 95% interval by Student's t.</p>
<svg role="img" aria-label="Accuracy of each way" width="{{ width }}" height="{{ bars | length * row + 30 }}">
{% for bar in bars %}<g transform="translate(0,{{ loop.index0 * row }})">
<text x="{{ left - 8 }}" y="21" text-anchor="end">{{ bar.label }}</text>
<rect x="{{ left }}" y="7" width="{{ bar.width }}" height="20" fill="{{ bar.colour }}"/>
{% if bar.low is not none %}<path d="M{{ bar.low }} 17H{{ bar.high }}M{{ bar.low }} 12v10M{{ bar.high }} 12v10"
stroke="#111" fill="none"/>{% endif %}
<text x="{{ left + 6 }}" y="21" fill="#fff">{{ bar.text }}</text></g>{% endfor %}
</svg>
<table><tr><th>Way</th><th>Accuracy</th><th>95% interval</th><th>Against real, points</th></tr>
{% for name, way in found.ways.items() %}<tr><td>{{ way.label }}</td><td>{{ share(way.mean) }}</td>
<td>{{ between(way, 100) }}</td><td>{{ change(found.differences.get(name)) }}</td></tr>{% endfor %}</table>
{% if found.filter_effects %}<h2>What the filter does</h2>
<table><tr><th>Way</th><th>Against the same unfiltered, points</th></tr>
{% for name, effect in found.filter_effects.items() %}<tr><td>{{ found.ways[name].label }}</td>
<td>{{ change(effect) }}</td></tr>{% endfor %}</table>{% endif %}
<h2>Each class</h2>
<p>Accuracy, and the change against real images in points. Of many classes, some change by chance.</p>
<table><tr><th>Class</th>{% for way in found.ways.values() %}<th>{{ way.label }}</th>{% endfor %}</tr>
{% for name in found.class_names %}{% set index = loop.index0 %}<tr><td>{{ name }}</td>
{% for way in found.ways %}{% set one = found.classes[way][index] %}<td>{{ share(one.accuracy) }}
{% if way != "real" %}({{ "%+.1f" | format(one.change.mean) }}){% endif %}</td>{% endfor %}</tr>{% endfor %}</table>
<h2>What is taken for what</h2>
{% for way, matrix in shares.items() %}<h3>{{ found.ways[way].label }}</h3>
<table class="matrix"><tr><th></th>{% for name in found.class_names %}<th>{{ name }}</th>{% endfor %}</tr>
{% for cells in matrix %}<tr><td>{{ found.class_names[loop.index0] }}</td>{% for cell in cells %}
<td style="background: rgba(15, 118, 110, {{ "%.2f" | format(cell) }})">{{ "%.0f" | format(100 * cell) }}</td>
{% endfor %}</tr>{% endfor %}</table>{% endfor %}
{% if picture %}<h2>Synthetic images of the first seed</h2>
<img alt="A column for each class" src="data:image/png;base64,{{ picture }}">{% endif %}
{% if found.notes %}<h2>To know</h2><ul>{% for note in found.notes %}<li>{{ note }}</li>{% endfor %}</ul>{% endif %}
</body></html>
"""
MOST_CLASSES = 30  # with more, matrices are left out: nobody could read them


def report_html(outcome: dict[str, Any], title: str, sheet_png: bytes) -> bytes:
    """outcome: as `outcome.summarise` gives it. sheet_png: b"" for none."""
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(_PAGE)
    shares = {} if len(outcome["class_names"]) > MOST_CLASSES else {
        way: [[cell / max(1, sum(row)) for cell in row] for row in matrix]
        for way, matrix in outcome["confusion"].items()
    }  # fmt: skip
    return page.render(
        title=title, found=outcome, bars=[_bar(name, way) for name, way in outcome["ways"].items()], shares=shares,
        picture=base64.b64encode(sheet_png).decode(), share=_share, between=_between, change=_change,
        width=WIDTH, row=ROW, left=LEFT,
    ).encode()  # fmt: skip


def _bar(name: str, way: dict[str, Any]) -> dict[str, Any]:
    def place(value: float) -> float:
        return round(LEFT + value * (WIDTH - LEFT - 10), 1)

    return {
        "label": way["label"], "colour": "#64748b" if name == "real" else "#0f766e", "text": _share(way["mean"]),
        "width": round(place(way["mean"]) - LEFT, 1),
        "low": None if way["low"] is None else place(way["low"]),
        "high": None if way["high"] is None else place(way["high"]),
    }  # fmt: skip


def _share(value: float) -> str:
    return f"{100 * value:.1f}%"


def _between(found: dict[str, Any], times: float) -> str:
    if found["low"] is None:
        return "one seed: none"
    return f"{times * found['low']:.1f} to {times * found['high']:.1f}"


def _change(found: dict[str, Any] | None) -> str:
    return "" if found is None else f"{found['mean']:+.1f} ({_between(found, 1)})"
