"""Simple methods that fill a table, each as scikit-learn has it: the yardstick for what a GAN adds."""

from gan_core.config.registry import import_modules

import_modules(__name__)
