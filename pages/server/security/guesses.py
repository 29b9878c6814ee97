"""How fast a secret may be guessed: after some wrong ones each address has to wait, twice as long every time."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

FREE_GUESSES = 10  # of an address: a class behind one router mistypes too
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 300.0
FORGOTTEN_AFTER_SECONDS = 3600.0
MOST_ADDRESSES = 10_000
_log = logging.getLogger(__name__)


@dataclass
class _Caller:
    """What one address has guessed. wrong: how often; until: when it may guess again; last: when it last did."""

    wrong: int = 0
    until: float = 0.0
    last: float = 0.0
    tried: set[bytes] = field(default_factory=set)


class Guesses:
    """Counts the different wrong guesses of each address: a form that is reloaded is one guess."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._callers: OrderedDict[str, _Caller] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until this address may guess again; 0 where it may now."""
        caller = self._callers.get(_group(address))
        return max(0.0, caller.until - self.clock()) if caller else 0.0

    def wrong(self, address: str, guess: str) -> None:
        """A guess that was not the secret."""
        now, group = self.clock(), _group(address)
        caller = self._callers.setdefault(group, _Caller())
        self._callers.move_to_end(group)
        while len(self._callers) > MOST_ADDRESSES:
            self._callers.popitem(last=False)
        if now - caller.last > FORGOTTEN_AFTER_SECONDS and caller.wrong:
            caller = self._callers[group] = _Caller()
        digest = hashlib.sha256(guess.encode("utf-8", "surrogatepass")).digest()[:8]
        if digest in caller.tried:
            return
        if len(caller.tried) < 2 * FREE_GUESSES:  # beyond, every one counts
            caller.tried.add(digest)
        caller.wrong, caller.last = caller.wrong + 1, now
        if (beyond := caller.wrong - FREE_GUESSES) >= 0:
            if not beyond:
                _log.warning("%s has given %d wrong tokens and has to wait from now on", group, caller.wrong)
            caller.until = now + min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(beyond, 30))

    def right(self, address: str) -> None:
        """Somebody at this address knew it."""
        self._callers.pop(_group(address), None)


def _group(address: str) -> str:
    """What counts as one address: of IPv6 the network that a single line is given, 64 bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
