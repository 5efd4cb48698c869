"""One page over all reports: of every experiment its newest run, in the order of the text, with links to the others."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from experiments import report

ORDER = (
    "world_map", "first_model", "naive_bayes", "mnist", "mixtures", "generative_vs_discriminative", "writers",
    "four_groups", "debd", "mnist_density", "representation",
)  # fmt: skip
"""The order in which the text tells them; others follow by name."""

WORDS = (
    "Every idea of an introduction to generative modelling as a thing that was run: a sample space and a density on "
    "it, a parametric family, its likelihood, the parameters that maximise it, and what the fitted density can do."
)

STYLE = """
.run { display: grid; grid-template-columns: 11rem 1fr; gap: 0 1.3rem; border-top: 1px solid var(--line);
  padding: 1.4rem 0; }
.run img { width: 100%; max-height: 9rem; object-fit: cover; object-position: top left; background: #fff;
  border-radius: 6px; }
.run h2 { margin: 0 0 .3rem; } .run p { margin: .3rem 0; } .run a { color: var(--accent); text-decoration: none; }
@media (max-width: 34rem) { .run { grid-template-columns: 1fr; } }
"""


@dataclass(frozen=True)
class Run:
    """A finished run: the experiment's name, its folder, and what its env.json says."""

    name: str
    folder: Path
    about: dict[str, Any]

    @property
    def started(self) -> str:
        """When, in UTC, as ISO 8601."""
        return str(self.about.get("started", ""))


def write(out: Path) -> Path:
    """Write `index.html` over the runs below a folder; return its path.

    Raises:
      FileNotFoundError: where the folder holds no report.
    """
    runs = collect(out)
    if not runs:
        raise FileNotFoundError(f"{out} holds no report; make one: python -m experiments run mnist --out {out}")
    target = out / "index.html"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=out, prefix=".index-", delete=False) as file:
        file.write(html(runs, out))
    os.chmod(file.name, 0o644)  # temporary files are private
    return Path(file.name).replace(target)


def collect(out: Path) -> list[Run]:
    """Every complete run below a folder: experiments in the order of the text, of each the newest first."""
    runs = []
    for page in out.glob("*/*/report.html"):
        if page.parent.name.startswith("."):
            continue
        try:
            about = json.loads((page.parent / "env.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):  # a folder of somebody else's
            continue
        runs.append(Run(page.parent.parent.name, page.parent, about))
    runs.sort(key=lambda run: (run.started, run.folder.name), reverse=True)
    return sorted(runs, key=lambda run: (ORDER.index(run.name) if run.name in ORDER else len(ORDER), run.name))


def html(runs: Sequence[Run], out: Path) -> str:
    """The page; its links and images are relative to the folder `out`."""
    names = dict.fromkeys(run.name for run in runs)
    parts = "\n".join(_experiment([run for run in runs if run.name == name], out) for name in names)
    body = f'<h1>Generative modelling, run</h1>\n<p class="summary">{escape(WORDS)}</p>\n{parts}'
    return report.page("Generative modelling, run", WORDS, body, STYLE)


def _experiment(runs: Sequence[Run], out: Path) -> str:
    newest, *others = runs
    about, title = newest.about, newest.about.get("title") or newest.name
    link = escape(_relative(newest, out) + "/report.html")
    image = ""
    if about.get("figure"):
        image = (
            f'<a href="{link}"><img alt="" src="{escape(_relative(newest, out))}/{escape(about["figure"])}.png"></a>'
        )
    earlier = " · ".join(
        f'<a href="{escape(_relative(run, out))}/report.html">{escape(run.started[:16].replace("T", " "))}</a>'
        for run in others
    )
    device = about.get("device", {}).get("kind", "?")
    when = f"{newest.started[:16].replace('T', ' ')} UTC, {about.get('seconds', '?')} s on {device}"
    return (
        f'<section class="run"><div>{image}</div><div>\n<h2><a href="{link}">{report.inline(title)}</a></h2>\n'
        f"<p>{report.inline(about.get('summary', ''))}</p>\n"
        f'<p class="note"><code>{escape(about.get("command", ""))}</code><br>{escape(when)}</p>\n'
        + (f'<p class="note">Earlier runs: {earlier}</p>\n' if earlier else "")
        + "</div></section>"
    )


def _relative(run: Run, out: Path) -> str:
    return run.folder.relative_to(out).as_posix()
