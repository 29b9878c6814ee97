"""What trained generators are good for: tasks on real pictures and tables, each measured against simpler ways.

Importing this registers the tasks of every module and package here.
"""

from gan_core.apply.base import Cancelled, Task, Workplace, tasks
from gan_core.config.registry import import_modules

import_modules(__name__)

__all__ = ["Cancelled", "Task", "Workplace", "tasks"]
