"""The ladder: each rung a density of images, black-and-white or grey, how it is fitted, and what it adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import genjax_lab as gl
from experiments.mnist_density import fits, grey, hidden, trees, turned
from experiments.mnist_density.effort import Effort
from experiments.mnist_density.fits import Fitted
from genjax_lab.data import Dataset


@dataclass(frozen=True)
class Rung:
    """A step of the ladder.

    Attributes:
      name: what the command line knows it by.
      title: what people call it.
      adds: which dependence it expresses that the rung below could not, in a sentence.
      published: a number to set beside its own, in nats, or bits a pixel of grey images, and whose it is; or None.
      fits: (data, effort) -> ways to fit it, each made when it is asked for; the best on validation images is kept.
    """

    name: str
    title: str
    adds: str
    published: tuple[float, str] | None
    fits: Callable[[Dataset, Effort], Sequence[Callable[[], Fitted]]]


RUNGS = (
    Rung(
        "independent", "independent pixels",
        "Every pixel is a coin of its own: how often it is on, and nothing about any other.",
        (205.79, "measured, ANCHORS"), fits.independent,
    ),
    Rung(
        "ppca", "principal components, a bound",
        "Pixels go along with a few hidden numbers, linearly, as real numbers do; of which a bit tells only the sign.",
        None, hidden.components,
    ),
    Rung(
        "factor_analysis", "factor analysis, a bound",
        "The same, and each pixel has noise of its own: one that is never on has hardly any.",
        None, hidden.factors,
    ),
    Rung(
        "naive_bayes", "naive Bayes, label summed out",
        "Pixels depend on one another through the digit that is drawn: ten averages in place of one.",
        (170.8, "measured"), fits.naive_bayes,
    ),
    Rung(
        "mixture", "mixture of few coins",
        "The ways of drawing are found, not labelled; within one the pixels are still independent.",
        (144.1, "measured, K = 50"), fits.coins(0),
    ),
    Rung(
        "large_mixture", "mixture of many coins",
        "More ways of drawing, each seen in fewer images; what is near by in an image is still not told.",
        (137.64, "Germain et al. 2015, K = 500"), fits.coins(1),
    ),
    Rung(
        "chow_liu", "Chow–Liu tree",
        "A pixel depends on one neighbour: strokes have a width. There is one way of drawing for all images.",
        (134.96, "measured"), trees.one,
    ),
    Rung(
        "class_chow_liu", "a tree for each class",
        "Which neighbour, and how, may differ from digit to digit.",
        (114.6, "measured"), trees.one_a_class,
    ),
    Rung(
        "trees", "mixture of trees",
        "Both: ways of drawing that nobody labelled, in each of which pixels follow a neighbour.",
        (105.3, "measured, K = 60"), trees.many((1, 1), 10.0, 0),
    ),
    Rung(
        "class_trees", "mixture of trees in each class",
        "Ways of drawing each digit: an image is asked of its own digit's trees only.",
        None, trees.many((1, 1), 10.0, 1, labelled=True),
    ),
    Rung(
        "patch_tree", "tree of patches",
        "Four pixels at a time: within a patch they depend in any way, and all that its neighbour holds tells of it.",
        None, trees.one_of_patches,
    ),
    Rung(
        "class_patch_trees", "a tree of patches for each class",
        "Which patch tells of which, and what, may differ from digit to digit.",
        None, trees.one_of_patches_a_class,
    ),
    Rung(
        "patch_trees", "mixture of trees of patches",
        "Ways of drawing that nobody labelled, in each of which two pixels at a time follow two others.",
        None, trees.many((2, 1), 20.0, 2),
    ),
    Rung(
        "hidden_tree", "tree of hidden states, each of a patch",
        "A neighbour is not what is seen but a state of many: what it tells may have come from far along the tree.",
        None, fits.hidden_tree,
    ),
    Rung(
        "vae", "autoencoder, a bound",
        "Pixels go along with hidden numbers in whichever way a network finds; given these they are independent.",
        (88.56, "Tomczak & Welling 2018, 5,000 draws (recalled)"), hidden.autoencoder(bent=False),
    ),
    Rung(
        "bent_vae", "autoencoder, bent prior, a bound",
        "The hidden numbers need not be normal: couplings bend them to where images are.",
        None, hidden.autoencoder(bent=True),
    ),
    Rung(
        "deep_vae", "deep autoencoder, bent prior, a bound",
        "Convolutions both ways: a stroke is made of hidden numbers alike wherever it lies.",
        (82.41, "Tomczak & Welling 2018, ConvHVAE (recalled)"), hidden.deep,
    ),
    Rung(
        "made", "masked perceptron",
        "A pixel depends on all before it, not on one: but what is learnt at one place is not known at another.",
        (88.40, "Germain et al. 2015, one layer"),
        fits.network(0, lambda data, effort: gl.nets.made((500,)), 2e-3),
    ),
    Rung(
        "convolution", "gated convolutions",
        "What is learnt of strokes at one place holds at all; how far it sees grows with the layers.",
        (81.30, "van den Oord et al. 2016, PixelCNN"),
        fits.network(
            1, lambda data, effort: gl.nets.convolution(effort.width // 2, 2, (4, 4), (1, 1), effort.half), 4e-3
        ),
    ),
    Rung(
        "attention", "causal attention",
        "A pixel looks at whichever earlier pixels tell most, near or far.",
        None, fits.network(2, lambda data, effort: gl.nets.attention(effort.width, 4, 3, effort.half), 2e-3, 64),
    ),
    Rung(
        "windows", "windows with a memory",
        "Strokes near by through one wide window, and the whole of the rows above through a memory of them.",
        (79.20, "van den Oord et al. 2016, PixelRNN"),
        fits.network(3, fits.windows_net, 4e-3),
    ),
    Rung(
        "class_windows", "windows of each class",
        "What all digits share is learnt first; then each label's network learns what only its own images have.",
        None, fits.class_network((4, 5), fits.windows_net, (4e-3, 1e-3)),
    ),
    Rung(
        "turned_windows", "windows from every side",
        "What is after a pixel in one order is before it in another: the average of eight.",
        (79.20, "van den Oord et al. 2016, PixelRNN"), turned.fits,
    ),
)  # fmt: skip

GREY = (
    Rung(
        "grey_independent", "independent levels",
        "Every pixel has a table of its own: how often it has each level, and nothing about any other.",
        None, grey.independent,
    ),
    Rung(
        "grey_flow", "affine couplings, dequantised, a bound",
        "Pixels of one colour of a chessboard scale and shift the others: all depend on all, but only so.",
        (1.93, "Papamakarios et al. 2017, 5 couplings"), grey.flow,
    ),
    Rung(
        "grey_windows", "windows with a memory, logistic levels",
        "A level may have two likely ranges, given the strokes near by and the rows above.",
        (1.06, "Dinh et al. 2017, Real NVP"), grey.windows,
    ),
    Rung(
        "grey_tables", "windows with a memory, tables of levels",
        "A level may have any number of likely values, which need not be near one another.",
        (0.97, "Chen et al. 2019, Residual Flow (recalled)"), grey.tables,
    ),
)  # fmt: skip
