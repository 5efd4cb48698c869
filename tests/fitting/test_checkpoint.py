"""Long runs survive: a killed fit goes on to the same bits; what is damaged or of another run is refused and kept."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import genjax_lab as gl
from genjax_lab.fitting.checkpoint import METRICS, NAME
from tests.case import rest_slow

pytest.importorskip("safetensors")

X = jnp.asarray(np.random.default_rng(0).integers(0, 2, (400, 6)), jnp.uint8)
MIXTURE = gl.mixture(gl.bernoulli((6,)), 3)


def rate(**more):
    return gl.gradient(optax.adam, learning_rate=0.05, batch_size=50, average=0.9, validation=gl.Data(X[:100]), **more)


def student_start():
    return {"loc": jnp.full(6, 3.0), "scale": jnp.full(6, 5.0), "df": jnp.full(6, 30.0)}


CALLS = {
    "em": {"density": MIXTURE, "method": gl.em(max_steps=40, curvature=False), "key": 0, "smoothing": 0.1},
    "starts": {
        "density": MIXTURE, "method": gl.em(max_steps=15, curvature=False), "key": 0, "smoothing": 0.1, "restarts": 3,
    },
    "short starts": {
        "density": MIXTURE, "method": gl.em(max_steps=30, curvature=False, short=4), "key": 0, "smoothing": 0.1,
        "restarts": 3,
    },
    "lbfgs": {
        "density": MIXTURE, "method": gl.lbfgs(max_steps=25), "smoothing": 0.1,
        "start": MIXTURE.init(jax.random.key(3)),
    },
    "gradient": {"density": MIXTURE, "method": rate(epochs=20), "key": 0},
    "online": {"density": MIXTURE, "method": gl.online_em(20, 50), "key": 0, "smoothing": 0.1},
    "newton": {"density": gl.student_t((6,)), "x": X * 1.0, "method": gl.newton(), "start": student_start()},
    "em with curvature": {"density": MIXTURE, "method": gl.em(max_steps=20), "key": 0, "smoothing": 0.1},
}  # fmt: skip


def fitted(name, directory=None, **more):
    call = CALLS[name] | more
    if "key" in call:
        call["key"] = jax.random.key(call["key"])
    where = None if directory is None else gl.checkpoint(directory, every=0)
    return gl.fit(call.pop("density"), call.pop("x", X), strict=False, checkpoint=where, **call)


def bits(fit):
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(fit)]


class Killed(BaseException):
    """Stands for SIGKILL where a process of its own would take too long."""


pytestmark = pytest.mark.filterwarnings("ignore::genjax_lab.FitWarning")


soon = pytest.mark.parametrize("name", rest_slow(CALLS, "short starts", "gradient", "online"))


@soon
def test_a_fit_cut_off_at_any_save_goes_on_to_the_same_bits(name, tmp_path, monkeypatch):
    whole = fitted(name, tmp_path / "whole")
    monkeypatch.setattr("genjax_lab.fitting.progress.INTERVAL", 0)  # a save a step
    replace, count = os.replace, 0

    def counting(*args):
        nonlocal count
        count += 1
        replace(*args)

    monkeypatch.setattr(os, "replace", counting)
    again = fitted(name, tmp_path / "again")
    assert bits(again) == bits(whole) and count > 5
    for cut in np.random.default_rng(1).choice(np.arange(2, count), 2, replace=False):
        for after in (False, True):
            left = cut

            def dying(*args, after=after):
                nonlocal left
                left -= 1
                if left == 0:
                    if after:
                        replace(*args)
                    raise Killed
                replace(*args)

            monkeypatch.setattr(os, "replace", dying)
            directory = tmp_path / f"cut {cut} {after}"
            with pytest.raises(Killed):
                fitted(name, directory)
            monkeypatch.setattr(os, "replace", replace)
            assert bits(fitted(name, directory)) == bits(whole)


@soon
def test_the_end_is_returned_at_once_without_a_step(name, tmp_path, monkeypatch):
    first = fitted(name, tmp_path)
    monkeypatch.setattr("genjax_lab.fitting.progress._advance", None)
    assert bits(fitted(name, tmp_path)) == bits(first)


def test_a_checkpoint_changes_nothing_but_rounding(tmp_path):
    kept, plain = fitted("em", tmp_path), fitted("em")
    assert int(kept.steps) == int(plain.steps)
    assert float(kept.log_likelihood) == pytest.approx(float(plain.log_likelihood), rel=1e-5)


def test_more_epochs_go_on_from_where_it_was(tmp_path):
    fitted("gradient", tmp_path, method=rate(epochs=8))
    lines = (tmp_path / METRICS).read_text().splitlines()
    longer = fitted("gradient", tmp_path)
    assert (tmp_path / METRICS).read_text().splitlines()[: len(lines)] == lines
    assert bits(longer) == bits(fitted("gradient", tmp_path / "other"))


def test_metrics_have_a_line_for_each_report_and_none_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("genjax_lab.fitting.progress.INTERVAL", 0)
    said = []
    replace = os.replace

    def dying(*args):
        if len(said) == 6:
            raise Killed
        replace(*args)

    monkeypatch.setattr(os, "replace", dying)
    with pytest.raises(Killed):
        fitted("gradient", tmp_path, progress=said.append)
    monkeypatch.setattr(os, "replace", replace)
    fitted("gradient", tmp_path)
    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text().splitlines()]
    steps = [line["step"] for line in lines]
    assert steps == sorted(set(steps)) and steps[-1] == 20 and lines[-1]["left"] == 0
    assert set(lines[0]) == {"start", "step", "value", "seconds", "left"}
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)


def damaged(content):
    """Cut at several places, and with a bit turned at several."""
    rng = np.random.default_rng(0)
    for cut in (0, 4, 100, len(content) // 2, len(content) - 1):
        yield content[:cut]
    for place in rng.integers(0, len(content), 20):
        yield content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    yield b"not a checkpoint"


def test_a_damaged_or_foreign_file_is_refused_and_left_as_it_is(tmp_path):
    fitted("em", tmp_path, method=gl.em(max_steps=3, curvature=False))
    file = tmp_path / NAME
    for content in damaged(file.read_bytes()):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"checkpoint\.safetensors"):
            fitted("em", tmp_path)
        assert file.read_bytes() == content


OTHERS = {
    "data": {"x": X[:, ::-1]},
    "density": {"density": gl.mixture(gl.bernoulli((6,)), 2)},
    "method": {"method": gl.em(max_steps=40, tol=1e-3, curvature=False)},
    "key": {"key": 1},
    "smoothing": {"smoothing": 0.2},
    "restarts": {"restarts": 2},
}


@pytest.mark.parametrize("part", OTHERS)
def test_the_checkpoint_of_another_run_is_refused_by_name(part, tmp_path):
    fitted("em", tmp_path, method=gl.em(max_steps=3, curvature=False))
    content = (tmp_path / NAME).read_bytes()
    with pytest.raises(ValueError, match=rf"another run: its .*{part}.* differ"):
        fitted("em", tmp_path, **OTHERS[part])
    assert (tmp_path / NAME).read_bytes() == content


def of_strength(c):
    return lambda params: c * jnp.sum(params["conditional"]["logits"] ** 2)


def bump(c, made_by_a_factory):
    def density():
        return gl.Density(
            space=gl.reals(), parameters={"loc": gl.constraints.real(())}, init=lambda key: {"loc": jnp.zeros(())},
            log_prob=lambda params, x: -c * (x - params["loc"]) ** 2, sample=lambda key, params: params["loc"],
        )  # fmt: skip

    return gl.factory(density)() if made_by_a_factory else density()


def descent(c):
    return lambda learning_rate: optax.sgd(learning_rate * c)


def by_descent(c):
    return gl.gradient(descent(c), learning_rate=0.01, batch_size=50, epochs=3)


START = MIXTURE.init(jax.random.key(3))
FUNCTIONS = {
    "penalty": lambda c: {"x": X, "density": MIXTURE, "method": gl.lbfgs(5), "penalty": of_strength(c), "start": START},
    "density": lambda c: {"x": jnp.arange(4.0), "density": bump(c, False), "method": gl.lbfgs(5)},
    "density by a factory": lambda c: {"x": jnp.arange(4.0), "density": bump(c, True), "method": gl.lbfgs(5)},
    "method": lambda c: {"x": X, "density": MIXTURE, "method": by_descent(c), "start": START},
}


@pytest.mark.parametrize("part", FUNCTIONS)
def test_functions_of_one_name_that_do_other_things_are_other_runs(part, tmp_path):
    def fit(c):
        call = FUNCTIONS[part](c)
        start = call.pop("start", None) or call["density"].init(jax.random.key(0))
        key = jax.random.key(5) if part == "method" else None
        return gl.fit(
            call.pop("density"), call.pop("x"), start=start, key=key, strict=False, checkpoint=tmp_path, **call
        )

    first = fit(1.0)
    assert bits(fit(1.0)) == bits(first)
    with pytest.raises(ValueError, match=rf"another run: its .*{part.split()[0]}.* differ"):
        fit(2.0)


def test_a_directory_that_cannot_be_made_is_an_error_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr("genjax_lab.fitting.progress._advance", None)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match=r"cannot write to .*file/below"):
        fitted("em", tmp_path / "file" / "below")


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC])
def test_a_full_disk_is_told_before_the_first_step_or_later_costs_no_result(code, tmp_path, monkeypatch):
    whole, replace = fitted("em", tmp_path / "whole"), os.replace

    def full(*args):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=f"cannot write to .*: {os.strerror(code)}"):
        fitted("em", tmp_path / "new")
    saves = 0

    def soon_full(*args):
        nonlocal saves
        saves += 1
        full() if saves > 3 else replace(*args)

    monkeypatch.setattr(os, "replace", soon_full)
    with pytest.warns(gl.FitWarning, match="could not be saved") as told:
        found = fitted("em", tmp_path / "later")
    assert bits(found) == bits(whole) and sum("could not" in str(w.message) for w in told) == 1
    monkeypatch.setattr(os, "replace", replace)
    assert [p.name for p in (tmp_path / "later").iterdir() if p.name.startswith(".")] == []
    assert bits(fitted("em", tmp_path / "later")) == bits(whole)


def test_metrics_of_somebody_else_are_refused_and_left_as_they_are(tmp_path):
    (tmp_path / METRICS).write_text("theirs")
    with pytest.raises(gl.CheckpointError, match=r"metrics\.jsonl is there without"):
        fitted("em", tmp_path)
    assert (tmp_path / METRICS).read_text() == "theirs" and len(list(tmp_path.iterdir())) == 1


def test_a_line_of_metrics_that_cannot_be_written_whole_is_left_out_and_told(tmp_path, monkeypatch):
    import builtins

    opened = builtins.open

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, text):
            self.file.write(text[: len(text) // 2])
            self.file.flush()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full(path, *args, **kwargs):
        file = opened(path, *args, **kwargs)
        return Full(file) if str(path).endswith(METRICS) else file

    monkeypatch.setattr(builtins, "open", full)
    with pytest.warns(gl.FitWarning, match=r"metrics\.jsonl could not be saved") as told:
        fitted("em", tmp_path)
    monkeypatch.setattr(builtins, "open", opened)
    assert (tmp_path / METRICS).read_text() == "" and sum("could not" in str(w.message) for w in told) == 1


def test_a_closed_form_has_nothing_to_keep(tmp_path):
    gl.fit(gl.bernoulli((6,)), X, checkpoint=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_negative_interval_or_none_and_no_directory_are_refused(tmp_path):
    with pytest.raises(ValueError, match="every = -1"):
        gl.checkpoint(tmp_path, every=-1)
    with pytest.raises(TypeError, match="every = '3'"):
        gl.checkpoint(tmp_path, every="3")
    with pytest.raises(ValueError, match="directory is empty"):
        fitted("em", "")


CHILD = """
import os, signal, sys
import numpy as np
from tests.fitting.test_checkpoint import bits, fitted

name, directory, kill, out = sys.argv[1:]
fsync, left = os.fsync, int(kill)
def dying(number):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)  # while the new file is there, unfinished
    fsync(number)
os.fsync = dying
found = fitted(name, directory)
open(out, "wb").write(b"".join(bits(found)))
"""


def killed_and_finished(name, tmp_path, moments):
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "JAX_PLATFORMS": "cpu"}

    def child(kill, out, directory, seconds=None):
        command = [sys.executable, "-c", CHILD, name, str(directory), str(kill), str(out)]
        process = subprocess.Popen(command, env=environment, cwd=root)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            return process.wait()

    assert child(-1, tmp_path / "whole", tmp_path / "undisturbed") == 0
    for kill, seconds in moments:
        assert child(kill, tmp_path / "no", tmp_path / "killed", seconds) == -signal.SIGKILL
    assert list((tmp_path / "killed").glob(".checkpoint*")) or moments[-1][0] < 0
    assert child(-1, tmp_path / "end", tmp_path / "killed") == 0
    assert not list((tmp_path / "killed").glob(".checkpoint*"))
    assert (tmp_path / "end").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_process_killed_while_it_saves_ends_with_the_same_bits(tmp_path):
    killed_and_finished("em", tmp_path, [(3, None)])


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_processes_killed_at_many_moments_end_with_the_same_bits(name, tmp_path):
    rng = np.random.default_rng(len(name))
    moments = [(int(rng.integers(2, 5)), None) for _ in range(3)]
    killed_and_finished(name, tmp_path, [(-1, float(s)) for s in rng.uniform(1.5, 4, 3)] + moments)
