"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside the old one, on the disk to its last byte, and put it in its place in one step.

    Args:
      path: the file; replaced if it exists, and untouched if the writing fails.
      write: (open file) -> anything.

    Raises:
      OSError: where it cannot be written.
    """
    # Not tempfile's: its files are their owner's alone, and stay so.
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(new, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.chmod(new, stat.S_IMODE(os.stat(path).st_mode))  # who may read it stays as it was
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise


def remove_unfinished(path: Path) -> None:
    """Remove what `write_whole` had begun to write in the place of a file when its process was killed."""
    for begun in path.parent.glob(f".{path.name}.{'[0-9a-f]' * 16}"):
        begun.unlink(missing_ok=True)
