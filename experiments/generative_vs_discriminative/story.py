"""The report, section by section."""

from __future__ import annotations

from typing import Any

from experiments.generative_vs_discriminative import drawings
from experiments.generative_vs_discriminative.curves import SCORES, SURE, Curves
from experiments.generative_vs_discriminative.findings import Findings
from experiments.generative_vs_discriminative.hidden import COUNTS
from experiments.generative_vs_discriminative.pairs import ALPHAS, RIDGES, VARIANCES
from experiments.result import Figure, Formula, Section, Table

TITLE = "The pairs, or the labels alone"
NAMES = {"accuracy": "right labels", "log_loss": "log-loss", "ece": "calibration"}


def summary(found: Findings) -> str:
    """Where the curves cross."""
    crossed, most = found.crossing("accuracy"), max(curves.sizes[-1] for curves in found.tasks)
    verdicts = {curves.name: curves.verdict("accuracy")[0] for curves in found.tasks}
    where = "no curves of right labels cross"
    if crossed:
        told = _list([f"{name} ({verdicts[name]} rows)" for name in crossed])
        where = f"the curves of right labels cross for {told}"
    return (
        "One joint p(y, x), fitted to pairs, or as its posterior p(y | x) to labels: the same family, two fits. Of "
        f"{len(found.tasks)} tasks, of up to {most} training rows, {where}."
    )


def sections(found: Findings) -> tuple[Section, ...]:
    """The whole story."""
    return (_same_family(), _how(found), *(_curves(found, score) for score in SCORES), *_hidden(found), _along())


def _same_family() -> Section:
    return Section(
        "One family, two fits",
        (
            "Naive Bayes says how a class and its features come about, p(y) p(x | y). Asked for the class, it answers "
            "by Bayes' rule. For bits, with ℓ their log-odds within a class, the answer is, up to "
            "what does not depend on y,",
            Formula(
                "log p(y | x) = log p(y) + Σ_j x_j ℓ_{jy} − Σ_j log(1 + exp ℓ_{jy})\n"
                "             = b_y + Σ_j w_{jy} x_j"
            ),
            "which is a *logistic regression*: linear in x. Any w and b can be had so, for p(y) takes up what the "
            "normaliser leaves. It is the same with categories, as bits one for each value, and with normal classes "
            "of one covariance (LDA). So the two differ not in what they can say of y, but in what they are asked to "
            "be good at:",
            Formula("generative: max_θ Σ_i log p(y_i, x_i; θ)      discriminative: max_θ Σ_i log p(y_i | x_i; θ)"),
            "In the library: `gl.fit(model, (y, x))` and `gl.fit(gl.posterior(model), y, given=x)`, one `model`. The "
            "first counts; the second climbs. Ng & Jordan (2001) showed that the first needs some log d rows to be "
            "as good as it will ever be, the second some d, but then it is at least as good: so the curves should "
            "*cross*. Mixtures within the classes are a pair whose posterior is not linear.",
            "LDA's discriminative fit is `gl.logistic_regression(d, k)`: its posterior's family, without the "
            "covariance that labels alone leave free.",
        ),
    )


def _how(found: Findings) -> Section:
    values = ", ".join(f"{value:g}" for value in ALPHAS)
    ridges = ", ".join(f"{value:g}" for value in RIDGES)
    variances = ", ".join(f"{value:g}" for value in VARIANCES)
    return Section(
        "How it is measured",
        (
            f"Of every task a part is set aside as test rows. From the rest, {found.seeds} seeds each draw training "
            "rows, the smaller sets being the beginnings of the larger. Both fits see the same rows. Each may choose "
            f"how strongly it is held back, by the log-loss of {found.folds}-fold cross-validation within its training "
            f"rows: naive Bayes pseudo-counts ({values} a value), LDA a variance to add ({variances}), the "
            f"discriminative fits a ridge ({ridges}; the smallest is as good as none, so that a fit without one is "
            "among the choices, and none is forced on it). Then it is fitted to all of them and scored once on the "
            "test rows. All seeds of a size are one compiled call, and sizes share it: rows beyond the size, and a "
            "fold held out, have weight 0. Folds are every third row or so, whatever its label: of ten rows a fold may "
            "lack a class, which then has its pseudo-counts alone.",
            "The principal components that LDA sees of an image are those of all training images, without labels, and "
            "the scales of a table's numbers those of all its rows: the same for both fits and at every size.",
        ),
    )


def _curves(found: Findings, score: str) -> Section:
    columns = ("task", "rows", "generative", "discriminative", "rows", "generative", "discriminative", "crossing")
    table = Table(
        f"{NAMES[score].capitalize()}: of the fewest rows, and of the most",
        columns,
        [_row(curves, score) for curves in found.tasks],
        f"Means over {found.seeds} seeds. One is ahead where the mean difference of the two on the same rows is more "
        f"than {SURE:g} standard errors from 0; the test rows are the same for all seeds, so this says nothing of "
        "other test rows.",
    )
    figure = Figure(
        f"curves_{score}",
        f"{drawings.LABELS[score].capitalize()} against training rows; lines are means over seeds, bands the middle "
        "80 % of the seeds. A dotted line: from here the lead has changed.",
        lambda: drawings.learning(found, score),
    )
    return Section(NAMES[score].capitalize(), (_words(found, score), table, figure))


def _words(found: Findings, score: str) -> str:
    crossed = found.crossing(score)
    never = [curves.name for curves in found.tasks if curves.name not in crossed]
    first = f"The lead changes for {_list(crossed)}; the table says how." if crossed else "No curves cross."
    rest = ""
    if crossed and never:
        rest = f" It does not within these sizes for {_list(never)}; the table says who is ahead."
    why = {
        "accuracy": "",
        "log_loss": " Log-loss is harder on the generative fit: features that repeat each other are counted as "
        "evidence each time, so it is sure where it is wrong. The discriminative fit is asked for just this number.",
        "ece": " How far are said and true shares of right labels apart? A ridge chosen by log-loss leaves the "
        "discriminative fit near the truth; naive Bayes is too sure wherever features depend on each other, and no "
        "number of rows mends it.",
    }[score]
    return first + rest + why


def _row(curves: Curves, score: str) -> tuple[Any, ...]:
    def show(value: float) -> str:
        return f"{value:.3f}" if score == "log_loss" else f"{value:.1%}"

    both = [getattr(side, score).mean(1) for side in (curves.generative, curves.discriminative)]
    ends = [(curves.sizes[i], *(show(values[i]) for values in both)) for i in (0, -1)]
    return curves.name, *ends[0], *ends[1], curves.verdict(score)[0]


def _hidden(found: Findings) -> tuple[Section, ...]:
    if not found.with_hidden:
        return ()
    rows: list[tuple[Any, ...]] = []
    for curves in found.with_hidden:
        assert curves.counted_fully is not None and curves.counted_as_chosen is not None
        for i, size in enumerate(curves.hidden_sizes):
            place = curves.sizes.index(size)
            own = [side.accuracy[place].mean() for side in (curves.generative, curves.discriminative)]
            more = [side.accuracy[i].mean() for side in (curves.counted_fully, curves.counted_as_chosen)]
            count = f"{curves.counted_as_chosen.chosen[i].mean():.2f}"
            rows.append((curves.name, size, *(f"{value:.1%}" for value in (*own, *more)), count))
    columns = ("task", "labels", "generative", "discriminative", "hidden counted fully", "as chosen", "mean λ chosen")
    choices = ", ".join(f"{count:g}" for count in COUNTS)
    return (
        Section(
            "Labels that are hidden",
            (
                "A row without a label has no p(y | x) to be fitted to: whatever θ, its terms add up to 1. The joint "
                "has something to say of it, how probable its x is:",
                Formula("Σ_labelled log p(y, x; θ) + λ Σ_hidden log Σ_y p(y, x; θ)"),
                "In the library a label of −1 is hidden, and λ is a weight. Beside the labelled rows there are "
                f"{found.hidden:,} others, without their labels; EM goes on from the fit to the labelled ones.",
                Table(
                    "Right labels, with and without hidden ones",
                    columns,
                    rows,
                    f"λ is chosen among {choices} by cross-validation on the labelled rows.",
                ),
                Figure(
                    "hidden",
                    "Right labels against how many are seen; bands as above.",
                    lambda: drawings.hidden(found),
                ),
                "Hidden rows help where the classes are the heaps that the model sees in them, and labels are few. "
                "Where the model is wrong, the heaps of greatest likelihood need not be the classes, and many hidden "
                "rows pull the fit away from what the labels say: then λ = 1 does harm, and a λ that the labels "
                "choose keeps what is of use.",
            ),
        ),
    )


def _along() -> Section:
    return Section(
        "What to take along",
        (
            "A generative fit uses more of what it is given, all of x, and so learns from few rows, and from rows "
            "without labels; it pays with what its assumptions get wrong, in labels a little, in probabilities much. "
            "A discriminative fit assumes less and needs more; let it choose its ridge, and it often has no bad "
            "beginning either, so that the curves seldom cross. What each "
            "can do besides labelling: `python -m experiments run writers`.",
        ),
    )


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, ("; ".join(names[:-1]), names[-1])))
