"""`python -m gan_core`: the command line."""

import signal
import sys

from gan_core.cli.terminal.signals import may_listen
from gan_core.cli.terminal.streams import Streams

# Until there is a run that wants to be stopped with care, Ctrl-C simply ends the program, also while torch loads.
if may_listen(signal.SIGINT):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
streams = Streams()

from gan_core.cli.main import main  # noqa: E402

try:
    status = main()
except SystemExit as leaving:  # after --help
    status = leaving.code if isinstance(leaving.code, int) else 0
sys.exit(streams.end(status))
