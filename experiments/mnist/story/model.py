"""What there is to model, and the model."""

from __future__ import annotations

import math

import genjax_lab as gl
from experiments.mnist import drawings
from experiments.mnist.findings import Findings
from experiments.result import Figure, Formula, Section


def question(found: Findings) -> Section:
    """Sample space, density, parametric family, maximum likelihood, and the data."""
    data, (height, width) = found.data, found.data.image_shape
    exponent = data.pixels * math.log10(2)
    return Section(
        "What there is to model",
        (
            f"An image is {height} × {width} = {data.pixels} pixels, each of them on (1, ink) or off (0, paper), "
            f"with a label y from 0 to {data.num_classes - 1}. The *sample space*, all that could ever be observed, "
            f"is every one of the $2^{{{data.pixels}}}$ ≈ $10^{{{exponent:.0f}}}$ images with every label. Nearly "
            "all of them look like nothing. A *density* $p(y, x)$ gives each a probability, and they sum to one.",
            "A *parametric family* is a set of densities, one for each value of its parameters θ. Seen as a "
            "function of θ, with the observed images put in, the density is called *likelihood*. *Maximum "
            "likelihood* chooses the θ under which the images at hand are most probable:",
            Formula("θ̂ = argmax_θ  Σ_i log p(y_i, x_i; θ)"),
            f"The images: {found.name}, {len(data.train):,} to fit, {len(data.valid):,} to choose between settings, "
            f"{len(data.test):,} to score, once, at the end. Every fit on this page is on the training images "
            f"alone. A pixel is on if its grey level exceeds {found.threshold:g} of the highest. Source: "
            f"{data.source}.",
        ),
    )


def coins(found: Findings) -> Section:
    """Naive Bayes on bits, and its maximum likelihood by counting."""
    data, alpha = found.data, found.smoothing
    k, d = data.num_classes, data.pixels
    return Section(
        "One coin a pixel and class",
        (
            "Naive Bayes says: once the class is known, the pixels are independent. Each is a coin with a "
            "probability of its own.",
            Formula("p(y, x; θ) = p(y) Π_j p(x_j | y)        p(x_j = 1 | y = c) = θ_{cj}"),
            f"In the library this is `gl.joint(gl.categorical({k}), gl.per_class(gl.bernoulli(({d},)), {k}))`, with "
            f"{gl.degrees_of_freedom(found.bits.model):,} free parameters. The log-likelihood splits into one term "
            "a coin, so the maximum is found by counting, in one pass over the images. $p(y)$ is the share of "
            "each class. Of the $n_c$ training images of class c, pixel j is on in $n_{cj}$, and",
            Formula("θ_{cj} = (n_{cj} + α) / (n_c + 2α)"),
            f"with α = {alpha:g} here. α = 0 is the exact maximum, and a bad idea: a pixel that was never on in any "
            "training image of a class would make every new image in which it is on impossible, log 0 = −∞. "
            "Smoothing merges a few imaginary images with the counts.",
            Figure(
                "class_means",
                "The parameters, drawn: the probability of each pixel to be on, for each class. All that the "
                "model knows about digits is in these pictures.",
                lambda: drawings.class_means(found),
            ),
        ),
    )
