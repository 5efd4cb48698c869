"""Carry out a run: the experiment computes, the frame keeps and shows what came out."""

from __future__ import annotations

import shlex
import time
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from experiments import catalogue, record, report, terminal
from experiments.result import Result, unmarked


@dataclass(frozen=True)
class Order:
    """What to run, and where its folder goes."""

    name: str
    config: Any
    out: Path


def execute(order: Order) -> Path:
    """Run an experiment, keep its folder, print its tables; return the folder."""
    module, started = catalogue.load(order.name), record.now()
    results: list[Result] = []

    def fill(folder: Path) -> None:
        begin = time.perf_counter()
        result = module.run(order.config)
        about = {
            "experiment": order.name,
            "title": unmarked(result.title),
            "summary": result.summary,
            "figure": next((figure.name for figure in result.figures), None),
            "command": command(order),
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - begin, 2),
            **record.environment(),
        }
        results.append(result)
        save(result, order.config, about, folder)

    try:
        return record.store(order.out / order.name, record.run_name(order.config, started), fill)
    finally:  # a disk that is full costs the folder, not the tables
        for result in results:
            terminal.show(result)


def save(result: Result, config: Any, about: dict[str, Any], folder: Path) -> None:
    """Write a result and what it depends on into a folder."""
    images = {figure.name: record.png(figure) for figure in result.figures}
    for name, image in images.items():
        (folder / f"{name}.png").write_bytes(image)
    settings = {
        "Command": {about["command"]: ""},
        "Configuration": asdict(config),
        "Versions": {name: found for name, found in about["versions"].items() if found},
        "Device": about["device"],
        "Host": about["host"],
        "Commit": about["git"] or {"unknown": ""},
        "Run": {"started": about["started"], "seconds": about["seconds"]},
    }
    for name, text in (
        ("config.json", record.to_json(asdict(config))),
        ("env.json", record.to_json(about)),
        ("metrics.json", record.to_json(result.metrics)),
        ("report.html", report.html(result, images, settings)),
    ):
        (folder / name).write_text(text, encoding="utf-8")


def command(order: Order) -> str:
    """The command line that gives this configuration again."""
    words = ["python -m experiments run", order.name]
    for field in fields(order.config):
        value = getattr(order.config, field.name)
        if field.default is not MISSING and value == field.default:
            continue
        flag = field.name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            values = value if isinstance(value, tuple) else (value,)
            words.append(f"--{flag} {shlex.join(map(str, values))}")
    return " ".join(words)
