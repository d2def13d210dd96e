"""Points that are near each other where they are near in many dimensions: t-SNE in two, with a fixed seed.

Run as a program it reads a matrix (.npy) from standard input and writes the places (.npy) to standard output: so the
window lets a process of its own compute them. It imports nothing of this program.
"""

import io
import os
import sys

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float32]

MOST = 3000
"""Points that t-SNE itself places; the time grows a little faster than their number."""
DIMENSIONS = 50
"""Directions that are kept of longer vectors, those of the largest variance (van der Maaten & Hinton, section 4.2)."""
NEIGHBOURS = 5
PERPLEXITY = 30.0


def embed(vectors: Numbers, *, correlation: bool = False, most: int = MOST, seed: int = 0) -> Numbers:
    """Places (N, 2) float32 of vectors (N, D), about 0 and within -1 to 1; NaN where a vector has none.

    t-SNE (van der Maaten & Hinton, JMLR 9:2579, 2008; Barnes-Hut: JMLR 15:3221, 2014) of the distances, or with
    `correlation` of 1 - r, so that a vector of equal values has no place. Of more than `most` vectors so many are
    drawn for it, and every other one lies at the mean of its nearest among these.
    """
    points: Numbers = np.array(vectors, np.float32)
    if points.size:
        points -= points.mean(axis=1 if correlation else 0, keepdims=True)
    lengths = np.linalg.norm(points, axis=1)
    valid = np.isfinite(lengths)
    if correlation:
        valid &= lengths > 1e-12 * max(1.0, float(np.nanmax(np.abs(vectors), initial=0)))
        # The squared distance of vectors of length one is 2 (1 - r).
        points /= np.where(valid, lengths, 1)[:, None]
    places = np.full((len(points), 2), np.nan, np.float32)
    rows = np.flatnonzero(valid)
    if len(rows):
        places[rows] = _placed(_fewer(points[rows], DIMENSIONS, seed), most, seed)
    return places


def drawn(count: int, most: int = MOST, seed: int = 0) -> npt.NDArray[np.intp]:
    """The rows that t-SNE itself places of `count` vectors that all have a place."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def _placed(points: Numbers, most: int, seed: int) -> Numbers:
    rows = drawn(len(points), most, seed)
    embedded = _scaled(_t_sne(points[rows], seed))
    if len(rows) == len(points):
        return embedded
    from sklearn.neighbors import NearestNeighbors

    places = np.zeros((len(points), 2), np.float32)
    places[rows] = embedded
    others = np.setdiff1d(np.arange(len(points)), rows)
    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(rows))).fit(points[rows])
    places[others] = embedded[near.kneighbors(points[others], return_distance=False)].mean(axis=1)
    return places


def _t_sne(points: Numbers, seed: int) -> Numbers:
    if len(points) < 4 or not np.ptp(points, axis=0).any():  # no neighbourhoods to speak of
        return np.column_stack([np.linspace(-1, 1, len(points)), np.zeros(len(points))]).astype(np.float32)
    from sklearn.manifold import TSNE

    start = _fewer(points, 2)
    tsne = TSNE(
        perplexity=min(PERPLEXITY, (len(points) - 1) / 3),
        init=start / start[:, 0].std() * 1e-4,
        learning_rate="auto",
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(tsne.fit_transform(points), np.float32)


def _fewer(points: Numbers, dimensions: int, seed: int = 0) -> Numbers:
    """The coordinates along so many directions of largest variance; the points themselves where they have no more."""
    if points.shape[1] <= dimensions:
        return np.pad(points, ((0, 0), (0, max(0, 2 - points.shape[1]))))
    from sklearn.decomposition import PCA

    count = min(dimensions, *points.shape)
    projected = PCA(count, svd_solver="auto", random_state=seed).fit_transform(points)
    return np.pad(projected, ((0, 0), (0, dimensions - count))).astype(np.float32)


def _scaled(places: Numbers) -> Numbers:
    centred = places - places.mean(axis=0)
    reach = float(np.abs(centred).max(initial=0))
    scaled: Numbers = (centred / reach if reach > 0 else centred).astype(np.float32)
    return scaled


def main() -> int:
    """Read vectors, write places; "correlation" among the words takes 1 - r as the distance."""
    if hasattr(os, "nice"):
        os.nice(10)
    vectors = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    content = io.BytesIO()
    np.save(content, embed(vectors, correlation="correlation" in sys.argv[1:]))
    sys.stdout.buffer.write(content.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
