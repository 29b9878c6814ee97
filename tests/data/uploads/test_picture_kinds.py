"""Pictures as phones, cameras and scanners make them, and those that would cost more than they are worth."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from gan_core.data import IntakeReport, read_uploads
from gan_core.data.own.own_set import load_own
from gan_core.data.uploads.limits import Budget, Limits, Refused
from gan_core.data.uploads.picture import Framing, PictureReader
from tests.data.made_files import noise_picture, picture, zipped
from tests.data.uploads.hostile_files import heic_grid, many_scans

pillow_heif.register_heif_opener()  # to write them


def take(tmp_path: Path, **files: bytes) -> tuple[IntakeReport, np.ndarray]:
    report = read_uploads(list(files.items()), "t", tmp_path)
    kept = load_own(tmp_path, report.slug)[0].numpy() if report.slug else np.zeros((0, 3, 64, 64), np.uint8)
    return report, kept.transpose(0, 2, 3, 1).astype(int)


def corner(width: int, height: int) -> Image.Image:
    """Blue with a red quarter at the top left."""
    image = Image.new("RGB", (width, height), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, width // 2, height // 2))
    return image


def is_upright(pixels: np.ndarray) -> bool:
    places = ((8, 8), (8, 56), (56, 8), (56, 56))
    return [int(pixels[at].argmax()) for at in places] == [0, 2, 2, 2]


@pytest.mark.parametrize(("kind", "options"), [
    ("JPEG", {}), ("JPEG", {"progressive": True}), ("HEIF", {"quality": 90}), ("AVIF", {"quality": 90}),
    ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", {"compression": "jpeg"}), ("TIFF", {"compression": "packbits"}), ("WEBP", {"lossless": True}),
])  # fmt: skip
@pytest.mark.parametrize("name", ["a.jfif", "b.JPE", "c.pjpeg", "IMG_0001.HEIC", "d", "e.txt", ".png", "x\0y.jpg"])
def test_what_a_picture_is_its_content_says(kind: str, options: dict, name: str, tmp_path: Path) -> None:
    content = picture(corner(200, 200), kind, **options)
    for data in (content, zipped({name.replace("\0", ""): content})):
        report, kept = take(tmp_path, **{name: data})
        assert (report.read, report.refused, report.conversions) == (1, (), {})
        assert is_upright(kept[0])


@pytest.mark.parametrize(("kind", "orientation"), [("HEIF", 6), ("HEIF", 3), ("TIFF", 8), ("JPEG", 6), ("AVIF", 6)])
def test_a_picture_stands_as_it_was_taken(kind: str, orientation: int, tmp_path: Path) -> None:
    back = {6: Image.Transpose.ROTATE_90, 3: Image.Transpose.ROTATE_180, 8: Image.Transpose.ROTATE_270}
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = corner(120, 120).transpose(back[orientation])
    report, kept = take(tmp_path, x=picture(stored, kind, exif=exif))
    assert report.read == 1
    assert is_upright(kept[0])


def test_a_phone_s_heic_turns_by_its_own_word(tmp_path: Path) -> None:
    """Phones keep it in the picture's description."""
    tile = picture(corner(256, 256).transpose(Image.Transpose.ROTATE_90), "HEIF")
    report, kept = take(tmp_path, x=heic_grid(tile, 1, 1, 256, 256, turns=3))
    assert report.read == 1
    assert is_upright(kept[0])


def grey(mode: str, **options: str) -> bytes:
    """Black on the left, white on the right, in a TIFF of this kind."""
    high = {"1": 1, "L": 255, "I;16": 65_535, "I": 65_535, "F": 1.0, "CMYK": 0}[mode]
    if mode == "CMYK":
        image = Image.new("CMYK", (64, 64), (0, 0, 0, 255))
        image.paste((0, 0, 0, 0), (32, 0, 64, 64))
        return picture(image, "TIFF", **options)
    numbers = np.zeros((64, 64), {"1": bool, "L": np.uint8, "I;16": np.uint16, "I": np.int32, "F": np.float32}[mode])
    numbers[:, 32:] = high
    return picture(Image.fromarray(numbers), "TIFF", **options)


@pytest.mark.parametrize(("mode", "options"), [
    ("1", {}), ("1", {"compression": "group4"}), ("L", {}), ("I;16", {"compression": "tiff_lzw"}), ("I", {}),
    ("F", {}), ("CMYK", {}),
])  # fmt: skip
def test_a_scanner_s_tiff(mode: str, options: dict, tmp_path: Path) -> None:
    report, kept = take(tmp_path, scan=grey(mode, **options))
    assert report.read == 1, report.refused
    assert (kept[0][:, :32] == 0).all()
    assert (kept[0][:, 32:] == 255).all()
    told = {"I;16": "16 bits", "I": "16 bits", "F": "floating point", "CMYK": "CMYK"}.get(mode)
    assert [told in words for words in report.conversions] == ([True] if told else [])


def test_pages_and_floating_point_without_numbers(tmp_path: Path) -> None:
    pages = picture(corner(80, 80), "TIFF", save_all=True, append_images=[Image.new("RGB", (80, 80), "green")] * 3)
    odd = np.full((64, 64), np.nan, np.float32)
    odd[0, 0], odd[1, 1] = np.inf, -np.inf
    report, kept = take(tmp_path, pages=pages, odd=picture(Image.fromarray(odd), "TIFF"))
    assert report.read == 2
    assert is_upright(kept[0])
    assert report.conversions == {"several pages: the first was taken": 1,
                                  "floating point: its range was scaled to 8 bits": 1}  # fmt: skip
    assert (kept[1] >= 0).all()


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF", "JPEG"])
def test_a_picture_that_is_cut_short_is_refused_alone(kind: str, tmp_path: Path) -> None:
    whole = noise_picture(3, kind, (300, 300))
    cuts = {f"{cut}": whole[: len(whole) * cut // 10] for cut in (1, 5, 9)}
    report, _ = take(tmp_path, **cuts, good=noise_picture(1))
    assert report.read >= 1
    assert report.read + len(report.refused) + len(report.repeats) == 4
    assert all(r.reason in ("it is cut short", "it is damaged", f"it is a damaged {kind.replace('HEIF', 'HEIC')}")
               for r in report.refused)  # fmt: skip
    assert len(report.refused) >= 2


def test_a_film_and_lab_colours_are_called_so(tmp_path: Path) -> None:
    lab = picture(Image.new("LAB", (64, 64), (120, 30, 200)), "TIFF")
    report, _ = take(tmp_path, film=b"\0\0\0\x18ftypmp42" + bytes(100), lab=lab)
    assert "it is a film" in report.refused[0].reason
    assert "save it as RGB" in report.refused[1].reason


def test_a_phone_s_photograph_with_a_film_behind_it(tmp_path: Path) -> None:
    """Scans are counted in the picture: in what follows it the same two bytes come by chance."""
    photograph = picture(corner(800, 600), "JPEG") + b"ftyp" + b"\xff\xda" * 500
    exif = Image.Exif()
    exif[0x927C] = b"\xff\xda" * 100  # a maker's own notes
    report, _ = take(tmp_path, moving=photograph, notes=picture(corner(400, 400), "JPEG", exif=exif))
    assert (report.read, report.refused) == (2, ())


def scans(count: int, side: int) -> bytes:
    """A flat progressive JPEG whose last scan comes so often: little to read, and much to do."""
    raw = picture(Image.new("L", (side, side), 100), "JPEG", progressive=True)
    last = raw.rindex(b"\xff\xda")
    return raw[:last] + raw[last:-2] * count + raw[-2:]


def test_scans_are_counted_before_they_are_decoded_and_paid_for() -> None:
    budget = Budget(Limits())
    start = time.process_time()
    with PictureReader() as reader:
        for raw in (many_scans(), scans(65, 64)):
            with pytest.raises(Refused, match="too many scans"):
                reader.read(raw, Framing(), budget)
        assert budget.pixels_decoded == 0
        reader.read(scans(40, 1_000), Framing(), budget)
    assert 5 * 1_000_000 <= budget.pixels_decoded <= 9 * 1_000_000  # an eighth for each scan
    assert time.process_time() - start < 6  # of this process: it does not decode


def test_an_upload_has_a_time_budget_that_grows_with_it(tmp_path: Path) -> None:
    costly = [(f"{n}.jpg", scans(50 + n, 3_000)) for n in range(8)]
    report = read_uploads(costly, "t", tmp_path, limits=Limits(seconds=0.2, seconds_a_megabyte=0.0))
    assert report.passed_over > 0
    assert "is decoded for at most 0 seconds" in report.refused[-1].reason
    budget = Budget(Limits())
    budget.seconds = 100.0
    assert "at most 60 seconds" in budget.spent()
    budget.bytes_read = 50_000_000
    assert budget.spent() == ""
    budget.seconds, budget.bytes_read = 1_801.0, 3_000_000_000
    assert "at most 1800 seconds" in budget.spent()


def test_a_picture_that_takes_too_long_is_ended_and_the_next_one_is_read(tmp_path: Path) -> None:
    tile = picture(Image.new("RGB", (2_048, 2_048), (200, 30, 30)), "HEIF", quality=50)
    slow = heic_grid(tile, 16, 16, 64, 64)  # 4 kB: its one tile is decoded 256 times
    uploads = [("a.png", noise_picture(1)), ("slow.heic", slow), ("b.png", noise_picture(2))]
    report = read_uploads(uploads, "t", tmp_path, limits=Limits(picture_seconds=0.5))
    assert report.read == 2
    assert [(r.name, r.reason) for r in report.refused] == [("slow.heic", "it takes too long to decode")]


def test_a_grid_of_tiles_is_read_as_one_picture(tmp_path: Path) -> None:
    """As phones keep large ones. A grid that lacks tiles, or has too many, is refused."""
    tile = picture(corner(256, 256), "HEIF", quality=90)
    shapes = {"whole": (1, 1, 256, 256), "four": (2, 2, 512, 512), "few": (1, 1, 6_000, 6_000),
              "many": (200, 200, 300, 300)}  # fmt: skip
    report, kept = take(tmp_path, **{name: heic_grid(tile, *shape) for name, shape in shapes.items()})
    assert report.read == 2, report.refused
    assert is_upright(kept[0])
    assert {r.name for r in report.refused} == {"few", "many"}


def test_a_decoder_that_is_ended_takes_no_other_picture_with_it(tmp_path: Path) -> None:
    with PictureReader() as reader:
        budget = Budget(Limits())
        reader.read(noise_picture(1), Framing(), budget)
        child = reader._child
        assert child is not None
        child.process.kill()
        child.process.wait()
        with pytest.raises(Refused, match="breaks the decoder"):
            reader.read(noise_picture(2), Framing(), budget)
        assert budget.seconds >= Limits().picture_seconds
        assert reader.read(noise_picture(3), Framing(), budget).pixels.shape == (3, 64, 64)


def test_one_that_went_home_is_replaced_without_a_word() -> None:
    """After a minute without a question the process ends by itself: here, since its question is over."""
    with PictureReader() as reader:
        reader.read(noise_picture(1), Framing(), Budget(Limits()))
        first = reader._child
    with PictureReader() as reader:
        reader.read(noise_picture(2), Framing(), Budget(Limits()))
        child = reader._child
        assert child is first is not None, "it is used again"
        to, back = child._pipes()
        to.close()
        assert child.process.wait() == 0
        assert back.read() == b""
        assert reader.read(noise_picture(3), Framing(), Budget(Limits())).pixels.shape == (3, 64, 64)
        assert reader._child is not child


@pytest.mark.parametrize(("kind", "size", "megapixels"), [
    ("JPEG", (8_064, 6_048), 49), ("PNG", (9_500, 8_000), 0), ("AVIF", (7_300, 7_300), 0),
])  # fmt: skip
def test_the_cap_is_on_memory_by_kind(kind: str, size: tuple[int, int], megapixels: int, tmp_path: Path) -> None:
    fast = {"AVIF": {"speed": 10, "quality": 1}, "PNG": {"compress_level": 1}, "JPEG": {"quality": 60}}[kind]
    report, _ = take(tmp_path, large=picture(Image.new("L", size), kind, **fast))
    assert report.read == bool(megapixels)
    if not megapixels:
        assert "megapixels of its kind are read" in report.refused[0].reason


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
def test_neither_process_takes_much_memory(tmp_path: Path) -> None:
    files = {
        "phone.jpg": picture(Image.new("RGB", (8_064, 6_048), (9, 90, 200)), "JPEG"),
        "scan.tif": picture(Image.new("L", (8_000, 8_000)), "TIFF", compression="tiff_lzw"),
        "float.tif": picture(Image.fromarray(np.zeros((6_000, 6_000), np.float32)), "TIFF",
                             compression="tiff_adobe_deflate"),
        "many.heic": heic_grid(picture(Image.new("RGB", (512, 512)), "HEIF"), 12, 16, 8_000, 6_000),
    }  # fmt: skip
    (tmp_path / "x.zip").write_bytes(zipped(files))
    program = textwrap.dedent("""
        import resource, sys
        from pathlib import Path
        from gan_core.data import read_uploads
        from gan_core.data.uploads import picture
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with open(sys.argv[1], "rb") as file:
            report = read_uploads([("x.zip", file)], "t", Path(sys.argv[2]))
        picture._close_spare()
        own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print(report.read + len(report.repeats), len(report.refused), own - before, child)
    """)
    command = [sys.executable, "-c", program, str(tmp_path / "x.zip"), str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    read, refused, own, child = map(int, done.stdout.split())
    assert (read, refused) == (4, 0)
    assert own < 150_000, own
    assert child < 700_000, child


def test_random_bytes_behind_a_start_never_escape(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    starts = [noise_picture(1, kind, (40, 40)) for kind in ("HEIF", "AVIF", "TIFF")]
    with PictureReader() as reader:
        for number in range(150):
            raw = bytearray(starts[number % 3])
            for at in rng.integers(0, len(raw), int(rng.integers(1, 8))):
                raw[at] = rng.integers(0, 256)
            try:
                found = reader.read(bytes(raw), Framing(), Budget(Limits()))
            except Refused:
                continue
            assert found.pixels.shape == (3, 64, 64)


def test_a_name_is_all_that_an_answer_may_add(tmp_path: Path) -> None:
    """What the other process says is taken for words and numbers, never for more."""
    report, _ = take(tmp_path, **{"a\nb.heic": b"\0\0\0\x18ftypheic" + b"\xff" * 50})
    assert report.refused[0].name.isprintable()
    assert report.refused[0].reason == "it is a damaged HEIC"
