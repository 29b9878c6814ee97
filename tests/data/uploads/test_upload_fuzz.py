"""Whatever the bytes of an upload: every file is accounted for, its neighbours are kept, memory stays sane."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gan_core.data import read_uploads
from gan_core.data.own.own_set import load_own
from tests.data.made_files import noise_picture, picture, zipped
from tests.data.uploads.hostile_files import png_header, webp_canvas

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KINDS = {kind: noise_picture(3, kind, (20, 20)) for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF")} | {
    "ANIMATED": picture(Image.new("P", (20, 20)), "GIF", save_all=True, append_images=[Image.new("P", (20, 20), 7)]),
    "EXIF": picture(
        Image.new("RGB", (20, 20)),
        "JPEG",
        exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
    ),
    "ZIP": zipped({"a/1.png": noise_picture(1), "b/2.png": noise_picture(2)}),
}


def survives(content: bytes, tmp_path: Path) -> None:
    """Whatever the bytes: an answer that accounts for every file, and the good neighbour kept."""
    report = read_uploads([("bad", content), ("good.png", noise_picture(77))], "t", tmp_path)
    assert report.read >= 1
    assert report.passed_over == 0
    images = load_own(tmp_path, report.slug)[0]
    assert images.shape == (report.read, 3, 64, 64)
    assert all(refusal.reason for refusal in report.refused)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's remarks on odd files
@pytest.mark.parametrize("kind", KINDS)
@QUIET
@given(data=st.data())
def test_changed_cut_and_repeated_bytes_never_escape(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    raw = bytearray(KINDS[kind])
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    start = data.draw(st.integers(0, len(raw)))
    stop = data.draw(st.integers(start, len(raw)))
    action = data.draw(st.sampled_from(["keep", "cut", "double", "drop"]))
    if action == "cut":
        raw = raw[:stop]
    elif action == "double":
        raw = raw[:stop] + raw[start:]
    elif action == "drop":
        raw = raw[:start] + raw[stop:]
    survives(bytes(raw), tmp_path)


@pytest.mark.filterwarnings("ignore::UserWarning")
@QUIET
@given(
    start=st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP", b"PK\x03\x04"]
    ),
    rest=st.binary(max_size=400),
)
def test_no_bytes_at_all_escape(start: bytes, rest: bytes, tmp_path: Path) -> None:
    survives(start + rest, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
def test_memory_stays_sane_on_the_largest_pictures_allowed(tmp_path: Path) -> None:
    """In a process of its own: 40-megapixel pictures in the costliest modes, a huge canvas and a bomb."""
    big = 6_300
    noise = np.random.default_rng(0).integers(0, 256, (100, 100), dtype=np.uint8)
    files = {
        "rgba.png": picture(Image.new("RGBA", (big, big), (1, 2, 3, 100)), compress_level=1),
        "palette.png": picture(Image.new("P", (big, big)), transparency=0),
        "deep.png": picture(Image.fromarray(np.zeros((big, big), np.uint16)), compress_level=1),
        "cmyk.jpg": picture(Image.new("CMYK", (big, big), (9, 90, 200, 30)), "JPEG"),
        "canvas.webp": webp_canvas(16_383),
        "bomb.png": png_header(2**31 - 1, 2**31 - 1),
        "good.png": picture(Image.fromarray(noise)),
    }
    (tmp_path / "x.zip").write_bytes(zipped(files, zipfile.ZIP_STORED))
    program = textwrap.dedent("""
        import resource, sys
        from pathlib import Path
        from gan_core.data import read_uploads
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with open(sys.argv[1], "rb") as file:
            report = read_uploads([("x.zip", file)], "t", Path(sys.argv[2]))
        print(report.read, len(report.refused), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    command = [sys.executable, "-c", program, str(tmp_path / "x.zip"), str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    read, refused, kilobytes = map(int, done.stdout.split())
    assert (read, refused) == (5, 2)
    assert kilobytes < 450_000, kilobytes
