"""Several networks, or several views of each picture, as one answer: the mean of their probabilities."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from trainer.evaluation.inference import VIEWS, Pictures, logits_of
from trainer.files.errors import UserError
from trainer.files.progress import OnStep, no_step
from trainer.measures.prediction import Prediction
from trainer.networks.input_spec import InputSpec

_LEAST = 1e-12


@dataclass(frozen=True)
class Member:
    """A network of an ensemble, and how a picture becomes its input; `classes` in the order of its outputs.

    They may be `independent` of each other, as `Prediction` says. `name` is for messages.
    """

    module: nn.Module
    classes: tuple[str, ...]
    input: InputSpec
    independent: bool = False
    name: str = ""


@dataclass(frozen=True)
class Ensemble:
    """Networks of the same classes, each asked about `views` of every picture: 1, 2, 4 or 8 (`VIEWS`).

    UserError where a network has other classes than the first, or where quarter turns need a square input.
    """

    members: tuple[Member, ...]
    views: int = 1

    def __post_init__(self) -> None:
        for number, member in enumerate(self.members[1:], 2):
            name = member.name or f"Network {number}"
            if set(member.classes) != set(self.classes) or len(member.classes) != len(self.classes):
                theirs, ours = (", ".join(names) for names in (member.classes, self.classes))
                raise UserError(
                    f"{name} has the classes {theirs}, the first {ours}; "
                    "the probabilities of networks of other classes cannot be averaged."
                )
            if member.independent != self.independent:
                raise UserError(
                    f"{name} and the first do not mean the same by their outputs: one compares its classes, "
                    "the other decides each for itself; their probabilities cannot be averaged."
                )
        if self.views > 4 and any(member.input.size[0] != member.input.size[1] for member in self.members):
            raise UserError("Quarter turns need a square input; give --tta 4, which mirrors alone.")

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the first network's outputs."""
        return self.members[0].classes

    @property
    def independent(self) -> bool:
        """Whether each class is decided for itself."""
        return self.members[0].independent

    def logits(
        self, pictures: Pictures, device: torch.device, *, batch: int = 64, on_step: OnStep = no_step
    ) -> npt.NDArray[np.float32]:
        """Logits (N, K) of pictures, as `logits_of` gives them; of several answers those that mean their mean.

        The mean is that of the probabilities over networks and views, each of the same weight, so that softmax gives
        it back, or of independent classes the logistic function.
        """
        passes = [(member, view) for member in self.members for view in VIEWS[: self.views]]
        total = len(pictures[1]) if isinstance(pictures, tuple) else len(pictures)

        def told(number: int) -> OnStep:
            return lambda done, _: on_step((number * total + done) // len(passes), total)

        answers = [
            logits_of(member.module, pictures, member.input, device, batch=batch, view=view, on_step=told(number))[
                :, [member.classes.index(name) for name in self.classes]
            ]
            for number, (member, view) in enumerate(passes)
        ]
        if len(answers) == 1:
            return answers[0]
        mean = np.mean([Prediction(logits, self.independent).probabilities for logits in answers], axis=0)
        if self.independent:
            clipped = np.clip(mean, _LEAST, 1 - _LEAST)
            return np.asarray(np.log(clipped / (1 - clipped)), np.float32)
        return np.asarray(np.log(np.maximum(mean, _LEAST)), np.float32)
