"""Pictures with a hole, filled by a generator: several completions, beside what needs no generator.

observation   what is known of a picture: pixels, or a lower resolution
masks         ways to hide a part; reading: pictures and masks out of untrusted files
filling       the search in latent space, and which of what is found is shown
solving       Poisson blending and biharmonic filling
baselines     the mean image, the nearest training image, a smooth surface; scores, verdicts: how near to the truth
task          all of it as a job, whose files `results` writes
"""

from gan_core.apply.completion.task import FillPicture

__all__ = ["FillPicture"]
