"""What keeping the container image costs: a private registry of AWS against those that are free for public images."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.costs.prices import Prices

# All files of the image as built, 130 MB of them its base (docs/decisions.md). Registries keep layers compressed, and a
# layer that revisions share only once, so this is the most it can be.
IMAGE_GB = 0.24
REVISIONS = 10


@dataclass(frozen=True)
class Keeping:
    """Keeping images for a month: where, USD, and what comes of the free tier."""

    where: str
    amount: float
    remark: str


def keepings(prices: Prices, image_gb: float = IMAGE_GB, revisions: int = REVISIONS) -> list[Keeping]:
    """What ten revisions of the image cost a month, by registry.

    Args:
        prices: of the region.
        image_gb: size of one revision, if no two share a layer.
        revisions: how many are kept.
    """
    stored, price = image_gb * revisions, prices.of("ecr.storage")
    free = prices.twelve_months["ecr.storage"]
    fit = int(free / image_gb)
    remark = f"free are {free} GB in the first year, room for {fit} of them, and nothing after it"
    return [
        Keeping("Amazon ECR, private", max(0.0, stored) * price, remark),
        Keeping("Docker Hub, public", 0.0, "free for public images; pulls are limited by the hour"),
        Keeping("GitHub's registry, public", 0.0, "free for public images; pipelines need no long-lived key"),
    ]
