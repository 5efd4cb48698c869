"""Importing the library: no device, no optional package, little time; and no key by default anywhere."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import jax
import pytest

import genjax_lab

MODULES = sorted(m.name for m in pkgutil.walk_packages(genjax_lab.__path__, "genjax_lab."))


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_starts_no_backend():
    """Trap 21: the number of CPU devices can only be chosen while no backend has started."""
    code = "import genjax_lab, jax; jax.config.update('jax_num_cpu_devices', 3); print(len(jax.devices('cpu')))"
    assert run(code) == "3"


def test_making_a_model_starts_no_backend():
    """Trap 21."""
    model = "gl.posterior(gl.joint(gl.categorical(10), gl.per_class(gl.mixture(gl.bernoulli((784,)), 20), 10)))"
    choose = "jax.config.update('jax_num_cpu_devices', 3); print(len(jax.devices('cpu')))"
    code = f"import jax, genjax_lab as gl; {model}; {choose}"
    assert run(code) == "3"


def test_the_check_of_a_started_backend_can_fail():
    code = """
import jax
jax.devices()
try:
    jax.config.update("jax_num_cpu_devices", 3)
except RuntimeError:
    print("refused")
"""
    assert run(code) == "refused"


BLOCKED = ["matplotlib", "sklearn", "pooch", "tyro", "safetensors", "hypothesis", "pytest", "PIL", "pandas"]


def test_import_needs_no_optional_package():
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({BLOCKED!r})); import genjax_lab; print(genjax_lab.fit.__name__)"
    )
    assert run(code) == "fit"


def test_import_of_the_library_reads_no_data_and_draws_no_plot():
    rooms = "('genjax_lab.data', 'genjax_lab.plots')"
    assert run(f"import sys, genjax_lab; print([m for m in sys.modules if m.startswith({rooms})])") == "[]"


def test_import_is_quick():
    """Less than 0.3 s over jax, optax, flax and chex; the bound is wide because the machine is shared."""
    code = "import time, jax, optax, flax, chex; t = time.process_time(); import genjax_lab; "
    code += "print(time.process_time() - t)"
    assert min(float(run(code)) for _ in range(2)) < 0.6


def test_import_sets_no_global_flag():
    code = "import jax; before = dict(jax.config.values); import genjax_lab; print(before == dict(jax.config.values))"
    assert run(code) == "True"


@pytest.mark.parametrize("name", MODULES)
def test_no_signature_has_a_key_or_an_array_by_default(name):
    """Trap 21: `key=jax.random.key(0)` in a signature starts a backend at import."""
    for function in vars(importlib.import_module(name)).values():
        if inspect.isfunction(function) and function.__module__ == name:
            for parameter in inspect.signature(function).parameters.values():
                assert not isinstance(parameter.default, jax.Array), f"{function.__qualname__}({parameter})"


def test_every_public_name_is_there_and_documented():
    assert sorted(genjax_lab.__all__) == genjax_lab.__all__ or len(set(genjax_lab.__all__)) == len(genjax_lab.__all__)
    for name in genjax_lab.__all__:
        assert inspect.getdoc(getattr(genjax_lab, name)), name
