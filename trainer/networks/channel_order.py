"""Networks that take blue, green and red, as OpenCV reads pictures: their first convolution is turned to take RGB."""

from dataclasses import replace

from trainer.networks.candidate import Blueprint


def taking_rgb(blueprint: Blueprint, why: str) -> Blueprint:
    """The network with its first convolution in the order of RGB, where `why` says that the file's takes BGR.

    Only where one convolution, and nothing else, takes colors; else it is said that the colors are in another order.
    """
    if not why or (blueprint.input is not None and blueprint.input.channels != 3):
        return blueprint
    of_colors = [name for name, tensor in blueprint.tensors.items() if tensor.dim() == 4 and tensor.shape[1] == 3]
    names = [name for name, tensor in blueprint.tensors.items() if tuple(tensor.shape) == (3,)]
    rescales = any(getattr(part, "transform_input", False) for part in blueprint.skeleton().modules())  # Inception's
    if len(of_colors) != 1 or rescales or any(name.endswith("running_mean") for name in names):
        text = (
            f"The file says ({why}) that the network takes blue, green and red in this order; it is shown red, green "
            "and blue, so that its maps and scores are others. Its own class, with x.flip(1) first, opens it as it was "
            "trained (file.py:factory)."
        )
        return replace(blueprint, assumed=(*blueprint.assumed, text))
    (name,) = of_colors
    text = (
        f"The file says ({why}) that the network takes blue, green and red in this order: its first convolution was "
        "turned to take RGB, with its mean and std; its own class opens without that (file.py:factory)."
    )
    turned = {name: blueprint.tensors[name].flip(1).contiguous()}
    return replace(blueprint, tensors={**blueprint.tensors, **turned}, assumed=(*blueprint.assumed, text))


def given_rgb(why: str, channels: int) -> str:
    """What is said where a class of one's own is given RGB though `why` says that the file's network takes BGR."""
    if not why or channels != 3:
        return ""
    return (
        f"The file says ({why}) that the network takes blue, green and red in this order. It is given red, green and "
        "blue, with mean and std in the same order: its forward must turn them itself (x = x.flip(1)), where it does "
        "not yet."
    )
