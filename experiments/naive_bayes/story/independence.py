"""What independence within a class costs, and where it fails."""

from __future__ import annotations

from experiments.naive_bayes import drawings
from experiments.naive_bayes.columns import QUANTILES
from experiments.naive_bayes.findings import Findings, off_diagonal, strongest
from experiments.naive_bayes.scores import Scores
from experiments.naive_bayes.tables import Studied
from experiments.result import Figure, Formula, Section, Table


def too_sure(found: Findings) -> Section:
    """Confidence against accuracy, and the control."""
    rows = [
        (
            name,
            f"{s.last.ours.accuracy:.1%}",
            f"{s.last.ours.confidence:.1%}",
            _points(s.last.ours),
            f"{s.independent.accuracy:.1%}",
            f"{s.independent.confidence:.1%}",
            _points(s.independent),
        )
        for name, s in found.tables.items()
    ]
    columns = ("table", "right", "sure", "too sure, points", "drawn rows: right", "sure", "too sure, points")
    sure = [name for name, s in found.tables.items() if s.last.ours.too_sure > 0.01]
    unsure = [name for name, s in found.tables.items() if s.last.ours.too_sure < -0.01]
    verdict = f"The model is too sure on {_list(sure)}" if sure else "The model is too sure on no table"
    verdict += f", and not sure enough on {_list(unsure)}." if unsure else "."
    return Section(
        "Is it as often right as it says?",
        (
            "If features repeat each other within a class, the product counts one piece of evidence several times, "
            "and the model is *too sure*. If they matter only together (a car is acceptable if it is safe *and* "
            "cheap), each alone says little, and it may be *not sure enough*. " + verdict,
            "Is it really the dependence? A control: keep the labels, draw new features from the fitted model, in "
            "which they are independent given the class, and repeat everything, same folds, same fit.",
            Table("Mean confidence against accuracy", columns, rows, "Points: per cent sure less per cent right."),
            Figure(
                "reliability",
                "Share of right labels against confidence; a point's area is its share of the rows, and fewer than 10 "
                "rows are no point. On the dashed line a model is right as often as it says. Drawn rows lie on it, up "
                "to chance where they are few.",
                lambda: drawings.reliability(found),
            ),
        ),
    )


def _points(scores: Scores) -> str:
    return f"{round(100 * scores.too_sure, 1) + 0.0:+.1f}".replace("-", "−")


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def where(found: Findings) -> Section:
    """Mutual information within classes."""
    rows = []
    for name, s in found.tables.items():
        first, second, nats = strongest(s)
        pair = f"{first}, {second}"
        rows.append(
            (name, f"{off_diagonal(s.information):.4f}", f"{off_diagonal(s.by_chance):.4f}", pair, f"{nats:.3f}")
        )
    columns = ("table", "mean of all pairs", "in the drawn rows", "strongest pair", "nats")
    return Section(
        "Where independence fails",
        (
            "How much does one feature tell of another once the class is known? *Mutual information* is 0 if and only "
            "if it tells nothing:",
            Formula("I(x_j; x_l | y) = Σ p(y, x_j, x_l) log [p(x_j, x_l | y) / p(x_j | y) p(x_l | y)]"),
            Table(
                "Mutual information given the class, nats",
                columns,
                rows,
                "Measured from shares of rows, it is above 0 even of independent features; the drawn rows say by how "
                f"much. Numbers are cut into {QUANTILES} cells of about equally many rows.",
            ),
            *(_map(name, studied) for name, studied in found.tables.items()),
        ),
    )


def _map(name: str, studied: Studied) -> Figure:
    first, second, nats = strongest(studied)
    caption = f"{name}: what pairs of features share given the class; most, {nats:.2f} nats, {first} and {second}."
    return Figure(f"dependence_{name}", caption, lambda: drawings.dependence(studied))
