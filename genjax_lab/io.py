"""Save and load a density with its parameters: the spec as JSON, the arrays beside it, in one NumPy `.npz` file.

Never pickle; loading imports nothing that the file names. A digest over everything refuses a file that was cut or
changed, and a save replaces the old file in one step, or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import jax
import jax.numpy as jnp
import numpy as np

from genjax_lab.atomic import write_whole
from genjax_lab.check import checked_params, require_density
from genjax_lab.constraints import is_shape
from genjax_lab.density import Conditional, Density, param_shapes
from genjax_lab.spec import from_json, to_json
from genjax_lab.types import Params

FORMAT = "genjax_lab density 1"

END_LENGTH = 22
"""Bytes of the record that ends a zip archive without a comment."""

DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, ArithmeticError, AttributeError, EOFError, LookupError, MemoryError,
    OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What reading a damaged or foreign file may raise: a flipped bit can turn up in any length, offset or flag."""


def save(path: str | os.PathLike[str], density: Density | Conditional, params: Params) -> None:
    """Write a density and its parameters to one file.

    Args:
      path: the file; replaced if it exists, and untouched if the save fails.
      density: made by factories.
      params: its parameters.

    Raises:
      TypeError: where it is no density, or a part of it was made without a factory.
      ValueError: where the parameters are not the density's.
      OSError: where the file cannot be written.

    Example:
      >>> import tempfile
      >>> path = tempfile.mkdtemp() + "/coin.npz"
      >>> gl.save(path, gl.bernoulli(), {"logits": jnp.array(0.5)})
      >>> gl.load(path)
      (bernoulli(), {'logits': Array(0.5, dtype=float32)})
    """
    require_density("gl.save", density)
    path = Path(os.path.realpath(path))  # through a link: what it leads to is written, and the link stays
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(checked_params("gl.save", density, params))]
    header: dict[str, Any] = {"format": FORMAT, "density": to_json(density)}
    header["arrays"] = [{"dtype": str(leaf.dtype), "shape": list(leaf.shape)} for leaf in leaves]
    header["sha256"] = _digest(header, leaves)
    arrays = {f"array_{i}": np.frombuffer(leaf.tobytes(), np.uint8) for i, leaf in enumerate(leaves)}
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    write_whole(path, lambda file: np.savez(file, **{"header": text, **arrays}))  # type: ignore[arg-type]


def load(path: str | os.PathLike[str]) -> tuple[Density | Conditional, Params]:
    """Read a density and its parameters from a file that `gl.save` wrote.

    A density of your own needs its factory defined, or its module imported, before the call.

    Args:
      path: the file.

    Returns:
      (density, params).

    Raises:
      FileNotFoundError: where there is no such file.
      ValueError: where the file is cut, changed, of another kind, or needs a factory that is not defined here.

    Example:
      >>> gl.load(__file__)
      Traceback (most recent call last):
      ValueError: ...io.py is no file of gl.save, or a part of one: File is not a zip file
    """
    with open(path, "rb") as raw:
        try:
            _require_whole(raw)
            with zipfile.ZipFile(raw) as file:
                header, arrays = _read(file)
        except DAMAGE as error:
            raise ValueError(f"{path} is no file of gl.save, or a part of one: {error}") from error
    try:
        density = from_json(header["density"])
        if not isinstance(density, Density | Conditional):
            raise ValueError(f"it holds {density!r}, which is no density")
        tree = jax.tree.structure(param_shapes(density), is_leaf=is_shape)
        if tree.num_leaves != len(arrays):
            raise ValueError(f"{density!r} has {tree.num_leaves} parameter arrays, the file {len(arrays)}")
        return density, checked_params("gl.load", density, tree.unflatten([jnp.asarray(a) for a in arrays]))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error


def _require_whole(raw: BinaryIO) -> None:
    """Refuse bytes before or after the zip archive, over which `zipfile` reads."""
    start = raw.read(4)
    raw.seek(max(0, raw.seek(0, os.SEEK_END) - END_LENGTH))
    end = raw.read()
    if zipfile.is_zipfile(raw) and (start != b"PK\3\4" or end[:4] != b"PK\5\6" or end[-2:] != b"\0\0"):
        raise ValueError("there are bytes before its start or after its end")


def _read(file: zipfile.ZipFile) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Read the header and the arrays; check the digest."""

    def member(name: str) -> np.ndarray:
        with file.open(f"{name}.npy") as part:
            array = np.lib.format.read_array(part, allow_pickle=False)
            if part.read(1):
                raise ValueError(f"bytes follow the array {name!r}")
            return array

    header = json.loads(member("header").tobytes())
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT!r}")
    if missing := {"density", "arrays"} - set(header):
        raise ValueError(f"its header has no {sorted(missing)}")
    members = ["header.npy", *(f"array_{i}.npy" for i in range(len(header["arrays"])))]
    if file.namelist() != members or file.infolist()[0].header_offset:
        raise ValueError(f"its members are {file.namelist()[:9]}, not {members[:9]}")
    arrays = []
    for i, about in enumerate(header["arrays"]):
        raw, dtype, shape = member(f"array_{i}").tobytes(), jnp.dtype(about["dtype"]), tuple(about["shape"])
        if not jnp.issubdtype(dtype, jnp.floating) and not jnp.issubdtype(dtype, jnp.integer):
            raise ValueError(f"its array {i} has the dtype {dtype}: parameters are real numbers")
        arrays.append(np.frombuffer(raw, dtype).reshape(shape))
    if header.pop("sha256", None) != _digest(header, arrays):
        raise ValueError("its contents do not match their SHA-256 digest")
    return header, arrays


def _digest(header: dict[str, Any], arrays: list[np.ndarray]) -> str:
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()
