"""What a network answers on stored pictures, in float32 and with flat memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from trainer.devices.arithmetic import computing
from trainer.devices.memory import out_of_memory, release
from trainer.files.errors import UserError
from trainer.files.progress import OnStep, no_step
from trainer.networks.input_spec import InputSpec

if TYPE_CHECKING:
    from trainer.cohort.cohort import Cohort


View: TypeAlias = tuple[bool, bool, bool]
"""Whether the input is mirrored left to right, then top to bottom, then transposed."""

VIEWS: tuple[View, ...] = tuple(
    (mirrored, upside_down, transposed)
    for transposed in (False, True)
    for upside_down in (False, True)
    for mirrored in (False, True)
)
"""The eight symmetries of a square: the picture itself, mirror images, and with the last four the quarter turns."""

Pictures: TypeAlias = "npt.NDArray[np.uint8] | tuple[Cohort, npt.NDArray[np.intp]]"
"""Pictures (N, H, W, 3) uint8, or a cohort and the positions of N of its pictures, which stay on the disk."""


def logits_of(
    module: nn.Module,
    pictures: Pictures,
    input_spec: InputSpec,
    device: torch.device,
    *,
    batch: int = 64,
    view: View = (False, False, False),
    on_step: OnStep = no_step,
) -> npt.NDArray[np.float32]:
    """Logits (N, classes) of pictures (N, H, W, 3) uint8, or of a cohort's pictures at N positions.

    Every picture becomes the very input that `InputSpec.prepare` makes of it, seen as `view` says. The next batch is
    read while one is computed; where the device's memory is too small for a batch, it is halved. UserError where an
    answer is not a number.
    """
    total = len(pictures[1]) if isinstance(pictures, tuple) else len(pictures)
    module_was_training = module.training
    module.eval()
    answers: list[npt.NDArray[np.float32]] = []
    try:
        with computing(device), torch.inference_mode(), torch.autocast(device.type, enabled=False):
            done = 0
            for crops in _batches(pictures, input_spec, batch):
                answers += _answers(module, _seen(crops, view), input_spec, device)
                done += len(crops)
                on_step(done, total)
    finally:
        module.train(module_was_training)
    logits = np.concatenate(answers) if answers else np.empty((0, 0), np.float32)
    if not np.isfinite(logits).all():
        wrong = int((~np.isfinite(logits).all(axis=1)).sum())
        raise UserError(
            f"The network's answer is not a number on {wrong:,} of {total:,} pictures; its weights are broken, "
            "take an earlier checkpoint."
        )
    return logits


def _seen(crops: npt.NDArray[np.uint8], view: View) -> npt.NDArray[np.uint8]:
    """The crops (n, h, w, channels) in another view."""
    mirrored, upside_down, transposed = view
    turned = crops[:, :: -1 if upside_down else 1, :: -1 if mirrored else 1]
    return np.ascontiguousarray(turned.swapaxes(1, 2) if transposed else turned)


def _answers(
    module: nn.Module, crops: npt.NDArray[np.uint8], input_spec: InputSpec, device: torch.device
) -> list[npt.NDArray[np.float32]]:
    """Logits of one batch, in pieces where the device's memory asks for it."""
    try:
        return [module(_normalised(crops, input_spec, device)).float().cpu().numpy()]
    except RuntimeError as error:
        if len(crops) == 1 or not out_of_memory(error):
            raise
    # Outside of `except`, because the exception holds the frames and with them the memory.
    release(device)
    half = len(crops) // 2
    parts = crops[:half], crops[half:]
    return [answer for part in parts for answer in _answers(module, part, input_spec, device)]


def _normalised(crops: npt.NDArray[np.uint8], input_spec: InputSpec, device: torch.device) -> torch.Tensor:
    """The network's input (n, channels, h, w) of crops (n, h, w, channels); bytes travel, floats are made there."""
    values = torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float().div_(255)
    if input_spec.mean == (0.0,) * input_spec.channels and input_spec.std == (1.0,) * input_spec.channels:
        return values
    mean, std = (torch.tensor(channels, device=device).view(-1, 1, 1) for channels in (input_spec.mean, input_spec.std))
    return (values - mean) / std


def _batches(pictures: Pictures, input_spec: InputSpec, batch: int) -> Iterator[npt.NDArray[np.uint8]]:
    """What the network sees of the pictures, (n, h, w, channels) uint8 a batch, read one batch ahead."""

    spec = stored_spec(input_spec, pictures[0]) if isinstance(pictures, tuple) else input_spec

    def read(start: int) -> npt.NDArray[np.uint8]:
        if isinstance(pictures, tuple):
            cohort, positions = pictures
            return _crops(cohort.pictures(positions[start : start + batch]), spec)
        return _crops(pictures[start : start + batch], input_spec)

    total = len(pictures[1]) if isinstance(pictures, tuple) else len(pictures)
    starts = range(0, total, batch)
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(read, 0) if total else None
        for start in starts:
            assert coming is not None
            ready = coming.result()
            coming = reader.submit(read, start + batch) if start + batch < total else None
            yield ready


def stored_spec(input_spec: InputSpec, cohort: "Cohort") -> InputSpec:
    """How a cohort's stored pictures become the input of a network; UserError where its field of view is another."""
    if input_spec.field_of_view == cohort.field_of_view:
        return input_spec.of_surround
    sees = f"--field-of-view {input_spec.field_of_view:g}" if input_spec.field_of_view else "no --field-of-view"
    raise UserError(
        f"The network sees pictures as prepare cuts them with {sees}, and {cohort.path.name} was prepared with "
        f"{f'{cohort.field_of_view:g}' if cohort.field_of_view else 'none'}; prepare another cohort with {sees}."
    )


def _crops(stored: npt.NDArray[np.uint8], input_spec: InputSpec) -> npt.NDArray[np.uint8]:
    """`InputSpec.crop` of every picture (n, H, W, 3); one slice where nothing has to be resized or padded."""
    height, width = stored.shape[1:3]
    box = input_spec.frame(height, width)
    plain = input_spec.channels == 3 and not input_spec.preprocesses and not input_spec.field_of_view
    if plain and input_spec.resized(height, width) == (height, width) and min(box[:2]) >= 0:
        top, left = int(box.top), int(box.left)
        return np.ascontiguousarray(stored[:, top : top + input_spec.size[0], left : left + input_spec.size[1]])
    return np.stack([input_spec.crop(picture) for picture in stored])
