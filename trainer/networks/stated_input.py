"""What a file says of its network's input, applied to what is proposed, and what of it was used."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainer.networks.file_metadata import Said
from trainer.networks.input_spec import InputSpec

_LARGEST_RESIZE = 16384


@dataclass(frozen=True)
class StatedInput:
    """`spec` is None where the file says nothing of use; `used` are the keys whose values are in it.

    `unfit` are the others, each with the reason. `said` and `proposed` tell the sides and the colors of `spec` by where
    they come from, `resizing` how pictures are brought to its size.
    """

    spec: InputSpec | None
    used: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()
    resizing: str = ""

    def sentence(self, file: str) -> str:
        """What is shown about it, "" where the file says nothing at all."""
        texts = []
        if self.spec is not None:
            texts.append(
                f"The input was taken from {', '.join(self.used)} in {file}: "
                f"{'; '.join(part for part in (', '.join(self.said), self.resizing) if part)}."
            )
            texts += [f"Proposed: {', '.join(self.proposed)}."] if self.proposed else []
        if self.unfit:
            unfit = "; ".join(self.unfit)
            texts.append(f"Not used: {unfit}." if texts else f"{file} says {unfit}: that was not used.")
        return " ".join(texts)


def applied(said: Said, proposal: InputSpec | None, channels: int, *, fixed_size: bool = False) -> StatedInput:
    """The proposal with what the file says; with `fixed_size` the weights fit the size of the proposal alone.

    Where the file does not say how pictures are resized, they are as in the proposal: to the size, or by the same
    share more before the centre is cut out.
    """
    spec = proposal or InputSpec(mean=(0.0,) * channels, std=(1.0,) * channels)
    taken: dict[str, bool] = {}
    why: dict[str, str] = {}
    size = said.size or (() if fixed_size or not said.resize else (said.resize[0], said.resize[-1]))
    if said.size:
        taken["size"] = not fixed_size or said.size == spec.size
        why["size"] = f"{_sides(said.size)}; the weights fit {_sides(spec.size)} alone"
    if size and not fixed_size:
        share = spec.resize_to / min(spec.size)
        resize_to = min(size) if spec.resize == "squash" else round(min(size) * share)
        spec = replace(spec, size=size, resize_to=min(resize_to, _LARGEST_RESIZE))
    if said.resize:
        taken["resize"] = not said.crop_pct and min(said.resize) >= min(spec.size)
        less = f"{_sides(said.resize)}, less than {_sides(spec.size)}"
        why["resize"] = "crop_pct says it too" if said.crop_pct else less
    if said.crop_pct:
        taken["crop_pct"] = True
    if said.mean and said.std:
        fits = taken["mean"] = taken["std"] = len(said.mean) in (1, channels)
        if fits:
            repeated = channels // len(said.mean)
            spec = replace(spec, mean=said.mean * repeated, std=said.std * repeated)
    sources = {name: said.sources.get(name, name) for name in taken}
    unfit = [f"{sources[name]} ({why[name]})" for name in ("size", "resize") if not taken.get(name, True)]
    if said.mean and not taken.get("mean", True):
        values = f"{len(said.mean)} values each for {channels} channel{'s' if channels > 1 else ''}"
        unfit.append(f"{sources['mean']} and {sources['std']} ({values})")
    if not any(taken.values()):
        return StatedInput(None, unfit=tuple(unfit))
    spec = _resized(said, spec)
    sides = _sides(spec.size)
    colors = f"mean {_numbers(spec.mean)}, std {_numbers(spec.std)}"
    is_sized = bool(size) and taken.get("size", True)
    parts = {sides: is_sized, colors: taken.get("mean", False)}
    return StatedInput(
        spec,
        tuple(dict.fromkeys(sources[name] for name, used in taken.items() if used)),
        tuple(unfit),
        tuple(part for part, is_said in parts.items() if is_said),
        tuple(part for part, is_said in parts.items() if not is_said),
        _resizing(said, spec),
    )


def _resized(said: Said, spec: InputSpec) -> InputSpec:
    height, width = spec.size
    if said.crop_pct:
        return replace(spec, resize="shortest", resize_to=math.floor(min(spec.size) / said.crop_pct))
    if not said.resize or min(said.resize) < min(spec.size):
        return spec
    whole = len(said.resize) == 2 and said.resize[0] * width == said.resize[1] * height
    return replace(spec, resize="squash" if whole else "shortest", resize_to=min(said.resize))


def _resizing(said: Said, spec: InputSpec) -> str:
    """How pictures are resized to the input `spec`, as the end of a text on what the file says."""
    text = _way(said, spec)
    if said.interpolation not in ("", "bilinear", "random"):
        text += f". They are resized bilinearly, not {said.interpolation} as the file says"
    return text


def _way(said: Said, spec: InputSpec) -> str:
    if not (said.crop_pct or (said.resize and min(said.resize) >= min(spec.size))):
        return "how pictures are resized the file does not say"
    if spec.resize == "squash":
        return f"the whole picture is resized to {' x '.join(map(str, said.resize))} first"
    text = f"the shorter side is resized to {spec.resize_to} first"
    if len(said.resize) == 2 and not said.crop_pct:
        text += (
            f" (the file says {said.resize[0]} x {said.resize[1]}, which is the same for pictures of these proportions "
            "only)"
        )
    return text


def _sides(sides: Sequence[int]) -> str:
    return " x ".join(map(str, sides))


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
