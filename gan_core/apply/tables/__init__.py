"""Tables with missing cells: read, filled by several methods behind one protocol, written as they came."""

from gan_core.config.registry import import_modules

import_modules(__name__)
