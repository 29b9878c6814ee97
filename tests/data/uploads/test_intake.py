"""Ordinary uploads of every kind: what is kept, and that every change is said."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from gan_core.data import IntakeOptions, IntakeReport, OwnImages, read_uploads
from gan_core.data.own.own_set import load_own
from tests.data.made_files import noise_picture, picture, zipped


def take(tmp_path: Path, *contents: bytes, **options: str) -> tuple[IntakeReport, np.ndarray]:
    """The report, and the images kept uint8 [N, 64, 64, 3]."""
    uploads = [(f"{index}.bin", content) for index, content in enumerate(contents)]
    report = read_uploads(uploads, "test", tmp_path, IntakeOptions(**options))
    kept = load_own(tmp_path, report.slug)[0].numpy() if report.slug else np.zeros((0, 3, 64, 64), np.uint8)
    return report, kept.transpose(0, 2, 3, 1)


def one(tmp_path: Path, content: bytes, **options: str) -> tuple[dict[str, int], np.ndarray]:
    report, kept = take(tmp_path, content, **options)
    assert (report.read, report.refused) == (1, ())
    return report.conversions, kept[0]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
def test_a_64_pixel_picture_is_kept_exactly(tmp_path: Path, kind: str) -> None:
    source = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    options = {"lossless": True} if kind == "WEBP" else {}
    conversions, kept = one(tmp_path, picture(source, kind, **options))
    assert np.array_equal(kept, np.asarray(source))
    assert conversions == {}


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_the_other_formats_are_kept_closely(tmp_path: Path, kind: str) -> None:
    source = Image.new("RGB", (300, 300), (200, 40, 90))
    _, kept = one(tmp_path, picture(source, kind))
    assert np.abs(kept.astype(int) - (200, 40, 90)).max() <= 3


def half_and_half(width: int, height: int) -> Image.Image:
    """Left half red, right half blue, with a green bar over the top tenth."""
    image = Image.new("RGB", (width, height), (255, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height), fill=(0, 0, 255))
    draw.rectangle((0, 0, width, height // 10 - 1), fill=(0, 255, 0))
    return image


def test_three_ways_to_become_square(tmp_path: Path) -> None:
    wide = picture(half_and_half(400, 100))
    _, crop = one(tmp_path, wide, fit="crop")
    assert crop[40, 20].argmax() == 0
    assert crop[40, 44].argmax() == 2
    assert crop[2, 32].argmax() == 1
    _, stretch = one(tmp_path, wide, fit="stretch")
    assert (stretch[40, 2].argmax(), stretch[40, 61].argmax()) == (0, 2)
    for background, value in (("white", 255), ("black", 0)):
        _, border = one(tmp_path, wide, fit="border", background=background)
        assert (border[:24] == value).all()
        assert (border[40:] == value).all()
        assert border[32, 2].argmax() == 0
        assert border[24, 32].argmax() == 1


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65_535, 64 * 64).reshape(64, 64).astype(np.uint16)
    conversions, kept = one(tmp_path, picture(Image.fromarray(ramp)))
    assert np.abs(kept[:, :, 0].astype(float) - ramp / 257).max() <= 0.51
    assert kept.mean() == pytest.approx(127.5, abs=1)
    assert conversions == {"16 bits a channel: scaled to 8": 1}


def test_cmyk_is_converted_and_said(tmp_path: Path) -> None:
    image = Image.new("CMYK", (80, 80), (0, 255, 255, 0))  # no cyan, all magenta and yellow: red
    conversions, kept = one(tmp_path, picture(image, "JPEG", quality=95))
    assert kept[32, 32, 0] > 240
    assert kept[32, 32, 1:].max() < 15
    assert any("CMYK" in words for words in conversions)


def test_transparency_is_filled_with_the_background(tmp_path: Path) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :32] = (255, 0, 0, 255)  # the right half is transparent black
    content = picture(Image.fromarray(pixels))
    for background, value in (("white", 255), ("black", 0)):
        conversions, kept = one(tmp_path, content, background=background)
        assert (kept[:, :32] == (255, 0, 0)).all()
        assert (kept[:, 32:] == value).all()
        assert conversions == {"transparent parts: filled with the background": 1}


def test_hidden_colours_do_not_bleed_through_when_shrinking(tmp_path: Path) -> None:
    pixels = np.zeros((256, 256, 4), np.uint8)
    pixels[:, :, 1] = 255  # transparent green everywhere
    pixels[:, :128] = (255, 0, 0, 255)
    _, kept = one(tmp_path, picture(Image.fromarray(pixels)))
    row = kept[32].astype(int)
    assert (np.abs(row[:, 1] - row[:, 2]) <= 2).all()  # between red and white, green and blue rise together


def test_opaque_alpha_changes_nothing_and_is_not_said(tmp_path: Path) -> None:
    conversions, kept = one(tmp_path, picture(Image.new("RGBA", (64, 64), (1, 2, 3, 255))))
    assert conversions == {}
    assert (kept == (1, 2, 3)).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P"])
def test_other_modes(tmp_path: Path, mode: str) -> None:
    source = Image.new("L", (64, 64), 255)
    source.paste(0, (0, 0, 32, 64))
    _, kept = one(tmp_path, picture(source.convert(mode)))
    assert (kept[:, :32] == 0).all()
    assert (kept[:, 32:] == 255).all()


def test_a_palette_with_transparency(tmp_path: Path) -> None:
    source = Image.new("P", (64, 64), 0)
    source.putpalette([10, 200, 30, 0, 0, 255])
    source.paste(1, (0, 0, 32, 64))
    _, kept = one(tmp_path, picture(source, "PNG", transparency=0))
    assert (kept[:, :32] == (0, 0, 255)).all()
    assert (kept[:, 32:] == 255).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_is_taken_and_said(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (70, 70), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = picture(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    conversions, kept = one(tmp_path, content)
    assert kept[32, 32].argmax() == 0
    assert conversions["animated: its first frame was taken"] == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_its_camera_held_otherwise_stands_upright(tmp_path: Path, orientation: int) -> None:
    upright = half_and_half(64, 64)
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    conversions, kept = one(tmp_path, picture(stored, "PNG", exif=exif))
    assert np.array_equal(kept, np.asarray(upright))
    assert ("turned upright, as its EXIF data says" in conversions) == (orientation != 1)


def test_a_large_jpeg_is_read_at_a_fraction_and_still_right(tmp_path: Path) -> None:
    content = picture(half_and_half(4_000, 3_000), "JPEG", quality=90)
    _, kept = one(tmp_path, content)
    oracle = half_and_half(4_000, 3_000).crop((500, 0, 3_500, 3_000)).resize((64, 64), Image.Resampling.LANCZOS)
    assert np.abs(kept.astype(int) - np.asarray(oracle)).mean() < 2


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    report = read_uploads([("photo.jpg", noise_picture(1, "PNG")), ("x.zip", noise_picture(2))], "t", tmp_path)
    assert report.read == 2
    assert read_uploads([("photo.png", zipped({"a.txt": noise_picture(1)}))], "t", tmp_path).read == 1


def test_repeats_are_left_out_and_said_whatever_their_format(tmp_path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    report, kept = take(tmp_path, picture(image, "PNG"), picture(image, "BMP"), noise_picture(1))
    assert len(kept) == report.read == 2
    assert report.repeats == ("1.bin",)
    assert report.summary() == "2 read, 0 refused, 1 repeat left out"


def test_folders_in_a_zip_become_classes(tmp_path: Path) -> None:
    members = {f"pets/{('cats', 'dogs')[n % 2]}/{n}.png": noise_picture(n) for n in range(30)}
    members |= {"pets/": b"", "__MACOSX/pets/._0.png": b"junk", "pets/.DS_Store": b"junk", "pets/cats/._1.png": b"x"}
    report = read_uploads([("pets.zip", io.BytesIO(zipped(members)))], "", tmp_path)
    assert (report.read, report.refused, report.classes, report.title) == (30, (), ("cats", "dogs"), "pets")
    _, labels, classes = load_own(tmp_path, report.slug)
    assert classes == ("cats", "dogs")
    assert labels is not None
    assert labels.tolist() == [n % 2 for n in range(30)]
    loaded = OwnImages(report.slug).load(32, tmp_path)
    assert loaded.labels is not None
    assert len(loaded.images) == 27
    assert len(loaded.held_out) == 3
    assert loaded.classes == classes


@pytest.mark.parametrize("stray", ["top.png", "only/one.png"])
def test_no_classes_without_two_folders_for_all(tmp_path: Path, stray: str) -> None:
    members = {stray: noise_picture(99)}
    if stray == "top.png":
        members |= {"a/1.png": noise_picture(1), "b/2.png": noise_picture(2)}
    report = read_uploads([("x.zip", zipped(members))], "x", tmp_path)
    assert report.read == len(members)
    assert report.classes == ()
    assert load_own(tmp_path, report.slug)[1] is None


def test_the_report_is_kept_beside_the_images(tmp_path: Path) -> None:
    report, _ = take(tmp_path, noise_picture(1), b"nonsense", fit="border")
    folder = tmp_path / "own" / report.slug
    kept = json.loads((folder / "report.json").read_text())
    assert kept["refused"] == [{"name": "1.bin", "reason": report.refused[0].reason}]
    assert kept["options"] == {"fit": "border", "background": "white"}
    assert sorted(path.name for path in folder.iterdir()) == [
        "about.json", "held_out.npy", "images.npy", "report.json",
    ]  # fmt: skip
    assert report.reasons() == {report.refused[0].reason: 1}


def test_progress_counts_up_and_cancelling_leaves_nothing(tmp_path: Path) -> None:
    uploads = [("x.zip", zipped({f"{n}.png": noise_picture(n) for n in range(20)})), ("y.png", noise_picture(50))]
    told: list[float] = []
    read_uploads(uploads, "x", tmp_path / "a", progress=lambda share, words: told.append(share))
    assert told == sorted(told)
    assert len(told) == 21
    assert 0 <= told[0] < told[-1] <= 1

    class Cancelled(Exception):
        pass

    def cancel(share: float, words: str) -> None:
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_uploads(uploads, "x", tmp_path / "b", progress=cancel)
    assert not (tmp_path / "b").exists()


def test_grey_sets_are_noticed_and_colour_can_be_chosen(tmp_path: Path) -> None:
    grey = [Image.fromarray(np.random.default_rng(n).integers(0, 256, (64, 64), dtype=np.uint8)) for n in range(12)]
    report, kept = take(tmp_path, *(picture(image) for image in grey))
    as_found = OwnImages(report.slug).load(64, tmp_path)
    assert OwnImages(report.slug).info(tmp_path).channels == as_found.channels == 1
    whole = {image.numpy().tobytes() for image in (*as_found.images, *as_found.held_out)}
    assert whole == {np.asarray(image).tobytes() for image in grey}
    assert OwnImages(report.slug, colour="colour").load(28, tmp_path).channels == 3

    report, kept = take(tmp_path, *(noise_picture(n, size=(64, 64)) for n in range(5)))
    assert OwnImages(report.slug).info(tmp_path).channels == 3
    turned_grey = OwnImages(report.slug, colour="grey").load(64, tmp_path)
    oracle = kept @ np.array([0.299, 0.587, 0.114])
    assert len(turned_grey.held_out) == 0  # of fewer than ten, all are trained on
    assert np.abs(turned_grey.images[:, 0].numpy() - oracle).max() <= 0.51


def test_nothing_readable_makes_no_set(tmp_path: Path) -> None:
    report = read_uploads([("a.txt", b"hello"), ("b.png", b"")], "x", tmp_path)
    assert (report.slug, report.read, len(report.refused)) == ("", 0, 2)
    assert not (tmp_path / "own").exists()
    assert read_uploads([], "x", tmp_path).summary() == "0 read, 0 refused"
