"""The page: what hidden coordinates say of tins, where the truth is known, and of digits, where it is not."""

from __future__ import annotations

from experiments.representation import drawings
from experiments.representation.digits import LINEAR
from experiments.representation.findings import Findings
from experiments.representation.tins import LEAST, MOST, SIDE
from experiments.result import Cell, Figure, Formula, Section, Table


def title(found: Findings) -> str:
    """The headline."""
    worst = min(min(one.correlation) for one in found.tins.learnt)
    return f"Two hidden numbers give back the height and width of a tin: correlations of {worst:.3f} and more"


def summary(found: Findings) -> str:
    """What was done and found."""
    best = found.best("right", least=False)
    return (
        f"Three densities with hidden coordinates, fitted by `gl.fit`. Of {found.name}, {best.k} coordinates of the "
        f"{best.name} tell a linear classifier {best.right:.1%} of the test labels, the pixels themselves "
        f"{found.digits.raw:.1%}."
    )


def sections(found: Findings) -> tuple[Section, ...]:
    """The story in its order."""
    return (
        _question(), _densities(), _tins(found), _moving(found), _nats(found), _pictures(found), _labels(found),
    )  # fmt: skip


def _question() -> Section:
    return Section(
        "What an image is about",
        (
            f"An image of a tin of biscuits has {SIDE * SIDE} pixels and is about two numbers: the tin's height and "
            "its width. A *representation* is a few numbers that say what an image is about. Nobody labels the images "
            "with their heights; a density with *hidden coordinates* z has to find, for itself, what changes from "
            "image to image.",
            Formula("p(x; θ) = ∫ p(z) p(x | z; θ) dz,   z ~ N(0, I_k)"),
            "To *encode* an image is to ask for the mean of z given x, `gl.encode`; to *decode* is to ask for the mean "
            "of x given z, `gl.decode`.",
        ),
    )


def _densities() -> Section:
    return Section(
        "Three densities",
        (
            "Two are linear, and normal, so that the integral is known. *Probabilistic principal components* have the "
            "same noise in every pixel, and their maximum is known in closed form: the directions in which images "
            "differ most. In *factor analysis* each pixel has noise of its own, and EM finds the maximum.",
            Formula("x = μ + W z + ε,   ε ~ N(0, σ^2 I)  or  N(0, diag(ψ_1^2, …, ψ_d^2))"),
            "Only $W W^T$ can be known from the images: turning z changes nothing. So hidden coordinates are compared "
            "with the truth after the best linear map.",
            "In the third, the *variational autoencoder*, a network makes x of z. The integral is not known. A second "
            "network guesses z from x, and Adam climbs a bound, the better the nearer the guess is to p(z | x):",
            Formula("log p(x) ≥ E log 1/S Σ_s p(z_s) p(x | z_s) / q(z_s | x),   z_s ~ q(z | x)"),
            "Every number of an autoencoder below is such a bound, with its S.",
        ),
    )


def _tins(found: Findings) -> Section:
    tins = found.tins
    rows: list[tuple[Cell, ...]] = [
        (
            one.name,
            f"{one.nats:.1f}",
            *(f"{r:.3f}" for r in one.correlation),
            f"{min(one.bent):.3f}",
            f"{found.off(one):.3f}",
        )
        for one in tins.learnt
    ]
    columns = ("density", "test nats", "r of height", "r of width", "r, bent map", "new tins: off by")
    return Section(
        "Tins, where the truth is known",
        (
            f"Heights and widths are drawn between {LEAST:g} and {MOST:g} pixels; edges are soft, and each pixel has a "
            f"little noise. Of {len(tins.x):,} new tins the two hidden coordinates are mapped to heights and widths by "
            "the linear map that is best on the training tins.",
            Figure("tins", "Twenty tins.", lambda: drawings.some_tins(found)),
            Table(
                "How well two hidden coordinates give back height and width",
                columns,
                rows,
                "Nats are of a density of grey levels, from 0, the wall, to 1, tin: the same unit for all three, and "
                "below 0 where the density is above 1. r is the correlation after the linear map, and, the smaller of "
                "the two, after one with squares too, which follows a plane that is bent. The last column is the root "
                "mean square distance of a pixel of "
                "the new tins below from what it should be.",
            ),
            Figure("recovered", "Heights and widths read off, of new tins.", lambda: drawings.recovered(found)),
            "A tin that grows moves its edge, and a pixel there goes from wall to tin at once, not in proportion: "
            "images of tins lie on a curved surface. A plane through it, which is all that a linear density has, bends "
            "the lines of dots at their ends; the network bends the surface instead.",
        ),
    )


def _moving(found: Findings) -> Section:
    return Section(
        "A new tin",
        (
            "Who knows which way height lies in the plane of z can make a tin that was never seen: encode one, move "
            "its z to where a tin of another height should lie, decode.",
            Figure("new_tins", "One tin made from low to high, its width the same.", lambda: drawings.new_tins(found)),
            "The linear densities blend tins into one another, and round their corners off. The network draws edges; "
            "these lie somewhat off where they should, since the map to heights is linear and its surface is not.",
        ),
    )


def _nats(found: Findings) -> Section:
    digits = found.digits
    rows: list[tuple[Cell, ...]] = [
        (one.name, one.k, f"{one.nats:.1f}", f"{one.wrong:.2%}", f"{one.right:.1%}") for one in digits.coded
    ]
    columns = ("density", "hidden coordinates", "bound, test nats", "pixels wrong", "labels right")
    return Section(
        "Digits, where it is not",
        (
            f"The same densities of {found.name}, in black and white, and with more hidden coordinates. "
            f"Data: {digits.data.source}.",
            "A normal density of numbers that are 0 or 1 is no probability of bits: it may be as high as it likes, and "
            "cannot be set beside one. So the linear densities are of real numbers of which a bit tells only the sign, "
            f"`gl.dequantised(density, 2)`: they are fitted to a draw for each pixel and scored by a bound of "
            f"{digits.draws} draws. Such a bound is loose, since hundreds of numbers are drawn at once. The "
            f"autoencoder's is of {digits.draws} draws of z.",
            Table(
                "What few hidden coordinates keep of a digit",
                columns,
                rows,
                f"Bounds of {digits.draws} draws on −log p(x): no less than it. A pixel is wrong where "
                "decode(encode(x)), rounded, is not the pixel. Labels are read off by logistic regression.",
            ),
            Figure("nats", "Bounds; lower is better.", lambda: drawings.nats(found)),
            Figure("wrong", "What is lost; lower is better.", lambda: drawings.wrong(found)),
        ),
    )


def _pictures(found: Findings) -> Section:
    return Section(
        "Pictures of what was learnt",
        (
            Figure(
                "plane",
                "The plane of an autoencoder with two hidden coordinates, decoded at a grid of z, each cell equally "
                "probable; z1 across, z2 up.",
                lambda: drawings.plane(found),
            ),
            Figure("rebuilt", "Test images, encoded and decoded.", lambda: drawings.rebuilt(found)),
            "A straight line between the codes of two digits passes through images; a straight line between the images "
            "passes through two of them laid on one another.",
            Figure("between", "From one test image to another.", lambda: drawings.between(found)),
        ),
    )


def _labels(found: Findings) -> Section:
    two = [one for one in found.digits.coded if one.k == 2]
    told = ", ".join(f"{one.right:.0%} by the {one.name}" for one in two)
    return Section(
        "Does it know what a digit is?",
        (
            f"No density above has seen a label. Logistic regression reads labels off two coordinates ({told}), "
            f"and off more. It can do no more than draw straight lines, so it gets right what the "
            "representation has laid out apart.",
            Figure("right", "Labels read off the hidden coordinates.", lambda: drawings.right(found)),
            f"The coordinates of {LINEAR[0]} are themselves linear in the pixels: together they can tell no more "
            "than the pixels do, but of few labelled images may tell it sooner.",
        ),
    )
