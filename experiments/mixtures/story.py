"""The page: the label hidden, the label seen, and the same fit on numbers."""

from __future__ import annotations

import genjax_lab as gl
from experiments.mixtures import drawings
from experiments.mixtures.bits import MANY, SHORT, Mixture
from experiments.mixtures.bumps import FLOOR
from experiments.mixtures.findings import Findings
from experiments.result import Figure, Formula, Section, Table


def title(found: Findings) -> str:
    """The headline."""
    best = found.largest
    return f"Mixtures on {found.name}: {best.nats:.1f} nats with {best.components} components that nobody labelled"


def summary(found: Findings) -> str:
    """What was done and found."""
    chosen = found.classes.tested[found.classes.best]
    return (
        f"Naive Bayes with its label hidden, fitted by EM, describes an image in {found.largest.nats:.1f} nats where "
        f"ten labelled classes need {found.naive_bayes:.1f}. A mixture of {found.classes.best} components inside every "
        f"class labels {chosen.accuracy:.1%} of {len(found.labelled.test):,} new images correctly."
    )


def sections(found: Findings) -> tuple[Section, ...]:
    """The story in its order."""
    return (_hidden(found), _nats(found), _pictures(found), _labels(found), _numbers(found), _to_take_along())


def _hidden(found: Findings) -> Section:
    return Section(
        "Hide the label",
        (
            "Naive Bayes gives each class one blurred picture. A digit is written in more ways than one, and nobody "
            "has labelled the ways. A *mixture* leaves it to the likelihood to find them: the same model, with a label "
            "y of K values that is never seen.",
            Formula("p(x; θ) = Σ_y p(y) Π_j p(x_j | y)"),
            "In the library it is `gl.mixture(gl.bernoulli((d,)), K)`, short for `gl.marginal` of the joint, and "
            "`gl.fit` learns it by *expectation maximisation*: ask the model at hand for p(y | x) of every image; "
            "count as in naive Bayes, an image for every label in the share that it has; again, until the likelihood "
            "stands still. The likelihood never falls.",
            "A component that stands for few images has seen little, and a pixel that was off in all of them is not "
            "impossible. So each component is given some *imaginary images*, whose pixels have the average of all "
            f"{len(found.data.train):,} training images. How many is chosen on {len(found.data.valid):,} validation "
            f"images. Data: {found.data.source}.",
        ),
    )


def _nats(found: Findings) -> Section:
    rows: list[tuple[str, ...]] = [
        ("independent pixels", "–", "–", "–", f"{found.independent:.2f}", "–"),
        ("naive Bayes, label summed out", "–", "–", "–", f"{found.naive_bayes:.2f}", "–"),
    ]
    for m in found.mixtures:
        spread = f"{m.median:.2f}, {min(m.tested):.2f} – {max(m.tested):.2f}, {len(m.tested)}"
        nats = f"{m.best.train:.2f}", f"{m.best.valid:.2f}", f"{m.nats:.2f}"
        rows.append((f"mixture, K = {m.components}", f"{m.images:g}", *nats, spread))
    columns = ("model", "imaginary images", "training", "validation", "test", "of all seeds: median, range, number")
    return Section(
        "Surprise, in nats",
        (
            "The mean of −log p(x) over images: less is better. Components are cheap to add, and the training images "
            "always reward them; the new ones reward them less and less.",
            Table(
                "−log p(x), nats an image",
                columns,
                rows,
                "Of several seeds the fit that is best on validation images is kept; the last column has the test nats "
                "of all of them.",
            ),
            Figure("gap", "What the components know by heart, and what they know.", lambda: drawings.gap(found)),
            _tried(found),
        ),
    )


def _tried(found: Findings) -> Table:
    rows = [
        (m.components, f"{t.images:g}", t.seed, f"{t.train:.2f}", f"{t.valid:.2f}", t.steps, t.status)
        for m in found.mixtures
        for t in m.trials
    ]
    columns = ("K", "imaginary images", "seed", "training", "validation", "passes", "end")
    note = (
        "The number of imaginary images is chosen with the first seed. Each fit begins from several starts; after "
        f"{SHORT} passes the best goes on."
    )
    return Table("Every fit", columns, rows, note)


def _pictures(found: Findings) -> Section:
    shown = _shown(found)
    return Section(
        "Ways to write a digit",
        (
            "The components were never told what a digit is. They find slants, loops and strokes of different "
            "thickness, and a digit has several.",
            Figure(
                "components",
                f"The components of the mixture of {shown.components}, the most frequent first.",
                lambda: drawings.components(found, shown),
            ),
            Figure(
                "samples",
                "Training images, and samples of each mixture. Within a component the pixels are still independent: "
                "the more components, the less is left to noise.",
                lambda: drawings.samples(found),
            ),
        ),
    )


def _shown(found: Findings) -> Mixture:
    """The mixture whose components fit on one page."""
    few = [m for m in found.mixtures if m.components <= MANY]
    return max(few, key=lambda m: m.components) if few else found.largest


def _labels(found: Findings) -> Section:
    classes, data = found.classes, found.labelled
    k = data.num_classes
    rows = [
        (
            f"{m}" + (" ← chosen" if m == classes.best else ""),
            f"{max(t.scores.accuracy for t in classes.trials if t.components == m):.2%}",
            f"{scores.accuracy:.2%}",
            f"{scores.log_loss:.3f}",
            f"{scores.nats:.2f}",
        )
        for m, scores in classes.tested.items()
    ]
    columns = ("components a class", "validation labels", "test labels", "log loss, nats", "test −log p(x)")
    return Section(
        "Both labels: one seen, one hidden",
        (
            "Put a mixture into every class. The digit is seen, the way it is written is not; one model has both "
            "labels, and the same call fits it.",
            Formula("p(y, x) = p(y) Σ_z p(z | y) Π_j p(x_j | y, z)"),
            f"In the library: `gl.joint(gl.categorical({k}), gl.per_class(gl.mixture(gl.bernoulli(({data.pixels},)), "
            f"m), {k}))`. An image is looked at by the components of its own class only. Bayes' rule gives "
            "the label of a new one. The number of components, and of imaginary images, is the one that labels most "
            "validation images correctly; with it the model is fitted again, to training and validation images "
            "together, and tested.",
            Table("Images labelled correctly", columns, rows, f"Data: {data.source}."),
        ),
    )


def _numbers(found: Findings) -> Section:
    rows = [
        (
            f"{b.name}, K = {b.components}",
            gl.degrees_of_freedom(b.model),
            f"{b.nats:.5f}",
            f"{b.rival:.5f}",
            f"{b.smallest:.1f}",
            f"{int((b.starts < b.starts[0] + 1e-3).sum())} of {len(b.starts)}",
        )
        for b in found.bumps
    ]
    columns = ("mixture", "free numbers", "gl.fit", "scikit-learn", "rows of the smallest", "starts that end there")
    geyser = next(b for b in found.bumps if b.name == "Old Faithful" and b.components == 2)
    return Section(
        "The same fit on numbers",
        (
            "Nothing in EM knows that the components were coins. Here they are normal densities, on the eruptions of "
            "Old Faithful (272 rows, full covariance) and the velocities of 82 galaxies.",
            Table(
                "Mean −log p(x) of the rows that were fitted, best of all starts",
                columns,
                rows,
                f"{found.restarts} starts each, here and in scikit-learn's GaussianMixture. Both add {FLOOR:g} to "
                "every variance: without it the likelihood of a component on one row has no bound. The last column "
                "counts starts that end within 0.001 nats of the best.",
            ),
            Figure(
                "geyser",
                "Old Faithful: every eruption, and the density of two components; a contour is 1.5 nats.",
                lambda: drawings.geyser(geyser),
            ),
            Figure(
                "galaxies",
                "Velocities of the galaxies and the fitted densities.",
                lambda: drawings.galaxies([b for b in found.bumps if b.name == "galaxies"]),
            ),
        ),
    )


def _to_take_along() -> Section:
    return Section(
        "What to take along",
        (
            "A mixture and naive Bayes are one model, with the label hidden or seen; EM and counting are one "
            "algorithm, run many times or once. A hidden label buys what independent pixels cannot say, one blurred "
            "picture at a time: to describe every way of writing a digit one would have to list them all.",
        ),
    )
