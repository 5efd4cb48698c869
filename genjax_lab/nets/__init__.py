"""Causal networks, `flax.linen` modules: what `gl.autoregressive` asks at every entry, of the entries before it."""

from genjax_lab.nets.attention import attention
from genjax_lab.nets.convolution import convolution
from genjax_lab.nets.made import made
from genjax_lab.nets.windows import windows

__all__ = ["attention", "convolution", "made", "windows"]
