"""Untrusted pictures, decoded in a process of their own: `decoding` is what that does, `child` is how it is spoken to.

Nothing here imports the rest of the program, so that the process is there in a moment.
"""
