"""What the weights of a straight line leave open, and how that is written: activation, padding, pools, ending."""

from dataclasses import dataclass
from typing import Any

from trainer.networks.candidate import OpeningQuestion

NAME = "straight-line"
ACTIVATIONS = ("relu", "leaky", "elu", "gelu", "silu", "tanh", "sigmoid", "none")
POOLS = {"max2": (2, 2), "avg2": (2, 2), "max3": (3, 2)}
"""Kinds of pools: side and step."""
ENDINGS = ("flatten", "average")
"""How maps become values: all of them, or the average of each map (to as many places as the next layer takes)."""
NORMS = {"first": "", "last": "each norm behind its activation", "pool": "each norm behind its pool"}
"""Where a norm stands in its block: directly behind the convolution, behind the activation, behind the pool."""
_FORM = f"{NAME}:relu:same:max2@1,3:flatten:224"


@dataclass(frozen=True)
class Arrangement:
    """One answer to everything that shapes leave open.

    `same`: convolutions keep the size (padding of half a kernel), else they have no padding. `pool` is a key of
    `POOLS`, after the convolutions numbered in `pooled` (from 0). `strides` are those of the convolutions that have
    another one than 1: (number, stride). `ending` is one of `ENDINGS`. `side` is that of the pictures, in pixels.
    `norm` is a key of `NORMS`, for norms whose place no number tells.
    """

    activation: str = "relu"
    same: bool = True
    pool: str = "max2"
    pooled: tuple[int, ...] = ()
    strides: tuple[tuple[int, int], ...] = ()
    ending: str = "flatten"
    side: int = 224
    norm: str = "first"

    @property
    def text(self) -> str:
        """As `--architecture` takes it: straight-line:relu:same:max2@0,1:flatten:224."""
        pool = f"{self.pool}@{','.join(map(str, self.pooled))}" if self.pooled else "nopool"
        strides = [f"stride{stride}@{number}" for number, stride in self.strides]
        padding = "same" if self.same else "nopadding"
        norm = [f"norm{self.norm}"] if self.norm != "first" else []
        return ":".join([NAME, self.activation, padding, pool, *strides, *norm, self.ending, str(self.side)])

    @property
    def last_named(self) -> int:
        """The highest number of a convolution that a pool follows or that has a stride; -1 where none has."""
        return max((*self.pooled, *(number for number, _ in self.strides)), default=-1)

    @classmethod
    def parse(cls, text: str) -> "Arrangement":
        """The arrangement that `text` writes; OpeningQuestion with an example for anything else."""
        name, *words = text.split(":")
        settings: dict[str, Any] = {}
        try:
            if name != NAME:
                raise ValueError(name)
            for word in words:
                added = _settings(word)
                strides = (*settings.get("strides", ()), *added.pop("strides", ()))
                if added.keys() & settings.keys() or len(dict(strides)) < len(strides):
                    raise ValueError(f'"{word[:20]}" is the second of its kind')
                settings |= added | ({"strides": strides} if strides else {})
        except ValueError as error:
            raise OpeningQuestion(
                f'"{text[:80]}" arranges no straight line ({error}); write it as {_FORM}: an activation '
                f"({', '.join(ACTIVATIONS)}), same or nopadding, a pool ({', '.join(POOLS)}) and the convolutions that "
                "it follows, counted from 0, or nopool, stride2@0 for each convolution of stride 2, normlast or "
                "normpool for norms behind the activation or the pool, an ending "
                f"({', '.join(ENDINGS)}), the pictures' side.",
                "architecture",
                (_FORM,),
            ) from error
        return cls(**settings)

    def described(self, convolutions: int, own_slopes: int = 0) -> str:
        """In words: "3 convolutions, ReLU, a 2 x 2 pool after each, 224 x 224".

        `own_slopes` is the number of layers behind which the file has the slopes of a PReLU.
        """
        names = {"relu": "ReLU", "leaky": "leaky ReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU"}
        pool = {"max2": "2 x 2 pool", "avg2": "2 x 2 average pool", "max3": "3 x 3 pool of step 2"}[self.pool]
        if not self.pooled:
            pools = "no pool"
        elif len(self.pooled) == convolutions:
            pools = f"a {pool} after each" if convolutions > 1 else f"a {pool}"
        else:
            pools = f"a {pool} after {_listed([number + 1 for number in self.pooled])}"
        activation = names.get(self.activation, self.activation) if self.activation != "none" else "no activation"
        if own_slopes:
            activation = "PReLU" if own_slopes >= convolutions else f"PReLU where it has slopes, else {activation}"
        parts = [
            f"{convolutions} convolution{'s' * (convolutions != 1)} {'with' if self.same else 'without'} padding",
            activation,
            pools,
            *(f"stride {stride} in number {number + 1}" for number, stride in self.strides),
        ]
        if NORMS[self.norm]:
            parts.append(NORMS[self.norm])
        if self.ending == "average":
            parts.append("the average of each map")
        return f"{', '.join(parts)}, {self.side} x {self.side}"


def _listed(numbers: list[int]) -> str:
    words = [f"number {numbers[0]}", *map(str, numbers[1:])]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _settings(word: str) -> dict[str, Any]:
    """The fields that one word of an arrangement's text sets; ValueError for words that say nothing."""
    kind, at, numbers = word.partition("@")
    if word in ACTIVATIONS:
        return {"activation": word}
    if word in ("same", "nopadding"):
        return {"same": word == "same"}
    if word == "nopool":
        return {"pooled": ()}
    if kind in POOLS and at:
        return {"pool": kind, "pooled": tuple(sorted({_number(part, word) for part in numbers.split(",")}))}
    if kind.startswith("stride") and at and (stride := _number(kind.removeprefix("stride"), word)):
        return {"strides": ((_number(numbers, word), stride),)}
    if word.startswith("norm") and word.removeprefix("norm") in NORMS:
        return {"norm": word.removeprefix("norm")}
    if word in ENDINGS:
        return {"ending": word}
    if 8 <= _number(word, word) <= 1024:
        return {"side": int(word)}
    raise ValueError(_no_part(word))


def _number(text: str, word: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 5):
        raise ValueError(_no_part(word))
    return int(text)


def _no_part(word: str) -> str:
    return f'"{word[:20]}" is no part of it'
