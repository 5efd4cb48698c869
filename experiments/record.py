"""A run on disk: config.json, env.json, metrics.json, PNG figures and report.html in a folder of its own.

The folder is filled under a hidden name and renamed when it is complete. A run that fails leaves nothing; a
run never touches the folder of another.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax

from experiments.result import Figure

PACKAGES = ("jax", "jaxlib", "genjax_lab", "optax", "flax", "chex", "numpy", "scipy", "scikit-learn")


def run_name(config: Any, when: datetime) -> str:
    """Date, time and eight digits of the configuration's hash: `20261123-061500-1f3a9c04`."""
    digest = hashlib.sha256(to_json(asdict(config)).encode()).hexdigest()
    return f"{when:%Y%m%d-%H%M%S}-{digest[:8]}"


def store(parent: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """Let `fill` write into a new folder and give it its name once it is complete.

    Args:
      parent: where the folder will lie; made if it is not there.
      name: of the folder; `-2`, `-3`, … is added if it is taken.
      fill: writes files into the folder it is given. If it raises, the folder is removed.

    Returns:
      The path of the folder.
    """
    parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=parent))
    try:
        fill(partial)
        partial.chmod(0o755)  # mkdtemp's folders are private
        return _rename(partial, parent / name)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _rename(partial: Path, wanted: Path) -> Path:
    """Renaming onto a folder that holds files fails, so two runs of one second cannot share a name."""
    target, attempt = wanted, 1
    while True:
        try:
            return partial.rename(target)
        except OSError:
            if not target.exists():
                raise
            attempt += 1
            target = wanted.with_name(f"{wanted.name}-{attempt}")


def png(figure: Figure) -> bytes:
    """The drawing as a PNG, with no date or version inside, so that equal figures are equal files."""
    buffer = io.BytesIO()
    figure.draw().savefig(buffer, format="png", dpi=144, metadata={"Software": None})
    return buffer.getvalue()


def environment() -> dict[str, Any]:
    """What the numbers depend on besides the configuration: versions, device, commit."""
    devices = jax.devices()
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        "device": {
            "platform": devices[0].platform,
            "kind": devices[0].device_kind,
            "count": len(devices),
            "processes": jax.process_count(),
            "x64": bool(jax.config.read("jax_enable_x64")),
        },
        "host": {"system": platform.system(), "machine": platform.machine(), "cores": os.cpu_count()},
        "git": git_state(Path(__file__).parent),
    }


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit of a folder and whether files differ from it; None where there is no commit to name."""

    def git(*arguments: str) -> str:
        run = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
        return run.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": git("status", "--porcelain") != ""}
    except (OSError, subprocess.SubprocessError):
        return None


def to_json(value: Any) -> str:
    """Valid JSON whatever the numbers: not finite ones become "NaN", "Infinity" and "-Infinity"."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):  # NumPy and JAX numbers and arrays
        return _plain(value.tolist())
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    raise TypeError(f"{value!r} of type {type(value).__name__} has no place in JSON.")


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # genjax_lab on the path but not installed
        return None
