"""From a draft to what would be kept: steps that say what was understood, offer choices, and leave things out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np

from gan_core.data.pixels import hold_out
from gan_core.data.uploads.alike import Indices
from gan_core.data.uploads.draft import Choices, Draft, Flags, Offer, Settled
from gan_core.data.uploads.label_files import Matches, match
from gan_core.data.uploads.layout import Folders, Layout, inner_names, lay_out, natural, shown_classes
from gan_core.data.uploads.limits import shown
from gan_core.data.uploads.member_names import ENCODINGS

MOST_CLASSES = 1_000
_FEW = 0.1  # of the training pictures: so many beside the class folders are strays, more are what the set is made of
_SHARED_LABELS = 0.5  # labels of their own for more pictures than this are no classes but names


def settle(draft: Draft, choices: Choices | None = None) -> Settled:
    """What is kept of a draft under these choices; what was not chosen is proposed. Quick: may be asked again."""
    return _Settling(draft, choices or Choices()).result()


class _Settling:
    """The steps from a draft to what is kept; each adds its sentences, offers and what it leaves out."""

    def __init__(self, draft: Draft, choices: Choices) -> None:
        self.draft, self.choices = draft, choices
        self.notes: list[str] = []
        self.offers: list[Offer] = []
        self.left_out: dict[str, tuple[int, ...]] = {}
        self.alive = np.ones(len(draft.found), bool)
        paths, self.layout, self.matches = self._read_names()
        self.paths = paths
        self.is_test = self._test_folders()

    def result(self) -> Settled:
        count = len(self.draft.found)
        test = self._choose_split()
        names = self._choose_classes(test)
        in_two = self._same_pictures(names, test)
        twins = self._near(test)
        names = self._without_empty_classes(names, test)
        kept = np.flatnonzero(self.alive)
        used = sorted({names[i] for i in kept if names[i]}, key=natural)
        own = next((n for n in used if n == self.stray_class), None)
        if own is not None:  # what lies beside the folders comes last
            used = [n for n in used if n != own] + [own]
        if used and (len(used) < 2 or len(used) > MOST_CLASSES):
            self.notes.append(
                f"There is one class only, {shown(used[0])}: no classes are needed."
                if len(used) == 1
                else f"{len(used):,} classes are too many; at most {MOST_CLASSES:,} are kept, so there are none."
            )
            used = []
        words = shown_classes(used)
        place = {name: index for index, name in enumerate(used)}
        labels = tuple(place[names[i]] for i in kept) if used else ()
        held = self._hold_out(kept, labels, test)
        problem = ""
        if count and (not len(kept) or held.all()):
            problem = "No picture is left to train on; choose otherwise."
        return Settled(
            kept, labels, held, tuple(words[name] for name in used), self.left_out, tuple(self.notes),
            tuple(self.offers), twins, in_two, problem,
        )  # fmt: skip

    # names and folders

    def _read_names(self) -> tuple[list[Folders], Layout, Matches]:
        draft, unsaid = self.draft, self.draft.undeclared()
        encoding = ""
        if unsaid:
            proposed = draft.encoding(unsaid[0])
            encoding = self._offer(
                "names", "Names are written in", dict(ENCODINGS), proposed,
                "The zip does not say in which alphabet its names are; change it where they look wrong.",
            )  # fmt: skip
            encoding = "" if encoding == proposed else encoding
        paths = [draft.path(f.upload, f.name, encoding) for f in draft.found]
        folders = [self._from_top(f.upload, f.zipped, path[:-1]) for f, path in zip(draft.found, paths, strict=True)]
        folders = self._with_zips(folders)
        whole = [(*folder, path[-1]) for folder, path in zip(folders, paths, strict=True)]
        tables = []
        for upload, zipped, name, table in draft.tables:
            at = self._from_top(upload, zipped, draft.path(upload, name, encoding)[:-1])
            tables.append(replace(table, folder=at))
        found = match(tables, whole)
        self.notes += found.notes
        return whole, lay_out(folders), found

    @staticmethod
    def _from_top(upload: int, zipped: bool, folders: Folders) -> Folders:
        return folders if zipped else ()

    def _with_zips(self, folders: list[Folders]) -> list[Folders]:
        """Several zips: their names are folders too where none has any inside, or where they are train and test."""
        draft = self.draft
        zips = sorted({f.upload for f in draft.found if f.zipped})
        stems = {upload: PurePosixPath(draft.uploads[upload].replace("\\", "/")).stem for upload in zips}
        if len(zips) < 2 or len(set(stems.values())) < 2:
            return folders
        flat = not any(folders)
        split = lay_out([(stem, "x") for stem in stems.values()]).held_out is not None
        if not (flat or split):
            return folders
        return [(stems[f.upload], *path) if f.zipped else path for f, path in zip(draft.found, folders, strict=True)]

    # training and test

    def _test_folders(self) -> tuple[bool, ...] | None:
        """Which pictures the folders, or a label file's column, call test pictures; None where neither says so."""
        if self.layout.held_out is not None:
            return self.layout.held_out
        if set(self.matches.held_out.values()) == {True, False}:
            return tuple(self.matches.held_out.get(i, False) for i in range(len(self.draft.found)))
        return None

    def _choose_split(self) -> Flags | None:
        """Which pictures are held out by name; None: a tenth is drawn."""
        if self.is_test is None:
            return None
        test = np.array(self.is_test, bool)
        shared = np.isin(self.draft.same_as, self.draft.same_as[test])
        leaves_some = bool((~shared).any())
        words = " and ".join(self.layout.split_words) or "the label file's column"
        chosen = self._offer(
            "held_out", "Held out (no run trains on these)",
            {"test": f"The test pictures ({int(test.sum()):,})", "tenth": "A tenth of all, drawn"},
            "test" if leaves_some else "tenth",
            "Held-out pictures show whether the generator learned or copied. Test pictures never train.",
        )  # fmt: skip
        if chosen == "tenth":
            self.notes.append(
                f"Training and test ({words}) are put together, and a tenth of all is held out."
                if leaves_some
                else f"Every training picture is a test picture too ({words}): a tenth of all is held out instead."
            )
            return None
        self.notes.append(
            f"Training and test are told apart by {words}: {int(test.sum()):,} test pictures are held out."
        )
        both = np.flatnonzero(shared & ~test)
        self._leave_out("they are test pictures too, and test pictures never train", both)
        return test

    def _hold_out(self, kept: Indices, labels: Sequence[int], test: Flags | None) -> Flags:
        if test is not None:
            return np.asarray(test[kept], bool)
        same = self.draft.same_as[kept]
        alone = np.array([times == 1 for times in map(Counter(same.tolist()).__getitem__, same.tolist())], bool)
        return hold_out(len(kept), labels, alone)

    # classes

    stray_class = ""

    def _choose_classes(self, test: Flags | None) -> list[str]:
        """A class for each picture, "" where it has none."""
        sources = self._class_sources()
        told = {
            "label file": f"Label file ({_spoken(self.matches.files)})",
            "folders": "Folders",
            "inner folders": "Innermost folders",
        }
        options = {"none": "No classes"}
        for source, names in sources.items():
            options[source] = f"{told[source]}: {len({n for n in names if n}):,}"
        proposed = self._proposed_source(sources, test)
        if len(options) == 1:
            return [""] * len(self.draft.found)
        chosen = self._offer(
            "classes", "Classes", options, proposed, "A conditional run can be asked for one class at a time."
        )
        if chosen == "none":
            if self.matches.says_none and len(sources):
                self.notes.append("So the folders are not taken for classes.")
            return [""] * len(self.draft.found)
        names = sources[chosen]
        used = sorted({name for name in names if name}, key=natural)
        what = {"label file": "from " + _spoken(self.matches.files), "folders": "by folder",
                "inner folders": "by innermost folder"}[chosen]  # fmt: skip
        self.notes.append(f"{len(used):,} classes {what}: {_listed([shown(n) for n in used])}.")
        return self._place_strays(names, chosen, test)

    def _class_sources(self) -> dict[str, list[str]]:
        sources: dict[str, list[str]] = {}
        if self.matches.labels:
            sources["label file"] = [self.matches.labels.get(i, "") for i in range(len(self.draft.found))]
        top, inner = list(self.layout.folders), list(inner_names(self.layout.inner))
        if any(top):
            sources["folders"] = top
        if len(set(inner)) != len(set(top)):
            sources["inner folders"] = inner
        return {source: names for source, names in sources.items() if len(set(names)) > 1}

    def _proposed_source(self, sources: dict[str, list[str]], test: Flags | None) -> str:
        if self.matches.says_none:
            return "none"
        train = np.ones(len(self.draft.found), bool) if test is None else ~test
        for source, names in sources.items():
            used = {name for name in names if name}
            labelled = np.array([bool(name) for name in names])[train].mean() if train.any() else 0.0
            names_each = source == "label file" and len(names) >= 50 and len(used) > _SHARED_LABELS * len(names)
            if 2 <= len(used) <= MOST_CLASSES and labelled >= (0.5 if source == "label file" else 1 - _FEW):
                if not names_each:
                    return source
        return "none"

    def _place_strays(self, names: list[str], source: str, test: Flags | None) -> list[str]:
        """Pictures without a class among pictures that have one."""
        strays = [i for i, name in enumerate(names) if not name]
        if not strays:
            return names
        one = len(strays) == 1
        where = "no label in the file" if source == "label file" else "no class folder"
        self.notes.append(
            f"{len(strays):,} picture{'' if one else 's'} {'has' if one else 'have'} {where}: "
            f"{_listed(['/'.join(self.paths[i]) for i in strays])}."
        )
        chosen = self._offer(
            "strays", f"Without a class ({len(strays):,})",
            {"leave out": "Leave out", "own class": "A class of their own", "no classes": "No classes for any"},
            "leave out",
        )  # fmt: skip
        if chosen == "no classes":
            return [""] * len(names)
        if chosen == "leave out":
            self._leave_out("they have no class", np.array(strays))
            return names
        taken = {name for name in names if name}
        self.stray_class = next(n for n in ("other", *(f"other ({k})" for k in range(2, 9_999))) if n not in taken)
        return [name or self.stray_class for name in names]

    def _without_empty_classes(self, names: list[str], test: Flags | None) -> list[str]:
        """A class whose pictures are all test pictures cannot be learned."""
        if test is None or not any(names):
            return names
        trained = {names[i] for i in np.flatnonzero(self.alive & ~test)}
        lost = sorted({names[i] for i in np.flatnonzero(self.alive)} - trained, key=natural)
        if lost and trained:
            self.notes.append(f"Without training pictures, and left out: {_listed([shown(n) for n in lost])}.")
            gone = [i for i in np.flatnonzero(self.alive) if names[i] in lost]
            self._leave_out("their class has no training picture", np.array(gone))
        return names

    # the same picture more than once

    def _same_pictures(self, names: list[str], test: Flags | None) -> tuple[tuple[int, int], ...]:
        """Repeats in one class, and pictures in two classes; neither class is emptied without a word."""
        same = self.draft.same_as
        groups: dict[int, list[int]] = {}
        for index in np.flatnonzero(self.alive).tolist():
            groups.setdefault(int(same[index]), []).append(index)
        repeats: list[int] = []
        across: list[list[int]] = []  # the first of each class
        for members in groups.values():
            first: dict[str, int] = {}
            for index in members:
                if index != first.setdefault(names[index], index):
                    repeats.append(index)
            if len(first) > 1:
                across.append(list(first.values()))
        if repeats and self._offer(
            "repeats", f"There twice ({len(repeats):,})", {"leave out": "Keep one of each", "keep": "Keep all"},
            "leave out", "The same pixels, whatever the file is called.",
        ) == "leave out":  # fmt: skip
            self._leave_out("their picture is there already", np.array(sorted(repeats)))
        self._two_classes(across, names)
        return tuple((group[0], other) for group in across for other in group[1:])

    def _two_classes(self, across: list[list[int]], names: list[str]) -> None:
        if not across:
            return
        pairs = Counter(" and ".join(shown(names[i]) for i in group) for group in across)
        one = len(across) == 1
        self.notes.append(
            f"{len(across):,} picture{'' if one else 's'} {'is' if one else 'are'} in two classes: "
            f"{_listed([f'{n:,} in {words}' for words, n in pairs.most_common()])}."
        )
        chosen = self._offer(
            "in_two_classes", f"In two classes ({len(across):,})",
            {"keep both": "Keep in both", "first class": "Keep in the first", "leave out": "Leave out"},
            "keep both",
        )  # fmt: skip
        same, dead = self.draft.same_as, {"first class": 1, "leave out": 0}.get(chosen)
        if dead is None:
            return
        gone = {int(same[group[0]]): {names[i] for i in group[dead:]} for group in across}
        lost = [int(i) for i in np.flatnonzero(self.alive) if names[i] in gone.get(int(same[i]), ())]
        self._leave_out("they are in two classes", np.array(lost, np.int64))

    def _near(self, test: Flags | None) -> tuple[tuple[int, int], ...]:
        twins = tuple((a, b) for a, b in self.draft.twins if self.alive[a] and self.alive[b])
        if not twins:
            return ()
        if test is not None and (both := sum(test[a] != test[b] for a, b in twins)):
            self.notes.append(f"{both:,} test picture{'s' * (both != 1)} nearly equal a training picture.")
        if self._offer(
            "near", f"Nearly the same ({len(twins):,})",
            {"keep": "Keep all", "leave out": "Keep one of each"}, "keep",
            "Scaled, compressed again or a shade lighter: the set is smaller than it looks.",
        ) == "leave out":  # fmt: skip
            later = [b if test is None or not test[b] or test[a] else a for a, b in twins]  # test pictures stay
            self._leave_out("nearly the same picture is there already", np.array(sorted(set(later))))
        return twins

    def _offer(self, name: str, label: str, options: dict[str, str], proposed: str, help: str = "") -> str:
        asked = getattr(self.choices, name)
        chosen = asked if asked in options else proposed
        self.offers.append(Offer(name, label, options, chosen, help))
        return chosen

    def _leave_out(self, reason: str, indices: Indices) -> None:
        gone = tuple(int(i) for i in indices if self.alive[i])
        if gone:
            self.left_out[reason] = self.left_out.get(reason, ()) + gone
            self.alive[list(gone)] = False


def _listed(words: Sequence[str], most: int = 6) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most:,} more" if len(words) > most else "")


def _spoken(files: Sequence[str]) -> str:
    return shown(files[0]) + (f" and {len(files) - 1} more" if len(files) > 1 else "") if files else ""
