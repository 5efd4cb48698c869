"""Sample space, density, family, likelihood and maximum likelihood, with boxes."""

from __future__ import annotations

import math

import numpy as np

import genjax_lab as gl
from experiments.result import Figure, Formula, Section, Table
from experiments.world_map import drawings
from experiments.world_map.box import BOX, CAIRO, Named
from experiments.world_map.findings import Findings
from experiments.world_map.world import GLOBE, HIGH, LOW, MAP

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def sample_space(found: Findings) -> Section:
    """The map, p_data, and the density of a point."""
    world = found.world
    m, n = world.land.shape
    log_cairo = math.log(found.truth.cairo)
    return Section(
        "The map is the sample space",
        (
            "Somebody stands somewhere on land, and tells us where. What could we be told? Any pair of a longitude and "
            "a latitude, in degrees. All of them together, the whole map with its land and its seas, are the *sample "
            "space*:",
            Formula("x = (longitude, latitude)        −180 ≤ x_1 ≤ 180,   −90 ≤ x_2 ≤ 90"),
            f"A place on the map, Cairo say, is one point of it, x = {CAIRO}. A *density* p gives every point a "
            "number, none negative, so that they integrate to 1 over the map. It is no probability yet: the chance "
            "that x falls into a region is the integral of p over it, density times area where p is constant.",
            "Where the points come from we call $p_{data}$. On this page we know it, for we made it: every square "
            "kilometre of land on the globe is as likely as every other, and the sea has probability 0. The map "
            "stretches what lies near the poles: at 60° a degree of longitude is half as long as at the equator, at "
            "the latitude $x_2$ it is cos $x_2$ times as long, and so much less land is in a square degree of the map. "
            f"The map has {MAP:,.0f} square degrees, the globe {GLOBE:,.0f}, and its land {world.area:,.0f}, "
            f"{world.area / GLOBE:.1%} of it, so",
            Formula(f"p_{{data}}(x) = cos x_2 / {world.area:,.0f} on land,   0 in the sea"),
            f"and Cairo has the density {power(log_cairo)} a square degree of the map. In the library the map is "
            f"`gl.grid(({m}, {n}), {LOW}, {HIGH})`, and $p_{{data}}$ is a density of `gl.histogram`: in each cell of "
            f"land it is constant, at the mean of cos $x_2$ over the cell, and in a cell of the sea it is 0. "
            f"Coast: {world.source}.",
            Figure(
                "observations",
                f"The sample space. {len(found.boxes.x)} observations of $p_{{data}}$, and Cairo.",
                lambda: drawings.observations(found),
            ),
        ),
    )


def family(found: Findings) -> Section:
    """Boxes, and that they integrate to one."""
    rows = [
        (
            named.name,
            *_sides(named),
            f"{named.integral:.5f}",
            power(math.log(named.cairo) if named.cairo else -math.inf),
        )
        for named in found.boxes.named
    ]
    columns = ("box", "θ1 west", "θ2 east", "θ3 south", "θ4 north", "integral", "p(Cairo)")
    return Section(
        "A family of boxes",
        (
            "Suppose we did not know $p_{data}$. We choose a set of densities to look for it in: a *parametric "
            "family*, one density for each value of its parameters θ. The simplest on a map is the box, with four "
            "numbers θ = (θ1, θ2, θ3, θ4) for its western, eastern, southern and northern side. The density is "
            "constant inside and 0 outside:",
            Formula("p(x; θ) = 1 / ((θ2 − θ1) (θ4 − θ3))  if θ1 ≤ x_1 ≤ θ2 and θ3 ≤ x_2 ≤ θ4,   else 0"),
            "Constant times area is 1, so every member is a density. The library's `gl.uniform((2,))` is this family, "
            f"with {gl.degrees_of_freedom(BOX)} free parameters; its boxes lie anywhere in the plane, ours on the map. "
            "`gl.check_normalised` integrates it numerically:",
            Table(
                "Four members of the family",
                columns,
                rows,
                "Sides in degrees, density in 1 / square degree. Cairo is more probable in a smaller box, "
                "and impossible in one that leaves it out.",
            ),
        ),
    )


def likelihood(found: Findings) -> Section:
    """The density as a function of θ."""
    boxes = found.boxes
    rows = [(named.name, _log(named.log_likelihood), power(named.log_likelihood)) for named in boxes.named]
    return Section(
        "Likelihood",
        (
            f"Now {len(boxes.x)} observations come in, independent of each other. Under one box the density of all of "
            "them together is a product. Put the observations in, keep them, and vary θ: the same formula, seen as a "
            "function of θ, is called the *likelihood* of θ.",
            Formula("L(θ) = Π_i p(x_i; θ)        log L(θ) = Σ_i log p(x_i; θ)"),
            "A product of many small numbers soon is too small for the computer, which would round it to 0; the sum of "
            "their logarithms, the *log-likelihood*, is not. It has its maximum at the same θ.",
            Table(
                f"Four boxes, {len(boxes.x)} observations",
                ("box", "log-likelihood, nats", "likelihood"),
                rows,
                "In square degrees: the likelihood is a density, of all observations together. The left half leaves "
                "observations out. One factor 0 makes the product 0: the box is not improbable, it is refuted. Its "
                "log-likelihood is −∞, and the library says so; it never says NaN.",
            ),
            Figure("boxes", "The four boxes, and the observations.", lambda: drawings.boxes(found)),
        ),
    )


def maximum(found: Findings) -> Section:
    """The surface, and the bounding box."""
    boxes, surface = found.boxes, found.boxes.surface
    low, high = boxes.x.min(0), boxes.x.max(0)
    rows = [
        ("maximum likelihood, `gl.fit`", *_sides(boxes.best)),
        ("extremes of the observations", *_degrees(low[0], high[0], low[1], high[1])),
    ]
    checked = "are equal, to the last bit" if boxes.is_bounding_box else "are not equal"
    return Section(
        "The best box",
        (
            "*Maximum likelihood* chooses the θ under which the observations are most probable. For boxes one can see "
            "where it lies. Of two boxes that hold all observations the smaller one has the higher density, and a box "
            "that leaves one out has likelihood 0. So the best is the smallest that holds all: the *bounding box*, "
            "whose sides are the most western, eastern, southern and northern observation.",
            Formula("θ̂1 = min_i x_{i1}     θ̂2 = max_i x_{i1}     θ̂3 = min_i x_{i2}     θ̂4 = max_i x_{i2}"),
            Table(
                "θ̂, in degrees",
                ("", "θ1 west", "θ2 east", "θ3 south", "θ4 north"),
                rows,
                f"Checked: the rows {checked}. `gl.fit` needs one pass over the observations.",
            ),
            "The surface below is the likelihood over two of the four sides, the other two at their best. It is "
            "no hill with a flat top: it rises towards the corner and falls off a cliff. The slope is not zero at the "
            "maximum, so no method that looks for a zero slope would find it; comparing the observations does.",
            Figure(
                "surface",
                "The likelihood of θ1 and θ2, as a share of its maximum, for "
                f"{surface.log_likelihood.shape[0]} × {surface.log_likelihood.shape[1]} boxes. "
                "One function of one box, which `jax.vmap` compiles for all of them at once.",
                lambda: drawings.surface(found),
            ),
        ),
    )


def model_and_data(found: Findings) -> Section:
    """New points, and the share in the sea."""
    boxes = found.boxes
    drowned = int((~boxes.new_on_land).sum())
    return Section(
        "What the box believes",
        (
            "The fitted density, $p_{model}$, is a model of where people stand, and can be asked for new points that "
            f"nobody has observed. Of {len(boxes.new):,} of them {drowned} lie in the sea "
            f"({drowned / len(boxes.new):.0%}). $p_{{data}}$ would never have produced these. The share in the sea "
            "needs no sampling: clip every cell of the sea with the sides of the box, add the areas up, divide by the "
            "area of the box.",
            Formula(f"∫_{{sea}} p_{{model}}(x) dx = {boxes.sea:.4f}"),
            "Nothing went wrong in the fit. This is the best box there is, and the family holds nothing better. "
            "It is wrong in three ways: it believes in the sea inside the box; not in the land outside, where "
            "$p_{model}$ is 0; and in a square degree of the far north as much as in one at the equator. More "
            "observations cure the second, for the box grows. They cannot cure the others.",
            Figure(
                "model_and_data",
                f"$p_{{data}}$ and $p_{{model}}$ with {len(boxes.new):,} points of each.",
                lambda: drawings.model_and_data(found),
            ),
        ),
    )


def _sides(named: Named) -> tuple[str, ...]:
    low, high = named.params["low"], named.params["high"]
    return _degrees(low[0], high[0], low[1], high[1])


def _degrees(*values: float | np.floating) -> tuple[str, ...]:
    return tuple(f"{float(value):.2f}".replace("-", "−") for value in values)


def _log(value: float) -> str:
    return f"{value:.2f}".replace("-", "−").replace("inf", "∞")


def power(log_value: float) -> str:
    """The exponential, which may be no floating-point number, with a power of ten."""
    if not math.isfinite(log_value):
        return "0"
    exponent = math.floor(log_value / math.log(10))
    digits = math.exp(log_value - exponent * math.log(10))
    return f"{digits:.2f}\u00a0·\u00a010{str(exponent).translate(RAISED)}"  # spaces at which no line is broken
