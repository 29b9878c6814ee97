"""A resume state says how large its tensors are: it is believed only as far as its file has the numbers."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.runs.storage.archives.reading import NotARun, import_run
from gan_core.runs.storage.weights.state_file import MOST_LIST_BYTES, NotAState, check_state_file, load_state_file
from tests.runs.exported import exported_run, members, packed


def saved(state: Any) -> bytes:
    out = io.BytesIO()
    torch.save(state, out)
    return out.getvalue()


def with_member(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same state with one member changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info.filename, change(content) if info.filename.endswith(name) else content)
    return out.getvalue()


def refused(data: bytes) -> str:
    """By both: what looks at a file that comes in, and what reads one that is here."""
    with pytest.raises(NotAState) as looked:
        check_state_file(io.BytesIO(data))
    with pytest.raises(NotAState) as read:
        load_state_file(data)
    assert str(looked.value) == str(read.value)
    return str(looked.value)


SOUND = {
    "step": 3, "window": None, "name": "x", "rate": 0.5, "big": 2**40, "negative": -1, "flag": True,
    "numbers": {str(kind): torch.arange(6).to(kind) for kind in (
        torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
        torch.int8, torch.uint8, torch.bool)},
    "views": list(torch.arange(12.0).split(4)),
    "turned": torch.arange(12.0).reshape(3, 4).t(),
    "channels last": torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last),
    "none": torch.zeros(0, 3), "scalar": torch.tensor(2.5), "shape": (1, (2, 3), []),
}  # fmt: skip


def same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return bool(a.dtype == b.dtype and a.stride() == b.stride() and torch.equal(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def test_what_a_state_may_hold_comes_back_as_it_was() -> None:
    data = saved(SOUND)
    assert same(load_state_file(data), SOUND)
    assert 0 < check_state_file(io.BytesIO(data)) < 5_000
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    found = load_state_file(saved({"net": net.state_dict()}))["net"]
    assert isinstance(found, OrderedDict)
    assert found._metadata == net.state_dict()._metadata
    net.load_state_dict(found)


HOSTILE: dict[str, Any] = {
    "expanded": torch.zeros(1).expand(400_000_000),
    "expanded in a corner": torch.zeros(4, 1).expand(4, 1_000_000),
    "strides that overlap": torch.zeros(2_000).as_strided((1_000, 1_000), (1, 1)),
    "an expanded one of one more": torch.zeros(10).as_strided((11,), (0,)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_tensor_has_no_more_numbers_than_the_file(name: str) -> None:
    assert "claims a tensor of" in refused(saved({"step": 1, "augmentation": {"signs": HOSTILE[name]}}))


def test_the_same_numbers_are_not_shown_again_and_again() -> None:
    whole = torch.zeros(1_000)
    assert "again and again" in refused(saved({"list": [whole[:] for _ in range(100)]}))
    tied = {"a": whole, "b": whole[:]}  # weights that two layers share
    assert same(load_state_file(saved(tied)), tied)


def claims(old: bytes, new: bytes) -> bytes:
    """A state of one tensor of 1,000 numbers whose list says something else."""
    data = saved({"x": torch.arange(1_000.0)})
    changed = with_member(data, "data.pkl", lambda text: text.replace(old, new))
    assert changed != with_member(data, "data.pkl", lambda text: text)
    return changed


THOUSAND = b"M\xe8\x03"  # in a pickle


def test_a_storage_has_just_the_numbers_of_its_member() -> None:
    """torch itself reads beyond the member's end where the list claims more."""
    for claim in (b"J\xff\xff\xff\x7f", b"M\xe7\x03", b"J\xff\xff\xff\xff", b"\x8a\x08" + b"\xff" * 7 + b"\x7f"):
        assert "numbers" in refused(claims(THOUSAND, claim))
    assert "another count" in refused(claims(b"FloatStorage", b"DoubleStorage"))
    short = with_member(saved({"x": torch.arange(1_000.0)}), "data/0", lambda content: content[:-4])
    assert "another count" in refused(short)
    for change in ((b"K\x01\x85", b"J\xff\xff\xff\xff\x85"), (b"K\x00M", b"K\x09M")):  # its stride, its offset
        refused(claims(*change))


def longest() -> bytes:
    """A list of so many operations as may be, that sets the same key again and again."""
    text = b"\x80\x02}" + b"K\x01K\x02s" * (MOST_LIST_BYTES // 5 - 1) + b"."
    return with_member(saved({}), "data.pkl", lambda _: text)


def test_a_list_has_a_bounded_length() -> None:
    """19 MB of operations cost seconds each time that such a file was looked at."""
    start = time.process_time()
    text = b"\x80\x02}" + b"N0" * 9_500_000 + b"."
    assert "has a list of 19,000,004 bytes" in refused(with_member(saved({}), "data.pkl", lambda _: text))
    assert check_state_file(io.BytesIO(longest())) <= MOST_LIST_BYTES
    assert time.process_time() - start < 10


@pytest.mark.parametrize("text", [
    b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.", b"\x80\x04\x8c\x02os\x8c\x06system\x93.", b"(S'ls'\nios\nsystem\n.",
    b"\x80\x02ccollections\nOrderedDict\n]]a\x85R.", b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}b.", b"\x80\x02ctorch\nFloatStorage\n)R.", b"\x80\x02\x82\x01.",
    b"\x80\x02ctorch\nload\n.", b"\x80\x02cbuiltins\neval\n.", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
    b"", b".", b"\x80\x02}", b"\x80\x02].", b"\x80\x02K\x01.", b"\x80\x05\x96" + b"\xff" * 8,
    b"\x80\x02r\xff\xff\xff\x7f.",
    b"\x80\x02X\xff\xff\xff\xff.", b"\x80\x02(Q.", b"\x80\x02X\x01\0\0\0aQ.", b"\x80\x02}" + b"(" * 100_000,
    pickle.dumps({"a": bytes(10)}, 5), pickle.dumps({1, 2}, 4), pickle.dumps({"a": 1j}),
])  # fmt: skip
def test_a_list_builds_nothing_but_tensors_in_dictionaries(text: bytes) -> None:
    refused(with_member(saved({"x": torch.zeros(3)}), "data.pkl", lambda _: text))


def test_another_reader_of_the_zip_finds_nothing_else() -> None:
    """Two archives in one file: what is looked at is what torch gets, whichever it would have found."""
    good, evil = saved({"x": 1}), saved({"x": torch.zeros(1).expand(1_000)})
    for data in (evil + good, good + evil):
        try:
            found = load_state_file(data)
        except NotAState:
            continue
        assert found == {"x": 1}
    renamed = with_member(good, "version", lambda content: content)
    assert load_state_file(renamed) == {"x": 1}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited by addresses on Linux only")
def test_an_archive_with_such_a_state_costs_nothing(tmp_path: Path) -> None:
    """The whole way, in a process that may have 200 MB more than it begins with."""
    files = members(exported_run(tmp_path / "made"))
    name = max(n for n in files if n.endswith(".pt"))
    state = load_state_file(files[name])
    for place, hostile in (
        ("signs", {**state, "augmentation": {**state["augmentation"], "signs": torch.zeros(1).expand(400_000_000)}}),
        ("window", {**state, "window": {**state["window"], "g_loss": torch.zeros(1).expand(400_000_000)}}),
    ):
        (tmp_path / f"{place}.zip").write_bytes(packed({**files, name: saved(hostile)}))
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from gan_core.runs.storage.archives.reading import NotARun, import_run\n"
        "taken = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (taken + 200_000_000,) * 2)\n"
        "for name in sys.argv[2:]:\n"
        "    try: import_run(Path(sys.argv[1]), open(name, 'rb'), 'x.zip')\n"
        "    except NotARun as problem: print(problem)\n"
    )
    (tmp_path / "runs").mkdir()
    command = [sys.executable, "-c", program, *(str(tmp_path / n) for n in ("runs", "signs.zip", "window.zip"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.count("claims a tensor of 400,000,000 numbers where it keeps 1") == 2


def test_states_that_are_costly_together_are_refused(tmp_path: Path) -> None:
    files = members(exported_run(tmp_path / "made"))
    many = {f"checkpoints/{9_000_000 + i:08d}.pt": longest() for i in range(40)}
    (tmp_path / "runs").mkdir()
    start = time.process_time()
    with pytest.raises(NotARun, match="too long together"):
        import_run(tmp_path / "runs", io.BytesIO(packed({**files, **many})), "x.zip")
    assert time.process_time() - start < 40  # forty would take far more
