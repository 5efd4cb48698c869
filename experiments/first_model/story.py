"""The page: counting every outfit, and what a count cannot say."""

from __future__ import annotations

import math

from experiments.first_model import drawings
from experiments.first_model.table import SHOWN, Found
from experiments.outfits import COUNTS, EXAMPLE
from experiments.result import Figure, Formula, Section, Table

TITLE = "The first model: a table that knows its fifty outfits by heart"


def summary(found: Found) -> str:
    """What was done and found."""
    return (
        f"One probability for each of {found.outfits:,} outfits, fitted to {len(found.observed)}: whatever was not "
        f"seen is impossible, and every sample is a copy. Smoothed, {found.unseen_mass(found.smoothed):.1%} of the "
        "probability goes to outfits that nobody wore, to each the same."
    )


def sections(found: Found) -> tuple[Section, ...]:
    """The story in its order."""
    return _data(found), _family(found), _by_heart(found), _smoothed(found), _choice(found), _to_take_along()


def _data(found: Found) -> Section:
    rows = [(name, ", ".join(f"{value} {count}" for value, count in values.items())) for name, values in COUNTS.items()]
    return Section(
        "Fifty people",
        (
            f"A fashion house wants to know what people wear, and has looked at {len(found.observed)}. Five features "
            "are noted of each: the hair's style and colour, the glasses, the clothes' kind and colour.",
            Figure(
                "observations",
                "The observations. The bald have brows of the colour that their hair is noted with.",
                lambda: drawings.observations(found),
            ),
            Table(
                "How many wear what",
                ("feature", "values and their counts"),
                rows,
                "These counts are published (Foster 2019, Generative Deep Learning, chapter 1). Which values one "
                "person combined is not, so here each feature is shuffled on its own, the same way in every run.",
            ),
        ),
    )


def _family(found: Found) -> Section:
    sizes = " · ".join(str(len(values)) for values in COUNTS.values())
    return Section(
        "Every outfit gets its number",
        (
            f"The *sample space* is the set of all outfits: {sizes} = {found.outfits:,}. The most obedient *parametric "
            "family* over it has one probability for each, and asks only that they add up to 1:",
            Formula("p(x; θ) = θ_x      Σ_x θ_x = 1"),
            f"In the library: `gl.categorical({found.outfits})`. The last probability follows from the others, so "
            f"there are `gl.degrees_of_freedom` = {found.free:,} free parameters, for {len(found.observed)} "
            "observations.",
            "The *maximum-likelihood* parameters need no search: the probability of an outfit is the share of the "
            "observations that it is, count / 50.",
        ),
    )


def _by_heart(found: Found) -> Section:
    mle = found.mle
    return Section(
        "Learned by heart",
        (
            f"{found.seen} different outfits were seen; they share all the probability, and the other "
            f"{found.outfits - found.seen:,} get 0. On its own observations the model looks excellent: "
            f"{found.train_nats(mle):.2f} nats an outfit, where knowing nothing needs log {found.outfits} = "
            f"{math.log(found.outfits):.2f}. Leave one observation out, fit to the other 49, and ask for it: "
            f"{found.impossible} of {len(found.observed)} are called impossible, −log p = ∞.",
            Figure(
                "copies",
                f"Samples of the table of counts. All of {len(mle.drawn):,} are copies of an observation (framed).",
                lambda: drawings.samples(found, mle),
            ),
            Figure("unseen", "Some of the outfits with probability 0.", lambda: drawings.unseen(found)),
            f"So it is with ({', '.join(EXAMPLE)}): each of its parts was seen, the whole was not, p = "
            f"{found.example[0]:g}. The fit says that this needs care: its status is `{mle.status}`, a maximum on the "
            "boundary of the parameter space.",
        ),
    )


def _smoothed(found: Found) -> Section:
    fit = found.smoothed
    copies, framed = found.known(fit.drawn).mean(), int(found.known(fit.drawn[:SHOWN]).sum())
    rows = [
        (
            f"α = {each.smoothing:g}",
            f"{each.mass[found.observed].min():.3g}",
            f"{each.mass.min():.3g}",
            f"{found.unseen_mass(each):.1%}",
            f"{found.train_nats(each):.2f}",
            f"{found.known(each.drawn).mean():.1%}",
        )
        for each in (found.mle, fit)
    ]
    columns = ("pseudo-counts", "seen once", "not seen", "all unseen together", "nats, observations", "samples: copies")
    return Section(
        "Smoothed",
        (
            "Nothing should be impossible because 50 people did not wear it. *Additive smoothing* pretends that every "
            "outfit has been seen α times more:",
            Formula("θ_x = (n_x + α) / (50 + 4032 α)"),
            "Now every outfit can be drawn, but all that were not seen are alike: the model cannot know that "
            "a white shirt is common and a black one was never seen, because to the table outfits are numbers without "
            "parts.",
            Table("What smoothing moves", columns, rows),
            Figure(
                "masses",
                "The probabilities of all outfits, sorted. Counting ends in nothing, smoothing in a flat line.",
                lambda: drawings.masses(found),
            ),
            Figure(
                "noise",
                f"Samples with α = {fit.smoothing:g}, {framed or 'none'} of these {SHOWN} framed as a copy of an "
                f"observation; of {len(fit.drawn):,} {copies:.1%} are. The rest are any outfit at all: black shirts "
                "and hair in a bun, which nobody wore, as often as what everybody did.",
                lambda: drawings.samples(found, fit),
            ),
        ),
    )


def _choice(found: Found) -> Section:
    best = found.best
    nats = found.nats.mean(1)[best]
    return Section(
        "How much smoothing?",
        (
            "Ask the data: for each α and each observation, fit to the 49 others and ask for the one left out "
            f"({len(found.observed) * (len(found.smoothings) + 1)} fits, one compiled call). The best α tried is "
            f"{found.smoothings[best]:g}, with {nats:.2f} nats an outfit. Giving all outfits the same probability "
            f"needs {math.log(found.outfits):.2f}. What the table has learned from 50 people that is of use for the "
            f"next one is worth {math.log(found.outfits) - nats:.2f} nats.",
            Figure(
                "held_out", "Held-out surprise against smoothing: less is better.", lambda: drawings.held_out(found)
            ),
        ),
    )


def _to_take_along() -> Section:
    return Section(
        "What to take along",
        (
            "A model that can say everything learns nothing: it needs to see each outfit often before it knows how "
            "often it is worn, and with a few features more there are more outfits than people. It takes an assumption "
            "to say something of what was not seen. The simplest one is that features have nothing to do with each "
            "other: `python -m experiments run naive_bayes`.",
        ),
    )
