"""What storing the container image costs: AWS's private registry, and registries that are free for public images."""

from __future__ import annotations

from dataclasses import dataclass

from generator import catalogue
from scripts.costs.prices import Prices

# Registries store layers compressed, and shared ones once: an upper bound, which tests/image holds the image to.
IMAGE_GB = catalogue.IMAGE_MB / 1000
REVISIONS = catalogue.IMAGES_KEPT + catalogue.IMAGES_PUSHED


@dataclass(frozen=True)
class Keeping:
    """Storing images for a month: where, USD, and what the free tier covers."""

    where: str
    amount: float
    remark: str


def keepings(prices: Prices, image_gb: float = IMAGE_GB, revisions: int = REVISIONS) -> list[Keeping]:
    """What storing revisions of the image costs a month, by registry.

    Args:
        prices: of the region.
        image_gb: size of one revision, assuming that no two share a layer.
        revisions: how many are kept.
    """
    stored, price = image_gb * revisions, prices.of("ecr.storage")
    free = prices.twelve_months["ecr.storage"]
    fit = int(free / image_gb)
    remark = f"{free} GB are free in the first year, room for {fit} of them; nothing is free after that"
    return [
        Keeping("Amazon ECR, private", max(0.0, stored) * price, remark),
        Keeping("Docker Hub, public", 0.0, "free for public images; without a login, 100 pulls in six hours"),
        Keeping("GitHub's registry, public", 0.0, "free for public images; pipelines need no long-lived key"),
    ]
