"""The command line: the engine for people without a browser, and for scripts.

Thin: a command reads its arguments, asks the run manager, and prints. What goes wrong is one sentence on standard
error and exit status 2.
"""
