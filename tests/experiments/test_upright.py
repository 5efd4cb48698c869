"""Images set upright beside SciPy's affine maps, and moved by a pixel."""

import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from experiments.mnist_density.upright import moved, upright


def stroke(slant, row, column, size=21):
    """A soft stroke through (row, column) that leans by so many columns a row."""
    i, j = np.mgrid[:size, :size]
    across = (j - column) - slant * (i - row)
    return np.exp(-0.5 * (across / 1.2) ** 2 - 0.5 * ((i - row) / 3.0) ** 2)


def moments(image):
    i, j = np.mgrid[: image.shape[0], : image.shape[1]]
    share = image / image.sum()
    row, column = (share * i).sum(), (share * j).sum()
    spread = (share * (i - row) ** 2).sum()
    return row, column, (share * (i - row) * (j - column)).sum() / spread


def test_the_ink_comes_to_the_middle_and_loses_its_slant():
    image = stroke(0.5, 8.0, 12.5)
    assert moments(image)[2] > 0.3
    row, column, slant = moments(np.asarray(upright(image[None]))[0])
    np.testing.assert_allclose([row, column], 10.0, atol=0.02)
    assert abs(slant) < 0.02


def test_it_is_the_affine_map_of_scipy():
    image = stroke(-0.4, 11.0, 9.0).astype(np.float32)
    row, column, slant = moments(image)
    matrix = np.array([[1.0, 0.0], [slant, 1.0]])
    offset = np.array([row, column]) - matrix @ np.array([10.0, 10.0])
    expected = ndimage.affine_transform(image, matrix, offset=offset, order=1)
    np.testing.assert_allclose(np.asarray(upright(image[None]))[0], expected, atol=1e-4)


def test_blank_images_stay_blank():
    assert not np.asarray(upright(np.zeros((2, 5, 7)))).any()


def test_images_move_and_blank_comes_in():
    image = jnp.arange(1.0, 7.0).reshape(1, 2, 3)
    assert [len(moved(image, n)) for n in (0, 1, 2)] == [1, 9, 25]
    np.testing.assert_array_equal(moved(image, 1)[4], image)
    np.testing.assert_array_equal(moved(image, 1)[0], [[[0, 0, 0], [0, 1, 2]]])
