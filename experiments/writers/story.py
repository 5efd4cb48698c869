"""The report, section by section."""

from __future__ import annotations

from experiments.result import Figure, Formula, Section, Table
from experiments.writers import drawings
from experiments.writers.findings import Findings, interval
from experiments.writers.hands import DISCRIMINATIVE, Answer, Contest
from experiments.writers.rows import PARTS
from experiments.writers.strange import RARE

TITLE = "Whose hand is this?"


def summary(found: Findings) -> str:
    """The best answers, and who notices what is strange."""
    strange = found.strange
    noticed, of = int(strange.noticed[1:].sum()), len(strange.names) - 1
    return (
        f"{found.writers} people wrote MNIST's training digits. Of one digit, which of "
        f"{len(found.which.question.answers)} wrote it is said right for {_share(_best(found.which))} of the test "
        f"digits, and whether it is one of them for {_share(_best(found.us))}. A "
        f"model of the digits draws new ones in each hand, and calls {noticed} of {of} "
        "strange images never seen; p(y | x) can do neither."
    )


def sections(found: Findings) -> tuple[Section, ...]:
    """The whole story."""
    return (_two_models(found), _which(found), _us(found), _new(found), _strange(found))


def _best(found: Contest) -> Answer:
    return max(found.answers, key=lambda answer: answer.right if "told" not in answer.model else -1)


def _share(answer: Answer) -> str:
    return f"{answer.right / answer.rows:.0%}"


def _two_models(found: Findings) -> Section:
    rows = found.which.question
    return Section(
        "Two ways to answer",
        (
            "QMNIST (Yadav & Bottou 2019) tells who wrote each of MNIST's digits. The "
            f"{len(rows.answers)} writers with the most have {len(rows.known) + len(rows.test):,} together. Given "
            "the image x of a digit, who wrote it? One may learn p(y | x), the answer alone. Or "
            "one may learn how each of them writes, and let Bayes' rule answer:",
            Formula("p(writer | x) = p(x | writer) p(writer) / Σ_w p(x | w) p(w)"),
            "MNIST's test images are by other people, so these are split themselves, each writer's digits evenly over "
            f"{PARTS} parts at random: {len(rows.train):,} digits are learnt from, {len(rows.valid):,} choose "
            f"smoothing or ridge by log-loss, then all of these are learnt from, and {len(rows.test):,} are "
            "tested once.",
            "*Naive Bayes* looks at black and white pixels, *LDA* at principal components; each is fitted as a joint, "
            "and to the answers alone, which is a logistic regression either way. A *hand* knows more: p(x | writer, "
            "digit), a normal density for each digit a writer writes. It is learnt with the digit seen, and asked with "
            "the digit summed out, `gl.marginal(hand)`, same parameters; or told it.",
        ),
    )


def _answers(found: Contest) -> Table:
    rows = [
        (a.model, a.side, interval(a.right, a.rows), f"{a.log_loss:.3f}", f"{a.ece:.1%}", f"{a.chosen:g}")
        for a in found.answers
    ]
    return Table(
        f"Test digits: {found.question.name}",
        ("model", "learnt", "right (95 % interval)", "log-loss, nats", "ECE", "chosen"),
        rows,
        "ECE: the mean gap between how sure the model says it is and how often it is right. Chosen: pseudo-counts of "
        "naive Bayes, variance added in LDA and hands, or the ridge of the fit to answers.",
    )


def _which(found: Findings) -> Section:
    return Section(
        f"Which of the {len(found.which.question.answers)}?",
        (
            _answers(found.which),
            Figure(
                "which",
                "Which of them? Few test digits tell only large differences.",
                lambda: drawings.answers(found.which),
            ),
            "A digit is little to know a person by. Where to look, a writer's way with *this* digit, is what the hands "
            "add. Told the digit, they need not sum over all ten; where the digit is plain, that is the same.",
        ),
    )


def _us(found: Findings) -> Section:
    rows = found.us.question
    return Section(
        "One of us, or not?",
        (
            "The same digits, and as many by other people, drawn at random; the others in the test are people of whom "
            f"not one digit was learnt from ({len(rows.train):,}, {len(rows.valid):,} and {len(rows.test):,} digits).",
            _answers(found.us),
            Figure("us", "One of them, or somebody else?", lambda: drawings.answers(found.us)),
            "Harder than it looks: *somebody else* is no person with a hand, but hundreds of them, and some write much "
            "as one of these ten.",
        ),
    )


def _new(found: Findings) -> Section:
    return Section(
        "A new digit in a writer's hand",
        (
            "p(y | x) can be asked for a writer and for nothing else. p(x | writer) can be drawn from. What is best "
            "for labels need not be best as a density; here and below the variance added to the hands is the one of "
            f"the greatest validation likelihood, {found.which.variance:g}.",
            Figure(
                "drawn",
                "Of each writer a real digit of each kind, and below it a new one, drawn from p(x | writer, digit).",
                lambda: drawings.drawn(found),
            ),
            f"Is it the writer's hand? LDA fitted to answers, which never saw a drawn digit, gives "
            f"{interval(found.drawn.right, found.drawn.rows)} of {found.drawn.rows:,} drawn digits to the writer they "
            f"were drawn for, and {interval(*_lda(found.which))} of the real test digits to theirs. (A drawn digit has "
            "nothing outside the principal components, and so looks soft.)",
        ),
    )


def _lda(found: Contest) -> tuple[int, int]:
    answer = found.of("LDA", DISCRIMINATIVE)
    return answer.right, answer.rows


def _strange(found: Findings) -> Section:
    asked = found.strange
    names = [name.replace("\n", " ") for name in asked.names]
    rows = [
        (
            names[i],
            f"{asked.sure[i]:.1%}",
            f"{asked.generative_sure[i]:.1%}",
            f"{asked.log_prob[i]:,.0f}".replace("-", "−"),
            f"{asked.rank[i]:.1%}",
            "never seen" if asked.noticed[i] else "seems familiar",
        )
        for i in range(len(names))
    ]
    noticed = [name for name, seen in zip(names[1:], asked.noticed[1:], strict=True) if seen]
    missed = [name for name, seen in zip(names[1:], asked.noticed[1:], strict=True) if not seen]
    sure = [name for i, name in enumerate(names) if i and asked.sure[i] > asked.real_sure]
    return Section(
        "Who knows that he does not know?",
        (
            "Eight images that none of them wrote so. p(y | x) has to name one of them; p(x) may say that it has "
            "never seen the like. Here p(x) is Σ_w p(w) p(x | w) of the hands, of the place along the principal "
            "components, times a gamma density of how much lies beside them. An image is called never seen where fewer "
            f"than {RARE:.0%} of the real test images have so small a p(x).",
            Figure(
                "strange", "A real test digit, and eight strange images, in per cent.", lambda: drawings.strange(found)
            ),
            Table(
                "Strange images",
                (
                    "image",
                    "p(y | x): sure",
                    "by Bayes' rule: sure",
                    "log p(x), nats",
                    "less probable real ones",
                    "p(x) says",
                ),
                rows,
                f"p(y | x) is LDA fitted to answers; on real test digits it is {asked.real_sure:.1%} sure on average.",
            ),
            f"p(x) notices: {', '.join(noticed) or 'none'}. It does not notice: {', '.join(missed) or 'none'}. "
            f"p(y | x) is surer than on an average real digit of: {', '.join(sure) or 'none'}. "
            "Bayes' rule is no better: "
            "it divides by p(x), and with it goes what p(x) knew. A stranger's digit is a digit like others, so p(x) "
            "of all of us need not notice it; that is the question *one of us, or not*, which needs others to "
            "learn from.",
        ),
    )
