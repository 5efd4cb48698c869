"""Causal networks, `flax.linen` modules: what `gl.autoregressive` asks at every entry, of the entries before it."""

from genjax_lab.nets.attention import attention
from genjax_lab.nets.convolution import convolution
from genjax_lab.nets.images import contracting, expanding
from genjax_lab.nets.made import made
from genjax_lab.nets.turned import turned
from genjax_lab.nets.windows import windows

__all__ = ["attention", "contracting", "convolution", "expanding", "made", "turned", "windows"]
