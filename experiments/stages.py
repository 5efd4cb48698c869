"""A long run in stages: each says when it is done and what may be left, and is kept for a run that goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from experiments.record import to_json
from experiments.result import Refused
from genjax_lab.atomic import remove_unfinished, write_whole

T = TypeVar("T")


class Stages:
    """The stages of a run.

    A folder holds a JSON file for each stage that is done, written whole or not at all, with the configuration it
    belongs to: the same run, started again, does the others only.
    """

    def __init__(self, total: int, config: Any = None, folder: str | None = None) -> None:
        """Begin.

        Args:
          total: how many stages there will be.
          config: a dataclass of what is run, of which `checkpoint` says nothing; needed with a folder.
          folder: where finished stages are kept; None: nowhere.
        """
        self.total, self.count, self.spent, self.done = total, 0, 0.0, 0
        self.folder = None if folder is None else Path(folder)
        self.config = {} if config is None else json.loads(to_json(plain(config)))
        self.config.pop("checkpoint", None)

    def __call__(self, name: str, make: Callable[[], T], back: Callable[[Any], T] | None = None) -> T:
        """Do a stage, or read what it came to.

        Args:
          name: of the stage, another for each.
          make: does it.
          back: from the JSON of `plain(what it came to)` to what it came to; None: it is not kept.

        Raises:
          Refused: for a file that is cut, or of another run; it is left as it is.
        """
        self.count += 1
        file = None if self.folder is None or back is None else self.folder / f"{self.count:02d}.json"
        if file is not None and back is not None and file.exists():
            print(f"{self.count} of {self.total}, {name}: done before", flush=True)
            return back(self._read(file, name))
        began = time.perf_counter()
        found = make()
        self.spent, self.done = self.spent + time.perf_counter() - began, self.done + 1
        left = self.spent / self.done * (self.total - self.count)
        print(f"{self.count} of {self.total}, {name}: {self.spent:.0f} s, about {left:.0f} s left", flush=True)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            text = to_json({"stage": name, "config": self.config, "found": plain(found)})
            write_whole(file, lambda out: out.write(text.encode()))
        return found

    def _read(self, file: Path, name: str) -> Any:
        remove_unfinished(file)
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            stage, config, found = (kept[key] for key in ("stage", "config", "found"))
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(f"{file} is no finished stage: cut, or something else. Remove it to do it again") from error
        if (stage, config) != (name, self.config):
            raise Refused(f"{file} is of another run, or of another configuration. Use another folder, or remove it")
        return found


def inside(folder: str | None, name: str) -> str | None:
    """The place of a name in a folder, if there is one."""
    return None if folder is None else f"{folder}/{name.replace(' ', '_')}"


def plain(value: Any) -> Any:
    """Dataclasses as what their fields hold by name, named tuples and tuples as lists, all else as it is."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value
