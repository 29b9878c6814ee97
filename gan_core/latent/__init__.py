"""What a trained generator has learned: its latent space, looked into and walked through.

Plain data and numpy at its borders: looks come in as JSON, pictures go out as uint8.
"""

from gan_core.latent.looks.checking import check_look, check_path, check_weights, check_where
from gan_core.latent.looks.look import Look, Unit, Where
from gan_core.latent.looks.vectors import decode_vector, encode_vector
from gan_core.latent.looks.where import Point, at_time, pictures, render, resolve, resolve_all
from gan_core.latent.model import Explorable, twin

__all__ = [
    "Explorable",
    "Look",
    "Point",
    "Unit",
    "Where",
    "at_time",
    "check_look",
    "check_path",
    "check_weights",
    "check_where",
    "decode_vector",
    "encode_vector",
    "pictures",
    "render",
    "resolve",
    "resolve_all",
    "twin",
]
