"""Everything that the Explore page can ask for; importing it registers the operations of every module here.

It brings torch, so nobody imports it before somebody explores.
"""

from __future__ import annotations

from gan_core.config.registry import import_modules
from pages.server.live.operations import OPERATIONS as OPERATIONS

import_modules(__name__)
