"""How much is spent on each rung."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How much is spent.

    Attributes:
      passes: of EM.
      starts: of EM, of which the best goes on.
      components: of mixtures of coins: few, and many.
      trees: of the mixture of trees, of that of each class, and of that of trees of patches.
      smoothing: pseudo-counts to choose from by validation.
      states: of a hidden tree.
      epochs: of the networks: masked, convolution, attention, windows; of class windows, of all images and then
        of each class's; half the first of them of a hidden tree.
      grey: epochs of the flow and of the windows of grey images.
      window: rows above, and columns to either side, that windows hold.
      width: features of a pixel in the networks.
      depth: layers of windows after the first.
      memory: units of theirs for the rows above.
      turns: ways to turn an image, each with windows of its own.
      turned_epochs: of those, on images moved by a pixel, and then on the images as they are.
      half: whether the networks multiply bfloat16 numbers.
      seed: of everything.
      checkpoint: a directory for fits under way, or None.
      factors: numbers of hidden coordinates of principal components and of factor analysis, to choose from.
      code: hidden coordinates of an autoencoder.
      units: of each hidden layer of its encoder, and in the other order of its decoder.
      coder_epochs: the most epochs of it.
      features: of a pixel in a deep one, a level each.
      deep_epochs: of it, on images moved by a pixel, and then the most on the images as they are.
      logistics: components of a grey pixel's mixture.
      batch: images of a step of the windows of grey images and of turned ones, and of a deep autoencoder.
      draws: of each bound.
    """

    passes: int
    starts: int
    components: tuple[int, int]
    trees: tuple[int, int, int]
    smoothing: tuple[float, ...]
    states: int
    epochs: tuple[int, int, int, int, int, int]
    grey: tuple[int, int]
    width: int
    half: bool
    seed: int
    checkpoint: str | None
    factors: tuple[int, ...] = (5,)
    code: int = 4
    units: tuple[int, ...] = (16,)
    coder_epochs: int = 2
    draws: int = 2
    window: int = 5
    depth: int = 2
    memory: int = 128
    turns: int = 2
    turned_epochs: tuple[int, int] = (1, 1)
    features: tuple[int, ...] = (4, 8)
    deep_epochs: tuple[int, int] = (1, 1)
    logistics: int = 5
    batch: int = 100
