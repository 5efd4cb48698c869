"""The page: a ladder of densities of one kind of image, and what each step up can say that the one below could not."""

from __future__ import annotations

from experiments.mnist_density import drawings, grey
from experiments.mnist_density.findings import Findings, Ladder
from experiments.result import Cell, Figure, Formula, Section, Table


def title(found: Findings) -> str:
    """The headline."""
    if found.black.outcomes:
        return f"How well can a density of {found.name} be learnt: {found.black.best.words}"
    if found.grey.outcomes:
        return f"How well can a density of grey {found.name} be learnt: {_best_bits(found):.2f} bits a pixel"
    return f"Densities of each class label {found.name}"


def summary(found: Findings) -> str:
    """What was done and found."""
    told = []
    if found.black.outcomes:
        first, best = found.black.outcomes[0], found.black.best
        told.append(
            f"A ladder of {len(found.black.outcomes)} densities, all fitted by `gl.fit` on the same images: from "
            f"{first.test:.1f} nats for {first.title} to {best.test:.1f} for {best.title}, after "
            f"{best.best.seconds:.0f} seconds of training on {found.device}."
        )
    if found.grey.outcomes:
        told.append(f"Of the same images in grey, {found.grey.best.title}: {_best_bits(found):.2f} bits a pixel.")
    if found.labels is not None:
        told.append(f"Mixtures of principal components in each class get {found.labels.test:.2%} of test labels right.")
    return " ".join(told)


def _best_bits(found: Findings) -> float:
    return found.grey.bits(found.grey.best.test)


def sections(found: Findings) -> tuple[Section, ...]:
    """The story in its order."""
    told = [_question(found)]
    if found.black.outcomes:
        told += [_table(found), _pictures(found.black, ""), _steps(found.black, "")]
    if found.grey.outcomes:
        told += [_grey(found), _steps(found.grey, " of grey images")]
    told += [_labels(found), _tried(found)]
    return tuple(section for section in told if section.body)


def _question(found: Findings) -> Section:
    height, width = found.black.data.image_shape
    return Section(
        "The challenge of high dimension",
        (
            f"An image of {height} × {width} black and white pixels is one of 2^{{{height * width}}}: no table holds a "
            "probability for each, and no data set shows more than a speck of them. A density must say with a few "
            "numbers how pixels depend on one another. Which dependence it can say is what the rungs of this ladder "
            "differ in.",
            Formula("−log p(x; θ) = −Σ_j log p(x_j | x_1, …, x_{j−1}; θ)"),
            "The measure is the mean of −log p(x) over new images, in nats: less is better, and a nat less means that "
            "each image is e = 2.7 times as probable. All choices are made on validation images; the test images are "
            "scored once.",
            f"Data: {found.black.data.source}.",
        ),
    )


def _table(found: Findings) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for outcome in found.black.outcomes:
        known = outcome.rung.published
        rows.append(
            (
                outcome.title,
                outcome.parameters,
                f"{outcome.train:.2f}",
                f"{outcome.best.valid:.2f}",
                f"{outcome.test:.2f}",
                f"{outcome.best.seconds:.1f}",
                f"{outcome.best.compiling:.1f}",
                "–" if known is None or found.name != "MNIST" else f"{known[0]:g}, {known[1]}",
            )
        )
    columns = ("density", "free numbers", "training", "validation", "test", "seconds", "compiling", "beside it")
    return Section(
        "Nats against seconds",
        (
            Table(
                "−log p(x), nats an image, and seconds of training",
                columns,
                rows,
                f"On {found.device}. Seconds are those of the fit that is kept, without those of compiling (but "
                "for what a fit that went on from a checkpoint had taken before). The last "
                "column has numbers on the same fixed binarisation (Larochelle & Murray 2011), published or measured "
                "before this library was written; dynamic binarisation is not comparable. A bound is no less than "
                "−log p(x): the mean over images of −log of an average over draws; its setting says of how many.",
            ),
            Figure(
                "nats_and_seconds",
                "Test nats against seconds of training; lower and further left is better. Marked ≤: a bound.",
                lambda: drawings.nats_and_seconds(found),
            ),
        ),
    )


def _pictures(ladder: Ladder, prefix: str) -> Section:
    drawn: list[str | Figure] = [
        "A density that has learnt which images are probable draws such images. What a rung cannot say shows: "
        "coins draw dust, trees draw strokes that do not end in a digit, networks draw digits.",
        Figure(
            f"{prefix}samples",
            "Training images, and ten images drawn from each rung.",
            lambda: drawings.samples(ladder),
        ),
    ]
    if any(outcome.completed is not None for outcome in ladder.outcomes):
        drawn += [
            "The same densities answer another question without being fitted anew: given the upper half of an image, "
            "what may the lower be? `gl.complete` draws from p(lower | upper; θ), exactly: a mixture asks which of its "
            "components the upper half speaks for, a tree passes messages, a network goes on from the last row.",
            Figure(
                f"{prefix}completed",
                "Test images; what is seen of them; and lower halves drawn given the upper.",
                lambda: drawings.completed(ladder),
            ),
        ]
    return Section("What they draw", tuple(drawn))


def _steps(ladder: Ladder, which: str) -> Section:
    rows = []
    for before, outcome in zip((None, *ladder.outcomes), ladder.outcomes, strict=False):
        gain = None if before is None else f"{before.test - outcome.test:+.1f}"
        rows.append((outcome.title, outcome.rung.adds, gain))
    return Section(
        f"Each step up{which}",
        (
            Table(
                "Which dependence a rung can express that the one above it in this table could not",
                ("density", "what it adds", "nats gained"),
                rows,
                "Where one of the two is a bound, so is the gain: a bound may be some nats above −log p(x).",
            ),
        ),
    )


def _labels(found: Findings) -> Section:
    rows: list[tuple[Cell, ...]] = [
        (o.title, f"{o.accuracy:.2%}", f"{o.test:.2f}", f"{o.best.seconds:.1f}") for o in found.black.labels
    ]
    if found.labels is not None:
        title = f"mixtures of principal components, grey; {found.labels.best.setting}"
        rows.append((title, f"{found.labels.test:.2%}", "–", f"{found.labels.best.seconds:.1f}"))
    if not rows:
        return Section("Labels by Bayes' rule", ())
    return Section(
        "Labels by Bayes' rule",
        (
            "A density for each class labels images too: p(y | x) is in proportion to p(y) p(x | y). What describes "
            "images better labels them better.",
            Table("Test labels right", ("density", "accuracy", "nats, label summed out", "seconds"), rows),
        ),
    )


def _grey(found: Findings) -> Section:
    ladder = found.grey
    rows: list[tuple[Cell, ...]] = []
    for outcome in ladder.outcomes:
        known = outcome.rung.published
        scores = (f"{ladder.bits(nats):.3f}" for nats in (outcome.train, outcome.best.valid, outcome.test))
        beside = "–" if known is None or found.name != "MNIST" else f"{known[0]:g}, {known[1]}"
        rows.append((outcome.title, outcome.parameters, *scores, f"{outcome.best.seconds:.1f}", beside))
    levels = ladder.data.levels
    return Section(
        f"The same images in {levels} levels of grey",
        (
            f"An image is now one of {levels}^{{{ladder.data.pixels}}}. Levels that are near one another are alike, "
            "which a table of them does not know and a discretised logistic does. A flow is a density of real numbers: "
            f"of it, each level is what is nearest. Its score is a bound, from {grey.DRAWS} draws of what lies "
            "between the levels; the others are exact.",
            Table(
                "−log p(x), bits a pixel, and seconds of training",
                ("density", "free numbers", "training", "validation", "test", "seconds", "beside it"),
                rows,
                f"On {found.device}. Bits a pixel are nats an image divided by {ladder.data.pixels} log 2.",
            ),
            *_pictures(ladder, "grey_").body[1:],
        ),
    )


def _tried(found: Findings) -> Section:
    rows = [
        (o.title, t.setting, f"{t.valid:.2f}", f"{t.seconds:.1f}", t.steps, t.status)
        for o in (*found.black.outcomes, *found.grey.outcomes)
        for t in o.trials
    ]
    columns = ("density", "setting", "validation nats", "seconds", "steps", "status")
    told = [Table("Every fit", columns, rows)] if rows else []
    if found.labels is not None:
        shares = [(t.setting, f"{t.valid:.2%}", f"{t.seconds:.1f}") for t in found.labels.trials]
        head = ("setting", "validation labels right", "seconds")
        told.append(Table("Every fit of principal components", head, shares))
    return Section("All that was fitted", tuple(told))
