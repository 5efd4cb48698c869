"""Where a long fit has got to, in a file that is whole or not there: what a killed process goes on from, bit by bit.

One file of `safetensors`: the arrays of the method's state and of the fits that are done, and beside them what the
run is (a digest of each of its parts), where it is, and a digest of it all. Their structure comes from the call.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.atomic import remove_unfinished, write_whole
from genjax_lab.fitting.result import FitWarning
from genjax_lab.types import Key

FORMAT = "genjax_lab checkpoint 1"
NAME = "checkpoint.safetensors"
METRICS = "metrics.jsonl"


class CheckpointError(ValueError):
    """A checkpoint is damaged, of another run, or beside what is not its own; all is left as it is."""


@dataclass(frozen=True)
class Checkpoint:
    """Where to keep a fit under way, and how often; made by `gl.checkpoint`."""

    directory: Path
    every: float


def checkpoint(directory: str | os.PathLike[str], every: float = 30.0) -> Checkpoint:
    """Say where a long fit keeps what it goes on from, for `gl.fit(checkpoint=...)`.

    Args:
      directory: made where it is not there; it holds checkpoint.safetensors and metrics.jsonl, a line for each report.
      every: seconds between two saves, at least.

    Returns:
      What `gl.fit` takes.

    Raises:
      ValueError: for no directory, or a negative number of seconds.
      TypeError: for seconds that are no number.

    Example:
      >>> gl.checkpoint("runs/digits", every=60).every
      60
    """
    if not os.fspath(directory):
        raise ValueError("gl.checkpoint: directory is empty; the current one is '.'")
    if isinstance(every, bool) or not isinstance(every, int | float):
        raise TypeError(f"gl.checkpoint: every = {every!r} must be a number of seconds")
    if not every >= 0:
        raise ValueError(f"gl.checkpoint: every = {every} must be a number of seconds, 0 or more")
    return Checkpoint(Path(directory), every)


@dataclass(frozen=True)
class Position:
    """Where a run is.

    Attributes:
      start: which of several starts is under way.
      seconds: that it has taken so far.
      metrics: bytes of `metrics.jsonl` so far.
    """

    start: int
    seconds: float
    metrics: int


class Keeper:
    """The checkpoint of one run."""

    def __init__(self, where: Checkpoint, run: dict[str, str]) -> None:
        """Open the directory for a run, known by a digest of each of its parts.

        Raises:
          OSError: where the directory cannot be made.
        """
        _library()
        self.path, self.every, self.run = where.directory / NAME, where.every, run
        self.failed = False
        try:
            where.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def read(self) -> tuple[Position, list[np.ndarray]] | None:
        """Where the run is, and its arrays; None where it has not begun.

        Raises:
          CheckpointError: where the file is cut, changed, of another kind or of another run; it is left as it is.
        """
        if not self.path.exists():
            return None
        meta, arrays = _opened(self.path)
        other = [name for name, digest in self.run.items() if json.loads(meta["run"]).get(name) != digest]
        if other:
            raise CheckpointError(
                f"{self.path} is the checkpoint of another run: its {', '.join(other)} differ from this call's. "
                f"Use another directory, or remove it and {METRICS}"
            )
        position = Position(**json.loads(meta["position"]))
        self._cut_metrics(position.metrics)
        remove_unfinished(self.path)
        return position, arrays

    def begin(self, start: int, tree: Any) -> None:
        """Save where the run begins.

        Raises:
          OSError: where the directory cannot be written to.
          CheckpointError: where it has metrics without a checkpoint: of something else.
        """
        if self._metrics_length():
            raise CheckpointError(
                f"{self.path.with_name(METRICS)} is there without {NAME}: of another run? Use another directory, or "
                "remove it"
            )
        try:
            self._write(Position(start, 0.0, 0), tree)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def save(self, start: int, seconds: float, tree: Any) -> None:
        """Save where the run is; where that fails the last save stays, the run goes on, and its user is told once."""
        try:
            self._write(Position(start, seconds, self._metrics_length()), tree)
        except OSError as error:
            self._tell(error)

    def note(self, report: dict[str, Any]) -> None:
        """Add a line to the metrics; one that cannot be written whole is left out, and its user is told once."""
        length = self._metrics_length()
        try:
            with open(self.path.with_name(METRICS), "a", encoding="utf-8") as file:
                file.write(json.dumps(report) + "\n")
        except OSError as error:
            with contextlib.suppress(OSError):
                self._cut_metrics(length)
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        if not self.failed:
            message = f"{self.path} or {METRICS} could not be saved ({error}): the fit goes on, and the last save stays"
            warnings.warn(message, FitWarning, stacklevel=3)
        self.failed = True

    def _write(self, position: Position, tree: Any) -> None:
        arrays = {f"array_{i:04d}": _plain(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))}
        meta = {"format": FORMAT, "run": json.dumps(self.run), "position": json.dumps(position.__dict__)}
        meta["sha256"] = _digest(meta, arrays)
        content = _library().save(arrays, meta)
        write_whole(self.path, lambda file: file.write(content))

    def _metrics_length(self) -> int:
        file = self.path.with_name(METRICS)
        return file.stat().st_size if file.exists() else 0

    def _cut_metrics(self, length: int) -> None:
        """Leave out what was noted after the last save: it will be noted again."""
        if self._metrics_length() > length:
            os.truncate(self.path.with_name(METRICS), length)


def restored(arrays: list[np.ndarray], template: Any, key: Key | None, path: Path) -> Any:
    """Arrays in the structure of a template of shapes and dtypes, its keys of the kind of the call's.

    Raises:
      CheckpointError: where they do not fit into it.
    """
    leaves, tree = jax.tree.flatten(template)
    if [_kind(leaf) for leaf in leaves] != [(a.shape, a.dtype) for a in arrays]:
        raise CheckpointError(f"{path}: its arrays are not those of this run: another version of JAX or of genjax_lab?")
    return tree.unflatten([_like(a, leaf, key) for a, leaf in zip(arrays, leaves, strict=True)])


def _is_key(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def _plain(leaf: jax.Array) -> np.ndarray:
    """An array of bytes, whole or real numbers that NumPy knows."""
    array = np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)
    return array.view(np.uint8) if array.dtype.kind == "V" else array


def _kind(leaf: Any) -> tuple[tuple[int, ...], np.dtype]:
    found = jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf
    return found.shape, np.dtype(found.dtype)


def _like(array: np.ndarray, leaf: Any, key: Any) -> jax.Array:
    if _is_key(leaf):
        return jax.random.wrap_key_data(jnp.asarray(array), impl=str(jax.random.key_impl(key)))
    return jnp.asarray(array, leaf.dtype)


def _opened(path: Path) -> tuple[dict[str, str], list[np.ndarray]]:
    library = _library()
    content = path.read_bytes()
    try:
        arrays = library.load(content)
        size = int.from_bytes(content[:8], "little")
        meta = json.loads(content[8 : 8 + size])["__metadata__"]
        claimed = meta.pop("sha256")
        if meta["format"] != FORMAT or claimed != _digest(meta, arrays):
            raise ValueError("its contents do not match their SHA-256 digest")
    except Exception as error:  # whatever a damaged file makes of its reader
        raise CheckpointError(f"{path} is no checkpoint of gl.fit, or a part of one: {error}") from error
    return meta, [arrays[name] for name in sorted(arrays)]


def _digest(meta: dict[str, str], arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _unwritable(path: Path, error: OSError) -> OSError:
    return type(error)(error.errno, f"gl.fit: checkpoint= cannot write to {path.parent}: {error.strerror}")


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError("gl.fit: checkpoint= needs safetensors: pip install 'genjax_lab[checkpoint]'") from error
    return safetensors.numpy
