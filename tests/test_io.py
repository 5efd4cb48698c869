"""A saved density comes back exactly; a file that is cut, changed or foreign is refused by name."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import genjax_lab as gl
from tests.cases import ALL, over

MODEL = gl.joint(
    gl.categorical(3), gl.per_class(gl.product(a=gl.normal((2,)), b=gl.bernoulli()), 3, shared=("a.scale",))
)


@pytest.fixture(scope="module")
def params():
    return jax.tree.map(
        lambda s: jnp.arange(1.0, 1 + np.prod(s)).reshape(s), gl.density.param_shapes(MODEL), is_leaf=is_shape
    )


def is_shape(value) -> bool:
    return isinstance(value, tuple)


@pytest.fixture
def saved(tmp_path, params):
    path = tmp_path / "model.npz"
    gl.save(path, MODEL, params)
    return path


def assert_same(got, wanted) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(wanted)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@over(ALL)
def test_every_density_comes_back(case, tmp_path):
    gl.save(tmp_path / "it", case.density, case.jax_params())
    density, params = gl.load(tmp_path / "it")
    assert density is case.density
    assert_same(params, case.jax_params())


def test_infinities_and_float64_come_back(tmp_path, x64):
    wanted = {"logits": jnp.array([-jnp.inf, 0.1, 1e-300])}
    gl.save(tmp_path / "it", gl.categorical(3), wanted)
    assert_same(gl.load(str(tmp_path / "it"))[1], wanted)


def test_comes_back_in_a_fresh_process(saved):
    code = f"import genjax_lab as gl; print(repr(gl.load({str(saved)!r})[0]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(MODEL)


def test_truncated_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        saved.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"model\.npz is no file of gl\.save, or a part of one"):
            gl.load(saved)


def test_no_flipped_bit_changes_the_result(saved, params):
    """Every flip is refused, or lies in a byte that means nothing (a date in the zip) and changes nothing."""
    whole, refused, rng = saved.read_bytes(), 0, np.random.default_rng(0)
    positions = rng.choice(len(whole), 400, replace=False)
    for position in positions:
        changed = bytearray(whole)
        changed[position] ^= 1 << int(rng.integers(8))
        saved.write_bytes(changed)
        try:
            density, got = gl.load(saved)
        except ValueError as error:
            assert "model.npz" in str(error)
            refused += 1
        else:
            assert density is MODEL
            assert_same(got, params)
    assert refused > 200


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x00" * 1000, b"PK\x05\x06" + b"\x00" * 18, pickle.dumps({"a": 1}), b'{"format": 1}'],
    ids=repr,
)
def test_foreign_file_is_refused(content, tmp_path):
    (tmp_path / "it.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"it\.npz is no file of gl\.save"):
        gl.load(tmp_path / "it.npz")


def test_arrays_that_numpy_saved_are_refused(tmp_path):
    np.savez(tmp_path / "it.npz", header=np.arange(3), array_0=np.zeros(2))
    with pytest.raises(ValueError, match=r"it\.npz is no file of gl\.save"):
        gl.load(tmp_path / "it.npz")


def test_pickled_object_inside_is_never_opened(tmp_path):
    bomb = np.array([print], dtype=object)
    np.savez(tmp_path / "it.npz", header=bomb)
    with pytest.raises(ValueError, match=r"is no file of gl\.save"):
        gl.load(tmp_path / "it.npz")


def rewrite(path, edit) -> None:
    """Change the header of a saved file as somebody would who does not know of the digest, or signs it anew."""
    with zipfile.ZipFile(path) as file, file.open("header.npy") as part:
        header = json.loads(np.lib.format.read_array(part).tobytes())
    with np.load(path) as arrays:
        kept = {name: arrays[name] for name in arrays.files if name != "header"}
    header, kept = edit(header, kept)
    with open(path, "wb") as file:
        np.savez(file, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **kept)


def sign(header, kept):
    from genjax_lab.io import _digest

    header.pop("sha256", None)
    arrays = [
        np.frombuffer(kept[f"array_{i}"].tobytes(), a["dtype"]).reshape(a["shape"])
        for i, a in enumerate(header["arrays"])
    ]
    header["sha256"] = _digest(header, arrays)
    return header, kept


def test_tampered_header_is_refused(saved):
    rewrite(saved, lambda header, kept: ({**header, "density": {**header["density"], "factory": "os:system"}}, kept))
    with pytest.raises(ValueError, match="do not match their SHA-256 digest"):
        gl.load(saved)


def test_tampered_array_is_refused(saved):
    rewrite(saved, lambda header, kept: (header, {**kept, "array_0": kept["array_0"][::-1]}))
    with pytest.raises(ValueError, match="do not match their SHA-256 digest"):
        gl.load(saved)


def test_bytes_around_the_file_are_refused(saved):
    whole = saved.read_bytes()
    for changed in (whole + b"x", whole + b"\0" * 1000, b"x" + whole, b"PK\3\4" + whole, whole + whole):
        saved.write_bytes(changed)
        with pytest.raises(ValueError, match=r"model\.npz is no file of gl\.save"):
            gl.load(saved)


@pytest.mark.parametrize("name", ["array_9.npy", "readme.txt", "header.npy"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_another_member_is_refused(saved, name):
    with zipfile.ZipFile(saved, "a") as file:
        file.writestr(name, b"more")
    with pytest.raises(ValueError, match=r"model\.npz is no file of gl\.save"):
        gl.load(saved)


@pytest.mark.parametrize("dtype", ["S4", "complex64", "bool"])
def test_signed_array_of_a_wrong_dtype_is_refused(tmp_path, dtype):
    gl.save(tmp_path / "it", gl.bernoulli((2,)), {"logits": jnp.zeros(2)})
    shape = [8 // np.dtype(dtype).itemsize]
    rewrite(tmp_path / "it", lambda header, kept: sign({**header, "arrays": [{"dtype": dtype, "shape": shape}]}, kept))
    with pytest.raises(ValueError, match=r"it is no file of gl\.save.*array 0 has the dtype"):
        gl.load(tmp_path / "it")


def test_signed_header_without_a_density_is_refused(saved):
    def edit(header, kept):
        del header["density"]
        return sign(header, kept)

    rewrite(saved, edit)
    with pytest.raises(ValueError, match=r"model\.npz is no file of gl\.save.*its header has no \['density'\]"):
        gl.load(saved)


def test_what_is_no_density_is_not_saved(tmp_path):
    for what in (3, gl.normal):
        with pytest.raises(TypeError, match=r"gl\.save: .* is not a density"):
            gl.save(tmp_path / "it", what, {})
    assert os.listdir(tmp_path) == []


def test_saving_again_keeps_the_mode_and_a_link(saved, params):
    saved.chmod(0o640)
    link = saved.parent / "link"
    link.symlink_to(saved.name)
    gl.save(link, gl.normal(), {"loc": 0.0, "scale": 1.0})
    assert link.is_symlink() and saved.stat().st_mode & 0o777 == 0o640
    assert gl.load(saved)[0] is gl.normal()


def test_newer_format_is_refused(saved):
    rewrite(saved, lambda header, kept: ({**header, "format": "genjax_lab density 99"}, kept))
    with pytest.raises(ValueError, match="its format is not 'genjax_lab density 1'"):
        gl.load(saved)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"factory": "antigravity:fly", "arguments": {}}, "no factory 'antigravity:fly' is registered"),
        ({"factory": "genjax_lab.space:reals", "arguments": {"shape": []}}, "which is no density"),
        (
            {"factory": "genjax_lab.families.normal:normal", "arguments": {"shape": []}},
            "has 2 parameter arrays, the file 4",
        ),
        (
            {"factory": "genjax_lab.families.normal:normal", "arguments": {"shape": ["two"]}},
            "refuses its arguments",
        ),
        ({"factory": "genjax_lab.families.normal:normal", "arguments": {"shape": 2}}, "refuses its arguments"),
        ([1, 2], "which is no density"),
    ],
    ids=str,
)
def test_signed_but_wrong_spec_is_refused_and_imports_nothing(saved, spec, message):
    rewrite(saved, lambda header, kept: sign({**header, "density": spec}, kept))
    with pytest.raises(ValueError, match=message) as caught:
        gl.load(saved)
    assert str(saved) in str(caught.value)
    assert "antigravity" not in sys.modules


def test_missing_file_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        gl.load(tmp_path / "nothing.npz")


@pytest.mark.parametrize("step", ["savez", "fsync", "replace"])
def test_failed_save_leaves_the_old_file(step, saved, params, monkeypatch):
    """A full disk, a failed flush, a directory that became read-only: the old file is whole, no other left over."""
    before = saved.read_bytes()

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr({"savez": np, "fsync": os, "replace": os}[step], step, fail)
    with pytest.raises(OSError, match="No space left"):
        gl.save(saved, gl.normal(), {"loc": 0.0, "scale": 1.0})
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == ["model.npz"]


def test_read_only_directory_is_an_os_error(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr("genjax_lab.atomic.open", refuse, raising=False)
    with pytest.raises(PermissionError, match="Permission denied"):
        gl.save(tmp_path / "it", gl.normal(), {"loc": 0.0, "scale": 1.0})


def test_missing_directory_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        gl.save(tmp_path / "nowhere" / "it", gl.normal(), {"loc": 0.0, "scale": 1.0})


def test_wrong_params_are_not_saved(tmp_path):
    with pytest.raises(ValueError, match=r"gl\.save: params of normal\(\)"):
        gl.save(tmp_path / "it", gl.normal(), {"rate": 1.0})
    assert os.listdir(tmp_path) == []


def test_density_without_a_factory_is_not_saved(tmp_path):
    from tests.test_identity import bare

    with pytest.raises(TypeError, match=r"put @gl\.factory on the function"):
        gl.save(tmp_path / "it", bare(1.0), {})
    assert os.listdir(tmp_path) == []


def test_mode_is_that_of_an_ordinary_file(saved):
    """tempfile's files can be read by their owner alone; a model is no secret."""
    other = saved.parent / "other"
    other.write_bytes(b"")
    assert saved.stat().st_mode == other.stat().st_mode
