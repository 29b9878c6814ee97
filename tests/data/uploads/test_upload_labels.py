"""What folders and label files of an upload mean: classes, training and test, strays, the same picture twice."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_core.data import Choices, IntakeReport, OwnImages, keep, read_draft, settle
from gan_core.data.own.own_set import load_split
from tests.data.made_files import noise_picture, picture, zipped


def draft_of(members: dict[str, bytes], name: str = "pets.zip", **beside: bytes):
    return read_draft([(name, zipped(members)), *((n.replace("__", "."), c) for n, c in beside.items())], "")


def kept(draft, tmp_path: Path, **choices: str) -> tuple[IntakeReport, dict[str, int], int]:
    """The report, pictures by class (held-out ones too), and how many are held out."""
    report = keep(draft, tmp_path, Choices(**choices))
    images, labels, classes, held = load_split(tmp_path, report.slug)
    assert len(images) == report.read
    by_class = {} if labels is None else dict(zip(classes, np.bincount(labels.numpy()).tolist(), strict=True))
    return report, by_class, int(held.sum())


def offered(draft, name: str, **choices: str) -> tuple[str, tuple[str, ...]]:
    """What is chosen of one thing, and what may be."""
    (offer,) = (o for o in settle(draft, Choices(**choices)).offers if o.name == name)
    return offer.chosen, tuple(offer.options)


def pets(cats: int = 15, dogs: int = 15, top: str = "") -> dict[str, bytes]:
    names = [f"cats/{n}.png" for n in range(cats)] + [f"dogs/{n}.png" for n in range(dogs)]
    return {top + name: noise_picture(n) for n, name in enumerate(names)}


# a stray picture beside class folders


@pytest.mark.parametrize(("top", "stray"), [("", "cover.png"), ("pets/", "pets/cover.png"), ("pets/", "cover.png")])
def test_a_stray_picture_does_not_cost_the_classes_and_is_no_class(tmp_path: Path, top: str, stray: str) -> None:
    draft = draft_of(pets(top=top) | {stray: noise_picture(99)})
    assert offered(draft, "strays") == ("leave out", ("leave out", "own class", "no classes"))
    assert any(f"1 picture has no class folder: {stray}." in note for note in settle(draft).notes)
    report, classes, _ = kept(draft, tmp_path)
    assert classes == {"cats": 15, "dogs": 15}
    assert report.left_out == {"they have no class": 1}
    assert kept(draft, tmp_path, strays="own class")[1] == {"cats": 15, "dogs": 15, "other": 1}
    report, classes, _ = kept(draft, tmp_path, strays="no classes")
    assert (report.read, classes) == (31, {})


def test_where_most_pictures_have_no_folder_nothing_is_left_out_unasked(tmp_path: Path) -> None:
    members = {f"{n}.png": noise_picture(n) for n in range(30)} | {
        f"{kind}/{n}.png": noise_picture(50 + n) for n, kind in enumerate("ab" * 2)
    }
    report, classes, _ = kept(draft_of(members), tmp_path)
    assert (report.read, classes) == (34, {})
    assert offered(draft_of(members), "classes")[1] == ("none", "folders")


def test_a_class_that_is_called_other_stays_apart_from_the_strays(tmp_path: Path) -> None:
    members = {f"{kind}/{n}.png": noise_picture(n) for n, kind in enumerate(["other", "cats"] * 10)}
    draft = draft_of(members | {"x.png": noise_picture(99)})
    assert kept(draft, tmp_path, strays="own class")[1] == {"cats": 10, "other": 10, "other (2)": 1}


# the same picture twice


def test_a_picture_in_two_classes_empties_neither(tmp_path: Path) -> None:
    shared = {n: noise_picture(n) for n in range(12)}
    members = {f"a/{n}.png": raw for n, raw in shared.items()} | {f"b/{n}.png": raw for n, raw in shared.items()}
    members |= {"a/x.png": noise_picture(50), "b/y.png": noise_picture(51)}
    draft = draft_of(members)
    settled = settle(draft)
    assert "12 pictures are in two classes: 12 in a and b." in settled.notes
    assert len(settled.in_two_classes) == 12
    assert kept(draft, tmp_path)[1] == {"a": 13, "b": 13}
    assert kept(draft, tmp_path, in_two_classes="first class")[1] == {"a": 13, "b": 1}
    assert kept(draft, tmp_path, in_two_classes="leave out")[1] == {"a": 1, "b": 1}


def test_a_picture_that_is_there_twice_is_never_both_trained_on_and_held_out(tmp_path: Path) -> None:
    members = {f"{kind}/{n}.png": noise_picture(n) for n in range(30) for kind in "ab"}
    members |= {f"a/own{n}.png": noise_picture(100 + n) for n in range(20)}
    report, _, held = kept(draft_of(members), tmp_path)
    images, _, _, is_held = load_split(tmp_path, report.slug)
    held_pixels = {image.numpy().tobytes() for image in images[is_held]}
    assert held == 8
    assert not held_pixels & {image.numpy().tobytes() for image in images[~is_held]}


def test_repeats_in_one_class_are_named_and_may_stay(tmp_path: Path) -> None:
    members = pets() | {"cats/again.bmp": picture(Image.open(io.BytesIO(noise_picture(3))), "BMP")}
    draft = draft_of(members)
    report, classes, _ = kept(draft, tmp_path)
    assert (report.repeats, classes) == (("cats/again.bmp",), {"cats": 15, "dogs": 15})
    assert kept(draft, tmp_path, repeats="keep")[1] == {"cats": 16, "dogs": 15}


# training and test


def split_members(train: int = 12, test: int = 4, pattern: str = "{split}/{kind}/{n}.png") -> dict[str, bytes]:
    found = {}
    for offset, (split, count) in ((0, ("train", train)), (500, ("test", test))):
        for n in range(2 * count):
            found[pattern.format(split=split, kind="ab"[n % 2], n=n)] = noise_picture(offset + n)
    return found


@pytest.mark.parametrize(
    "pattern",
    [
        "{split}/{kind}/{n}.png",
        "data/{split}/{kind}/{n}.png",
        "{split}/images/{kind}/{n}.png",
        "{kind}/{split}/{n}.png",
        "set/{kind}/{split}/{n}.png",
    ],
)
@pytest.mark.parametrize("word", ["test", "val", "Validation"])
def test_test_pictures_are_held_out_and_never_train(tmp_path: Path, pattern: str, word: str) -> None:
    members = {name.replace("test/", f"{word}/"): raw for name, raw in split_members(pattern=pattern).items()}
    report, classes, held = kept(draft_of(members), tmp_path)
    assert (report.read, held, classes) == (32, 8, {"a": 16, "b": 16})
    assert f"Training and test are told apart by train and {word}: 8 test pictures are held out." in report.notes
    loaded = OwnImages(report.slug).load(64, tmp_path)
    assert (len(loaded.images), len(loaded.held_out)) == (24, 8)
    expected = {n: Image.open(io.BytesIO(raw)) for n, raw in members.items() if f"{word}/" in n}
    assert OwnImages(report.slug).info(tmp_path).count == 24
    alone = read_draft([("x.zip", zipped({n: picture(i) for n, i in expected.items()}))], "")
    held_pixels = {image.numpy().tobytes() for image in loaded.held_out}
    assert held_pixels == {image.tobytes() for image in alone.images}


def test_a_training_picture_that_is_a_test_picture_too_does_not_train(tmp_path: Path) -> None:
    members = split_members() | {"train/a/leak.png": noise_picture(500), "train/b/leak2.png": noise_picture(501)}
    report, _, held = kept(draft_of(members), tmp_path)
    assert report.left_out == {"they are test pictures too, and test pictures never train": 2}
    assert (report.read, held) == (32, 8)


def test_test_folders_that_hold_the_training_pictures_leave_nothing_so_a_tenth_is_drawn(tmp_path: Path) -> None:
    members = {f"{split}/{kind}/{n}.png": noise_picture(n) for n in range(20) for split in ("train", "test")
               for kind in ["ab"[n % 2]]}  # fmt: skip
    report, classes, held = kept(draft_of(members), tmp_path)
    assert (report.read, classes, held) == (20, {"a": 10, "b": 10}, 2)
    assert any("Every training picture is a test picture too" in note for note in report.notes)
    refused = keep(draft_of(members), tmp_path, Choices(held_out="test"))
    assert refused.slug == ""


def test_the_split_may_be_put_aside(tmp_path: Path) -> None:
    report, classes, held = kept(draft_of(split_members()), tmp_path, held_out="tenth")
    assert (report.read, held, classes) == (32, 3, {"a": 16, "b": 16})


def test_flat_training_and_test_folders_are_a_split_without_classes(tmp_path: Path) -> None:
    members = {f"{s}/{n}.png": noise_picture(n + o) for s, o in (("train", 0), ("test", 50)) for n in range(10)}
    report, classes, held = kept(draft_of(members), tmp_path)
    assert (report.read, held, classes) == (20, 10, {})


def test_a_class_that_is_called_train_is_a_class(tmp_path: Path) -> None:
    members = {f"{kind}/{n}.png": noise_picture(n) for n, kind in enumerate(["train", "car", "bus"] * 10)}
    _, classes, held = kept(draft_of(members), tmp_path)
    assert (classes, held) == ({"bus": 10, "car": 10, "train": 10}, 3)
    both = {f"{split}/{kind}/{n}.png": noise_picture(n + 60 * (split == "test"))
            for n, kind in enumerate(["train", "car"] * 10) for split in ("train", "test")}  # fmt: skip
    _, classes, held = kept(draft_of(both), tmp_path)
    assert (classes, held) == ({"car": 20, "train": 20}, 20)


def test_a_class_with_test_pictures_only_is_left_out_and_said(tmp_path: Path) -> None:
    members = split_members() | {"test/owl/1.png": noise_picture(900)}
    report, classes, held = kept(draft_of(members), tmp_path)
    assert (classes, held) == ({"a": 16, "b": 16}, 8)
    assert "Without training pictures, and left out: owl." in report.notes


def test_test_pictures_without_labels_leave_the_classes_alone(tmp_path: Path) -> None:
    members = {n: r for n, r in split_members().items() if n.startswith("train")}
    members |= {f"test/{n}.png": noise_picture(700 + n) for n in range(40)}
    draft = draft_of(members)
    assert kept(draft, tmp_path)[1] == {"a": 12, "b": 12}
    assert kept(draft, tmp_path, strays="no classes")[2] == 40


def test_two_zips_called_train_and_test(tmp_path: Path) -> None:
    made = [
        (f"{split}.zip", zipped({f"{'ab'[n % 2]}/{n}.png": noise_picture(n + offset) for n in range(10)}))
        for split, offset in (("train", 0), ("test", 50))
    ]
    _, classes, held = kept(read_draft(made, "x"), tmp_path)
    assert (classes, held) == ({"a": 10, "b": 10}, 10)


def test_one_zip_for_each_class(tmp_path: Path) -> None:
    made = [(f"{kind}.zip", zipped({f"{n}.png": noise_picture(n + o) for n in range(8)})) for kind, o in
            (("owls", 0), ("pigs", 50))]  # fmt: skip
    assert kept(read_draft(made, "x"), tmp_path)[1] == {"owls": 8, "pigs": 8}


# classes by folder


def test_classes_stand_in_natural_order(tmp_path: Path) -> None:
    members = {f"{kind}/{n}.png": noise_picture(n) for n, kind in enumerate([*range(12)] * 2)}
    assert keep(draft_of(members), tmp_path).classes == tuple(map(str, range(12)))
    members = {f"class {kind}/{n}.png": noise_picture(n) for n, kind in enumerate(["10", "9", "2b", "2a", "01"] * 2)}
    assert keep(draft_of(members), tmp_path).classes == ("class 01", "class 2a", "class 2b", "class 9", "class 10")


def test_long_names_never_merge(tmp_path: Path) -> None:
    ends = "x" * 150
    members = {f"{kind}{ends}/{n}.png": noise_picture(n) for n, kind in enumerate(["left-", "right-"] * 5)}
    report, classes, _ = kept(draft_of(members), tmp_path)
    assert sorted(classes.values()) == [5, 5]
    assert all(len(name) <= 100 for name in report.classes)


def test_names_that_differ_by_a_control_sign_only_stay_two(tmp_path: Path) -> None:
    members = {f"{kind}/{n}.png": noise_picture(n) for n, kind in enumerate(["a\x01", "a\x02"] * 5)}
    report, classes, _ = kept(draft_of(members), tmp_path)
    assert sorted(classes.values()) == [5, 5]
    assert all(name.isprintable() for name in report.classes)


def test_nested_folders_are_classes_by_the_top_one_or_the_innermost(tmp_path: Path) -> None:
    kinds = ["cats/young", "cats/old", "dogs/young", "birds"]
    draft = draft_of({f"pets/{kind}/{n}.png": noise_picture(n) for n, kind in enumerate(kinds * 5)})
    assert kept(draft, tmp_path)[1] == {"birds": 5, "cats": 10, "dogs": 5}
    inner = kept(draft, tmp_path, classes="inner folders")[1]
    assert inner == {"birds": 5, "cats/young": 5, "dogs/young": 5, "old": 5}
    assert kept(draft, tmp_path, classes="none")[1] == {}


def test_a_class_with_one_picture_trains_on_it(tmp_path: Path) -> None:
    members = pets(40, 1)
    report, classes, held = kept(draft_of(members), tmp_path)
    assert (classes, held) == ({"cats": 40, "dogs": 1}, 4)
    loaded = OwnImages(report.slug).load(28, tmp_path)
    assert loaded.labels is not None
    assert np.bincount(loaded.labels.numpy()).tolist() == [36, 1]


def test_what_systems_leave_in_folders_makes_no_class(tmp_path: Path) -> None:
    odd = ["__MACOSX/cats/._1.png", "@eaDir/1.png/SYNOPHOTO.jpg", "cats/.ipynb_checkpoints/1-checkpoint.png",
           "Thumbs.db", "cats/.DS_Store", ".git/x.png"]  # fmt: skip
    report, classes, _ = kept(draft_of(pets() | {name: noise_picture(99) for name in odd}), tmp_path)
    assert (classes, report.refused, report.left_out) == ({"cats": 15, "dogs": 15}, (), {})


# label files


def flat(count: int = 20, folder: str = "") -> dict[str, bytes]:
    return {f"{folder}img{n}.png": noise_picture(n) for n in range(count)}


def rows(count: int = 20) -> list[tuple[str, str]]:
    return [(f"img{n}.png", "cat" if n % 2 else "dog") for n in range(count)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("head", ["", "filename{s}label\n", "id{s}breed\n", "label{s}file_name\n"])
def test_a_table_of_labels_is_read(tmp_path: Path, separator: str, head: str) -> None:
    lines = [(label, name) if head.startswith("label") else (name, label) for name, label in rows()]
    text = head.format(s=separator) + "".join(separator.join(line) + "\r\n" for line in lines)
    report, classes, _ = kept(draft_of(flat() | {"labels.csv": text.encode("utf-8-sig")}), tmp_path)
    assert (classes, report.refused) == ({"cat": 10, "dog": 10}, ())
    assert "2 classes from labels.csv: cat, dog." in report.notes


def test_a_table_in_other_shapes(tmp_path: Path) -> None:
    quoted = 'filename,label\n"img0.png","cat, tabby"\n' + "".join(f"img{n}.png,dog\n" for n in range(1, 20))
    assert kept(draft_of(flat() | {"l.csv": quoted.encode()}), tmp_path)[1] == {"cat, tabby": 1, "dog": 19}
    spreadsheet = "\n".join(f"{n}\t{label}" for n, label in rows()).encode("utf-16")
    assert kept(draft_of(flat() | {"l.txt": spreadsheet}), tmp_path)[1] == {"cat": 10, "dog": 10}
    no_ending = "\n".join(f"{n.removesuffix('.png')},{label}" for n, label in rows()).encode()
    assert kept(draft_of(flat() | {"l.csv": no_ending}), tmp_path)[1] == {"cat": 10, "dog": 10}
    deep = "\n".join(f"data/images/{n},{label}" for n, label in rows()).encode()
    assert kept(draft_of(flat(folder="images/") | {"l.csv": deep}), tmp_path)[1] == {"cat": 10, "dog": 10}
    beside = "\n".join(f"{n},{label}" for n, label in rows()).encode()
    assert kept(draft_of(flat(), l__csv=beside), tmp_path)[1] == {"cat": 10, "dog": 10}
    windows = "\n".join(f"images\\{n},{label}" for n, label in rows()).encode()
    assert kept(draft_of(flat(folder="images/") | {"l.csv": windows}), tmp_path)[1] == {"cat": 10, "dog": 10}
    accents = "\n".join(f"{n},{'Käse' if label == 'cat' else 'Brot'}" for n, label in rows()).encode("cp1252")
    assert kept(draft_of(flat() | {"l.csv": accents}), tmp_path)[1] == {"Brot": 10, "Käse": 10}


def test_a_table_may_tell_training_from_test(tmp_path: Path) -> None:
    text = "filename,label,split\n" + "".join(
        f"{name},{label},{'test' if n < 6 else 'train'}\n" for n, (name, label) in enumerate(rows())
    )
    _, classes, held = kept(draft_of(flat() | {"labels.csv": text.encode()}), tmp_path)
    assert (held, classes) == (6, {"cat": 10, "dog": 10})


def test_a_table_that_names_missing_files_and_one_twice_says_so(tmp_path: Path) -> None:
    text = "filename,label\ngone.png,cat\nimg0.png,cat\n" + "".join(f"{n},{label}\n" for n, label in rows(19))
    draft = draft_of(flat() | {"labels.csv": text.encode()})
    notes = settle(draft).notes
    assert "labels.csv names 1 file that is not here, such as gone.png." in notes
    assert "labels.csv gives 1 picture two labels, such as img0.png; the first one counts." in notes
    assert "1 picture has no label in the file: img19.png." in notes
    assert kept(draft, tmp_path)[1] == {"cat": 10, "dog": 9}
    assert kept(draft, tmp_path, strays="own class")[1] == {"cat": 10, "dog": 9, "other": 1}


def test_folders_may_be_chosen_over_the_table_and_the_other_way_round(tmp_path: Path) -> None:
    text = "\n".join(f"cats/{n}.png,{'old' if n % 2 else 'young'}" for n in range(15))
    text += "\n" + "\n".join(f"dogs/{n}.png,{'old' if n % 2 else 'young'}" for n in range(15))
    draft = draft_of(pets() | {"labels.csv": text.encode()})
    assert offered(draft, "classes") == ("label file", ("none", "label file", "folders"))
    assert kept(draft, tmp_path)[1] == {"old": 14, "young": 16}
    assert kept(draft, tmp_path, classes="folders")[1] == {"cats": 15, "dogs": 15}


def stylegan(labels: object) -> dict[str, bytes]:
    return {f"0000{n // 12}/img{n:08}.png": noise_picture(n) for n in range(24)} | {
        "dataset.json": json.dumps({"labels": labels}).encode()
    }


def test_dataset_json_gives_the_classes(tmp_path: Path) -> None:
    pairs = [[f"0000{n // 12}/img{n:08}.png", n % 12] for n in range(24)]
    _, classes, _ = kept(draft_of(stylegan(pairs)), tmp_path)
    assert classes == {str(n): 2 for n in range(12)}
    assert list(classes) == [str(n) for n in range(12)]
    one_hot = [[name, [int(k == n % 3) for k in range(3)]] for n, (name, _) in enumerate(pairs)]
    assert kept(draft_of(stylegan(one_hot)), tmp_path)[1] == {"0": 8, "1": 8, "2": 8}


def test_dataset_json_without_labels_makes_none_of_the_folders(tmp_path: Path) -> None:
    draft = draft_of(stylegan(None))
    report, classes, _ = kept(draft, tmp_path)
    assert (report.read, classes, report.refused) == (24, {}, ())
    assert 'dataset.json says that the pictures have no labels ("labels" is null).' in report.notes
    assert kept(draft, tmp_path, classes="folders")[1] == {"00000": 12, "00001": 12}
    poses = [[f"0000{n // 12}/img{n:08}.png", [0.1, 0.2]] for n in range(24)]
    assert any("numbers, not a class" in note for note in settle(draft_of(stylegan(poses))).notes)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000, b"{}", b"[]", b'{"labels": [1]}', b'{"labels": [["a"]]}', b'{"labels": "x"}', b"\0\0\0", b"",
        b'{"labels": [["img0.png", ' + b"9" * 5_000 + b"]]}", b'{"labels": [[1, 2]]}', b"\xff\xfe\x00",
        b'{"labels": [["img0.png", NaN]]}', b'{"labels": [["img0.png", 1e400]]}', b'{"labels": [["img0.png", true]]}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["dataset.json", "labels.csv", "labels.tsv", "labels.txt"])
def test_a_broken_label_file_costs_no_picture(tmp_path: Path, raw: bytes, name: str) -> None:
    report, classes, _ = kept(draft_of(flat() | {name: raw}), tmp_path)
    assert (report.read, classes) == (20, {})
    assert len(report.refused) <= 1


def test_a_picture_that_is_called_a_table_is_a_picture(tmp_path: Path) -> None:
    assert kept(draft_of(flat() | {"labels.csv": noise_picture(99)}), tmp_path)[0].read == 21


def test_a_table_of_other_things_is_not_taken_for_labels(tmp_path: Path) -> None:
    text = "filename,width,height\n" + "".join(f"cats/{n}.png,40,30\n" for n in range(15))
    report, classes, _ = kept(draft_of(pets() | {"meta.csv": text.encode()}), tmp_path)
    assert classes == {"cats": 15, "dogs": 15}
    assert report.refused[0].reason == 'it has no column called "label" or "class"'


def test_captions_are_no_classes(tmp_path: Path) -> None:
    text = "\n".join(f"img{n}.png,a picture of thing number {n}" for n in range(60))
    draft = draft_of(flat(60) | {"captions.csv": text.encode()})
    assert offered(draft, "classes")[0] == "none"


# what is offered and said before anything is kept


def test_reading_and_choosing_keeps_nothing(tmp_path: Path) -> None:
    draft = draft_of(pets() | {"x.png": noise_picture(99)})
    settle(draft, Choices(strays="own class"))
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_guess_at_the_alphabet_can_be_set_right(tmp_path: Path) -> None:
    from tests.data.uploads.test_member_names import zip_of

    names = {f"{folder}/{n}.png".encode("cp949"): noise_picture(n) for n, folder in enumerate(["나무", "꽃"] * 2)}
    draft = read_draft([("x.zip", zip_of(names))], "x")
    assert "cp949" in offered(draft, "names")[1]
    assert set(kept(draft, tmp_path, names="cp949")[1]) == {"나무", "꽃"}


def test_nearly_equal_pictures_are_paired_and_may_be_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    blocks = [np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((16, 16, 1))).astype(np.uint8) for _ in range(15)]
    pictures = [Image.fromarray(block) for block in blocks]
    members = {f"{n}.png": picture(image) for n, image in enumerate(pictures)}
    members |= {"5b.jpg": picture(pictures[5], "JPEG", quality=60), "7b.png": picture(pictures[7].resize((100, 100)))}
    draft = draft_of(members)
    assert settle(draft).twins == ((5, 15), (7, 16))
    assert kept(draft, tmp_path)[0].read == 17
    assert kept(draft, tmp_path, near="leave out")[0].read == 15
