"""Whether a probability of 0.8 means that 8 of 10 pictures are so, and temperature scaling."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.measures.bootstrap import BootstrapResamples, Measure, Numbers, measure
from trainer.measures.metrics import Labels
from trainer.measures.prediction import Prediction
from trainer.measures.taxonomy import Match

BINS = 10
"""Bins of equal width from 0 to 1."""

TEMPERATURES = np.exp(np.linspace(np.log(0.05), np.log(20), 241))
"""Where the loss is looked at before it is minimised."""
_LEAST = 1e-12


@dataclass(frozen=True)
class Reliability:
    """Predicted probability against what was seen, in `BINS` bins of equal width.

    `counts` are the pictures of each bin, `predicted` the mean of their probabilities (NaN for an empty bin),
    `observed` the share of them for which it came true. `ece` is the expected
    calibration error: the mean distance of the two, weighted by the counts (Guo et al., ICML 2017, section 2).
    `log_loss` is the mean of `losses_of`, in nats.
    """

    counts: npt.NDArray[np.int64]
    predicted: Numbers
    observed: tuple[Measure, ...]
    ece: Measure
    log_loss: Measure


@dataclass(frozen=True)
class Calibration:
    """Reliability before and after temperature scaling; without it (`after` None), `reason` says why.

    `of` is what was compared: "the probability of NAME" of two classes, "the probability of the predicted class" of
    more. `temperature` divides the logits; its n are the pictures of the validation part, on which it was fitted.
    """

    of: str
    before: Reliability
    after: Reliability | None
    temperature: Measure | None
    reason: str = ""


def losses_of(probabilities: Numbers, labels: Labels, *, independent: bool = False) -> Numbers:
    """-log of the probability of the true class (N) of probabilities (N, K).

    Of `independent` ones, which may all be 1, the mean over the classes of -log of the probability that the class is,
    or is not, the true one.
    """
    true = labels[:, None] == np.arange(probabilities.shape[1])
    class_losses: Numbers = -np.log(np.maximum(np.where(true, probabilities, 1 - probabilities), _LEAST))
    losses: Numbers = class_losses.mean(axis=1) if independent else class_losses[true]
    return losses


def reliability(
    probabilities: Numbers,
    labels: Labels,
    positive: int | None,
    draws: BootstrapResamples,
    *,
    independent: bool = False,
) -> Reliability:
    """The reliability of probabilities (N, K): of the class `positive`, or of the predicted class if None."""
    if positive is None:
        scores, true = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    else:
        scores, true = probabilities[:, positive], labels == positive
    members = bin_of(scores)[:, None] == np.arange(BINS)
    losses = losses_of(probabilities, labels, independent=independent)
    columns = np.hstack([members, members * scores[:, None], members * true[:, None]]).astype(np.float64)

    def sums(weights: Numbers) -> Numbers:
        return (weights @ columns).reshape(-1, 3, BINS)

    ones = np.ones((1, len(labels)))
    drawn = draws.over(lambda weights: np.column_stack([_ece(sums(weights)), weights @ losses / weights.sum(axis=1)]))
    shares = draws.over(lambda weights: _share(sums(weights)[:, 2], sums(weights)[:, 0]))
    counts, predicted, observed = sums(ones)[0]
    points = [
        measure(share, shares[:, bin_index], int(counts[bin_index]), draws.lesions_among(members[:, bin_index]))
        for bin_index, share in enumerate(_share(observed, counts))
    ]
    return Reliability(
        counts=counts.astype(np.int64),
        predicted=_share(predicted, counts),
        observed=tuple(points),
        ece=measure(float(_ece(sums(ones))[0]), drawn[:, 0], len(labels)),
        log_loss=measure(float(losses.mean()), drawn[:, 1], len(labels)),
    )


def bin_of(probabilities: Numbers) -> npt.NDArray[np.intp]:
    """The bin (N) of each probability: [0, 0.1), [0.1, 0.2) ... [0.9, 1]."""
    return np.minimum((probabilities * BINS).astype(np.intp), BINS - 1)


def fit_temperature(answer: Prediction, labels: Labels, matched: Match, draws: BootstrapResamples) -> Measure:
    """The temperature within 0.05 to 20 that minimises the mean of `losses_of` (Guo et al., ICML 2017, section 4.2).

    `answer` (N, K) and `labels` (N) are of the validation part; `matched` adds the K classes of the network up to the
    L that are evaluated. The interval takes, for each draw, the best of a row of temperatures 2.5 % apart.
    """
    from scipy.optimize import minimize_scalar

    def losses(temperature: float) -> Numbers:
        return losses_of(matched.probabilities(answer, temperature), labels, independent=answer.independent)

    rows = np.stack([losses(temperature) for temperature in TEMPERATURES], axis=1)
    best = int(rows.mean(axis=0).argmin())
    around = np.log(TEMPERATURES[[max(0, best - 1), min(len(TEMPERATURES) - 1, best + 1)]])
    optimum = minimize_scalar(
        lambda power: float(losses(float(np.exp(power))).mean()), bounds=tuple(around), method="bounded"
    )
    drawn = TEMPERATURES[draws.over(lambda weights: (weights @ rows).argmin(axis=1).astype(np.float64)).astype(int)]
    return measure(float(np.exp(optimum.x)), drawn, len(labels))


def _ece(sums: Numbers) -> Numbers:
    """Expected calibration error (d) of sums (d, 3, BINS): weights, weighted probabilities, weighted outcomes."""
    error: Numbers = np.abs(sums[:, 1] - sums[:, 2]).sum(axis=1) / sums[:, 0].sum(axis=1)
    return error


def _share(parts: Numbers, wholes: Numbers) -> Numbers:
    answer: Numbers = np.divide(parts, wholes, out=np.full(parts.shape, np.nan), where=wholes > 0)
    return answer
