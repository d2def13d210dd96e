"""A picture that was read, and what the network sees of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.state.opened.file_state import FileState, state_of

if TYPE_CHECKING:
    from explorer.core.arrays import RGB, RGBA
    from explorer.core.network.opening import Network
    from trainer.networks.input_spec import Box, InputSpec

NO_LESION = "what the network sees (no lesion was found)"
"""Of a network that sees the surround of the lesion, and here the picture as it is."""
READINGS = 3
"""How often a file is read that is written meanwhile."""


@dataclass(frozen=True)
class LoadedPicture:
    """A picture that was read in a state of its file, and what a network with this input sees of it.

    `screen` is what `for_screen` made of it; `crop` (h, w, channels) uint8, `input` and `frame`, the part that the
    network sees, are None without a network. `about_frame` says what else there is to know of that part.
    """

    picture: Path
    state: FileState
    rgb: "RGB"
    screen: "RGBA"
    input: "InputSpec | None"
    crop: "RGB | None"
    frame: "Box | None" = None
    about_frame: str = ""


def load_picture(picture: Path, network: "Network | None", before: LoadedPicture | None) -> LoadedPicture:
    """A picture as its file is now, and what the network sees of it; as far as `before` holds it, from there."""
    from explorer.core.images import for_screen, read_image

    if before is not None and before.picture == picture and state_of(picture) in (before.state, ()):
        rgb, screen, state = before.rgb, before.screen, before.state
    else:
        before = None
        for _ in range(READINGS):
            state = state_of(picture)
            rgb = read_image(picture)
            if state_of(picture) == state:
                break
        screen = for_screen(rgb)
    input = network.input if network is not None else None
    if before is not None and before.input == input:
        return before
    if input is None:
        return LoadedPicture(picture, state, rgb, screen, None, None)
    about = NO_LESION if input.field_of_view and input.surround(rgb) is None else ""
    return LoadedPicture(picture, state, rgb, screen, input, input.crop(rgb), input.frame_of(rgb), about)
