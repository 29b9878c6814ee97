"""How a step is worked out: `gan_core.training.step` is the reference; others give the same but for rounding.

`reference`: autograd, for every network and device. `dense`: small dense networks with the backward written out.
`compiled`: those, many steps at a time, in C++ made for their sizes. `inductor`: any networks by torch.compile.
"""

from gan_core.training.backends.base import Backend
from gan_core.training.backends.choice import choose, unsupported

__all__ = ["Backend", "choose", "unsupported"]
