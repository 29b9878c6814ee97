"""`python -m gan_core`: the command line."""

import signal
import sys

# Until there is a run that wants to be stopped with care, Ctrl-C simply ends the program, also while torch loads.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from gan_core.cli.main import main  # noqa: E402

sys.exit(main())
