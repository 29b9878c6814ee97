"""The measures of images, and what a page says about each; `report` takes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageMeasure:
    """One measure: its name (the key among values), and what a page says about it.

    higher_is_better: None where neither end is the good one and the floor says what real images have.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool | None
    help: str
    source: str

    def name_in(self, features: str) -> str:
        """The published name in the published features, the label in all others."""
        published = features.startswith("Inception") and self.name in ("fid", "kid")
        return self.name.upper() if published else self.label


_PRDC = "Naeem et al. 2020, arXiv:2002.09797, equations 4 and 5"
_PRECISION_RECALL = "Kynkäänniemi et al. 2019, arXiv:1904.06991, equation 1"
IMAGE_MEASURES = (
    ImageMeasure(
        "fid", "Fréchet distance", "squared features", False,
        "How far the generated images as a whole are from real ones: both are summed up as a mean and a covariance "
        "of features. It is called FID when the features are Inception's; only numbers of the same features and of "
        "equally many images compare.",
        "Heusel et al. 2017, arXiv:1706.08500, equation 6",
    ),
    ImageMeasure(
        "kid", "Kernel distance", "", False,
        "The same question without assuming a bell curve; around 0, on either side, for a perfect generator. It is "
        "called KID when the features are Inception's.",
        "Bińkowski et al. 2018, arXiv:1801.01401, section 4",
    ),
    ImageMeasure(
        "precision", "Precision", "share of the generated images", True,
        "Generated images that lie among real ones: within reach of a real image's third neighbour.",
        _PRECISION_RECALL,
    ),
    ImageMeasure(
        "recall", "Recall", "share of the real images", True,
        "Real images that lie among generated ones: what share of the data the generator can make.",
        _PRECISION_RECALL,
    ),
    ImageMeasure(
        "density", "Density", "", True,
        "How thickly real images lie around the generated ones; 1 for a perfect generator, more where it keeps to "
        "what is most typical.", _PRDC,
    ),
    ImageMeasure(
        "coverage", "Coverage", "share of the real images", True,
        "Real images that have a generated one nearer than their fifth real neighbour; drops when the generator "
        "keeps to a few kinds.", _PRDC,
    ),
    ImageMeasure(
        "class_entropy", "Entropy of the classes", "nats", None,
        "How evenly the classes come that a classifier finds; 0 when all are one class. It should be what real "
        "images have.",
        "Shannon 1948",
    ),
    ImageMeasure(
        "memorisation", "Data-copying Z", "standard deviations", None,
        "Whether generated images lie nearer to training images than unseen real images do: below about -3 the "
        "generator copies its training images; around 0 both are as near; far above, it makes what is in no image.",
        "Meehan et al. 2020, arXiv:2004.05675, section 3",
    ),
)  # fmt: skip
