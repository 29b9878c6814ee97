"""The box on a clip's first frame, the timeline of an edit's strength, and the camera, in the browser."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pages.ui.web.component import component, told_text

MOST_SHOWN = 960  # pixels of the frame's longer side, as it is shown

_box = component("ganscope_clip_box", "apply/web/video/box.js", "ui/web/live.css", "apply/web/painting.css",
                 "apply/web/video/video.css")  # fmt: skip
_camera = component("ganscope_camera", "apply/web/video/camera.js", "ui/web/live.css", "apply/web/painting.css",
                    "apply/web/video/video.css")  # fmt: skip
_strength = component("ganscope_strength", "apply/web/video/strength.js", "ui/web/live.css",
                      "ui/web/keyframes/keyframes.css", "apply/web/painting.css",
                      "apply/web/video/video.css")  # fmt: skip


def box_view(
    key: str, *, frame: str, width: int, height: int, box: str, turn: int, size: int, on_box: Callable[[str], None]
) -> None:
    """frame: as `shown_frame` gives it, of a clip of width x height pixels. box: "X,Y,WIDTH,HEIGHT" in those.

    turn: another number makes the view take the box for its own. size: of the generator's pictures. `on_box` is told
    every new box as "TURN:X,Y,WIDTH,HEIGHT", which came from a browser.
    """

    data = {"frame": frame, "width": width, "height": height, "box": box, "turn": turn, "size": size}
    _box(key=key, data=[data], on_box_change=told_text(key, "box", on_box))  # in a list, see component.py


def strength_view(
    key: str, *, token: str, text: str, turn: int, seconds: float | None, edit: dict[str, Any] | None,
    on_keys: Callable[[str], None],
) -> None:  # fmt: skip
    """text: the keys, as `gan_core.apply.clips.strength` reads them; turn: another number makes the view take them.

    seconds: of the film, None where they are not known. edit: {"model", "stack", "brought"} as `edit-strength` takes
    them, whose pictures are shown; None for none. `on_keys` is told every change as "TURN:KEYS", from a browser.
    """

    data = {"token": token, "text": text, "turn": turn, "seconds": seconds, "edit": edit}
    _strength(key=key, data=[data], on_keys_change=told_text(key, "keys", on_keys))  # in a list, see component.py


def camera_view(key: str, *, token: str, model: str, projector: bool) -> None:
    """The camera's picture and the generator's nearest, by Explore's channel."""
    _camera(key=key, data=[{"token": token, "model": model, "projector": projector}])


def shown_frame(frame: NDArray[np.uint8]) -> str:
    """A frame [height, width, 3] as an address that an image may have."""
    image = Image.fromarray(frame)
    image.thumbnail((MOST_SHOWN, MOST_SHOWN))
    out = io.BytesIO()
    small = max(image.size) <= 256  # pixel art would blur
    image.save(out, "PNG") if small else image.save(out, "JPEG", quality=88)
    kind = "png" if small else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}"
