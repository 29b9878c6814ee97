"""The class: what a teacher shows to everybody, and what everybody answers."""
