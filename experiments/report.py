"""One self-contained page that tells the story of a run: images inside, no network, readable on a phone."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from experiments.result import MARKED, Figure, Formula, Result, Section, Table, cell_text, unmarked

STYLE = """
:root { color-scheme: light dark; --ink: #1d1f23; --soft: #5c626b; --line: #d9dce1; --page: #fdfdfc;
  --code: #f0f1f2; --accent: #0b5fa5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e9; --soft: #9aa1ab; --line: #3a3f47; --page: #17191c; --code: #24272c;
    --accent: #7fb8ea; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 17px/1.6 Georgia, "Iowan Old Style",
  "DejaVu Serif", serif; text-rendering: optimizeLegibility; overflow-wrap: break-word; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1.1rem 4rem; }
h1, h2, th, caption, figcaption, .note, footer, nav { font-family: system-ui, "Segoe UI", Roboto,
  "DejaVu Sans", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .8rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.6rem 0 .6rem; }
.summary { font-size: 1.12rem; color: var(--soft); margin: 0 0 1.6rem; }
nav { font-size: .9rem; border-block: 1px solid var(--line); padding: .7rem 0; line-height: 1.9; }
nav a { color: var(--accent); text-decoration: none; margin-right: 1.1rem; display: inline-block; }
p { margin: .7rem 0; }
.formula { margin: 1rem 0; padding: .2rem 1rem; border-left: 3px solid var(--line);
  white-space: pre-wrap; }
sub, sup { line-height: 0; }
.inline { white-space: nowrap; }
code { font: .86em/1.4 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; background: var(--code);
  padding: .1em .3em; border-radius: 3px; }
figure { margin: 1.6rem 0; }
figure img { display: block; width: 100%; height: auto; background: #fff; border-radius: 6px; }
figcaption, .note { font-size: .86rem; line-height: 1.5; color: var(--soft); margin-top: .5rem; }
.scroll { overflow-x: auto; margin: 1.4rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .93rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .45rem; }
th, td { text-align: right; padding: .34rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-size: .84rem; color: var(--soft); font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
.settings th { white-space: nowrap; vertical-align: top; }
.settings td { text-align: left; overflow-wrap: anywhere; }
footer { margin-top: 3.5rem; padding-top: .6rem; border-top: 1px solid var(--line); font-size: .86rem;
  color: var(--soft); }
@media print { body { font-size: 11pt; } figure, table { break-inside: avoid; } nav { display: none; } }
"""


def html(result: Result, images: Mapping[str, bytes], settings: Mapping[str, Mapping[str, Any]]) -> str:
    """The page.

    Args:
      result: what the experiment returned.
      images: the PNG bytes of every figure, by name.
      settings: what the numbers depend on: groups (`Configuration`, `Versions`, …) of names and values.

    Returns:
      An HTML document that refers to nothing outside itself.
    """
    links = "".join(f'<a href="#s{number}">{inline(part.heading)}</a>' for number, part in enumerate(result.story))
    sections = "".join(_section(number, part, images) for number, part in enumerate(result.story))
    body = (
        f'<h1>{inline(result.title)}</h1>\n<p class="summary">{inline(result.summary)}</p>\n'
        f"<nav>{links}</nav>\n{sections}\n<footer>{_settings(settings)}</footer>"
    )
    return page(result.title, result.summary, body)


def page(title: str, description: str, body: str, style: str = "") -> str:
    """An HTML document in the style of the reports, around a body of HTML; title and description are plain text."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="description" content="{escape(description)}">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(number: int, section: Section, images: Mapping[str, bytes]) -> str:
    body = "\n".join(_item(item, images) for item in section.body)
    return f'<section id="s{number}">\n<h2>{inline(section.heading)}</h2>\n{body}\n</section>\n'


def _item(item: str | Formula | Table | Figure, images: Mapping[str, bytes]) -> str:
    match item:
        case Formula(text):
            return f'<p class="formula">{_indices(escape(text))}</p>'
        case Table():
            return _table(item)
        case Figure(name, caption):
            data = base64.b64encode(images[name]).decode()
            return (
                f'<figure><img alt="{escape(unmarked(caption))}" src="data:image/png;base64,{data}">'
                f"<figcaption>{inline(caption)}</figcaption></figure>"
            )
        case _:
            return f"<p>{inline(item)}</p>"


def _table(table: Table) -> str:
    head = "".join(f"<th>{inline(column)}</th>" for column in table.columns)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{inline(cell_text(cell))}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    note = f'<p class="note">{inline(table.note)}</p>' if table.note else ""
    return (
        f'<div class="scroll"><table><caption>{inline(table.title)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div>{note}"
    )


def _settings(groups: Mapping[str, Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><th>{escape(group)}</th><td>"
        + ", ".join(f"{escape(str(name))} {escape(str(value))}" for name, value in values.items())
        + "</td></tr>"
        for group, values in groups.items()
    )
    return f'<p>What these numbers depend on:</p><table class="settings"><tbody>{rows}</tbody></table>'


def inline(text: str) -> str:
    """Escaped text with its `code`, *stress* and $formulas_j$ set."""
    parts, end = [], 0
    for mark in MARKED.finditer(text):
        parts += [escape(text[end : mark.start()]), _set(mark)]
        end = mark.end()
    return "".join([*parts, escape(text[end:])])


def _set(mark: re.Match[str]) -> str:
    match mark.lastgroup:
        case "code":
            return f"<code>{escape(mark['code'])}</code>"
        case "stress":
            return f"<em>{inline(mark['stress'])}</em>"
        case _:
            return f'<span class="inline">{_indices(escape(mark["formula"]))}</span>'


def _indices(text: str) -> str:
    text = re.sub(r"_(?:\{([^}]+)\}|(\w))", lambda m: f"<sub>{m[1] or m[2]}</sub>", text)
    return re.sub(r"\^(?:\{([^}]+)\}|(\w))", lambda m: f"<sup>{m[1] or m[2]}</sup>", text)
