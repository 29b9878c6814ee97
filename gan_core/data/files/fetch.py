"""Fetching a published file: on request only, with progress and a checksum, there in full or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import math
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gan_core.config.files import atomic_path
from gan_core.data.base import DataUnavailable, Progress

_TIMEOUT_SECONDS = 20.0
_CHUNK = 1 << 18
_FALLBACK = "choose Fashion-MNIST, which comes with the program"


@dataclass(frozen=True)
class Remote:
    """A file that is published at any of `urls`; megabytes: about how large it is.

    md5, sha256: the one of them that its publishers give.
    """

    name: str
    urls: tuple[str, ...]
    md5: str
    megabytes: float
    sha256: str = ""

    @property
    def method(self) -> str:
        return "sha256" if self.sha256 else "md5"

    @property
    def checksum(self) -> str:
        return self.sha256 or self.md5


class _Broken(Exception):
    """A try that failed; the words go into a sentence."""


def missing(remotes: Sequence[Remote], folder: Path) -> list[Remote]:
    """Those that are not in `folder` yet."""
    return [remote for remote in remotes if not (folder / remote.name).is_file()]


def fetch_all(
    label: str, remotes: Sequence[Remote], folder: Path, progress: Progress | None, fallback: str = _FALLBACK
) -> None:
    """See to it that every file is in `folder` and is the published one; `fallback` is what else one may do.

    Raises DataUnavailable, in one sentence that says what to do; what `progress` raises goes through, and nothing
    half-done is left behind.
    """
    wanted = missing(remotes, folder)
    total, done = sum(remote.megabytes for remote in wanted), 0.0
    for remote in wanted:
        report = None if progress is None else _part_of(progress, label, done, remote.megabytes, total)
        try:
            _fetch(remote, folder, report)
        except _Broken as reason:
            names = ", ".join(other.name for other in missing(remotes, folder))
            raise DataUnavailable(
                f"{label} is not on this machine and could not be fetched ({reason}): "
                f"put {names} into {folder} by hand, or {fallback}."
            ) from None
        done += remote.megabytes
    for remote in remotes:
        path = folder / remote.name
        if _checksum(path, path.stat().st_mtime_ns, remote.method) != remote.checksum:
            raise DataUnavailable(
                f"{path} is not the published file (its checksum differs); remove it and try again."
            )


def _part_of(progress: Progress, label: str, before: float, own: float, total: float) -> Callable[[float], None]:
    return lambda share: progress((before + share * own) / total, f"fetching {label}, {math.ceil(total)} MB")


@lru_cache(maxsize=64)
def _checksum(path: Path, changed_ns: int, method: str) -> str:
    """Of the file, as publishers give it: it guards against damage, while readers expect the worst anyway."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(method, usedforsecurity=False)).hexdigest()


def _fetch(remote: Remote, folder: Path, report: Callable[[float], None] | None) -> None:
    """From the first address that has it; _Broken with the last address's reason."""
    reason = _Broken("no address is known")
    for url in remote.urls:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return _download(url, remote, folder, report)
        except _Broken as error:
            reason = error
        except OSError as error:
            raise _Broken(f"{folder} cannot be written: {error.strerror or error}") from None
    raise reason


def _download(url: str, remote: Remote, folder: Path, report: Callable[[float], None] | None) -> None:
    digest, done = hashlib.new(remote.method, usedforsecurity=False), 0
    chunks = contextlib.closing(_chunks(url))
    with atomic_path(folder / remote.name) as temporary, open(temporary, "wb") as file, chunks as arriving:
        for chunk in arriving:
            done += len(chunk)
            if done > 2_000_000 * remote.megabytes:
                raise _Broken("what arrived is far larger than the published file")
            digest.update(chunk)
            file.write(chunk)
            if report is not None:
                report(min(1.0, done / (1_000_000 * remote.megabytes)))
        if digest.hexdigest() != remote.checksum:
            raise _Broken("what arrived is not the published file: its checksum differs")


def _chunks(url: str) -> Generator[bytes]:
    """The bytes at an address; every trouble with the network becomes _Broken, one with the disk does not."""
    request = urllib.request.Request(url, headers={"User-Agent": "GANscope"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            announced, done = answer.headers.get("Content-Length"), 0
            while chunk := _next(answer):
                done += len(chunk)
                yield chunk
            if announced is not None and announced.isdigit() and done < int(announced):
                raise _Broken("the connection broke off")
    except urllib.error.HTTPError as error:
        error.close()
        raise _Broken(f"the server answered {error.code}") from None
    except urllib.error.URLError as error:
        late = isinstance(error.reason, TimeoutError)
        raise _Broken(
            "the server did not answer" if late else "no network, or the server cannot be reached"
        ) from None
    except http.client.HTTPException:
        raise _Broken("the server's answer makes no sense") from None
    except TimeoutError:
        raise _Broken("the server did not answer") from None
    except OSError:
        raise _Broken("the connection broke off") from None


def _next(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read(_CHUNK)
    except TimeoutError:
        raise _Broken("the server stopped sending") from None
    except (OSError, http.client.HTTPException):
        raise _Broken("the connection broke off") from None
