"""The stage's colours, light and dark: contrast as WCAG 2.2 counts it, and difference for colour-blind eyes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pages.ui.web.component import style

# Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113: linear RGB as seen at full severity.
SEEN = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
XYZ = np.array(((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)))
WHITE = XYZ.sum(1)
LINES = ("contour", "pull")
BACKGROUNDS = ("plane-paper", "heat-fake", "heat-middle", "heat-real")
APART = (("heat-fake", "heat-real"), ("real", "generated"), ("real", "trail"), ("generated", "judge"))


def colours(theme: str) -> dict[str, np.ndarray]:
    """Name -> linear RGB of every --gs- colour that the live view's style sheets give in hexadecimal."""
    found = {}
    head = re.escape(".gs-live[data-dark]" if theme == "dark" else ".gs-live") + r" \{([^}]*)"
    for block in re.findall(head, style("ui/web/live.css", "ui/web/plane/stage.css")):
        for name, code in re.findall(r"--gs-([\w-]+): #([0-9a-f]{6})", block):
            srgb = np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)]) / 255
            found[name] = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return found


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    low, high = sorted(float(XYZ[1] @ c) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b*, in which two colours 20 apart are plainly different."""
    t = XYZ @ linear.clip(0, 1) / WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array((116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_stand_out_from_the_map_and_sides_differ_for_every_eye(theme: str) -> None:
    known = colours("light") | colours(theme)
    for line in LINES:
        for background in BACKGROUNDS:
            assert contrast(known[line], known[background]) >= 3, (line, background)
    for line in ("trouble", "trail", "lattice"):
        assert contrast(known[line], known["plane-paper"]) >= 3, line
    for a, b in APART:
        for eye, matrix in ({"all": np.eye(3)} | SEEN).items():
            distance = np.linalg.norm(lab(np.array(matrix) @ known[a]) - lab(np.array(matrix) @ known[b]))
            assert distance >= 20, (eye, a, b, distance)
