"""Untrusted pictures, decoded in a process of its own: `decoding` is what it does, `child` how it is spoken to.

Nothing here imports the rest of the program, so that the process is there in a moment.
"""
