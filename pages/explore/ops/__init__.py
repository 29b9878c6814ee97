"""Everything that the Explore page can ask for; importing it registers all operations, and brings torch."""

from __future__ import annotations

from pages.explore.ops import bookmarks as bookmarks
from pages.explore.ops import directions as directions
from pages.explore.ops import inside as inside
from pages.explore.ops import inversion as inversion
from pages.explore.ops import maps as maps
from pages.explore.ops import mix as mix
from pages.explore.ops import overtime as overtime
from pages.explore.ops import picture as picture
from pages.explore.ops import take as take
from pages.explore.ops import walk as walk
from pages.server.operations import OPERATIONS as OPERATIONS
