"""Weights of ImageNet by the name of a network: whether there are any, what they expect, and how they are fetched."""

import contextlib
from typing import Any

from trainer.files.errors import UserError
from trainer.networks.architectures import ARCHITECTURES, AUXILIARY
from trainer.networks.matching import Tensors
from trainer.networks.timm_catalog import library
from trainer.networks.torch_file import brief

Triple = tuple[float, float, float]
_HALF = (0.5, 0.5, 0.5)


def check_offered(architecture: str) -> None:
    """UserError where nobody offers weights of ImageNet for this network; nothing is fetched."""
    if architecture.startswith("timm/"):
        name = architecture.removeprefix("timm/")
        _timm_configuration(name)
    elif architecture in ARCHITECTURES:
        raise UserError(f"There are no ImageNet weights of {architecture}; leave --weights out.")


def imagenet(architecture: str) -> Tensors:
    """torchvision's or timm's weights, from its cache or its server; UserError where there are none or no network."""
    check_offered(architecture)
    if architecture.startswith("timm/"):
        return _of_timm(architecture.removeprefix("timm/"))
    offered = _of_torchvision(architecture)
    try:
        weights: Tensors = offered.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"torchvision's weights of {architecture} could not be downloaded ({error}); download {offered.url} where "
            "there is a network, and give the file to --weights."
        ) from error
    return weights


def normalisation(architecture: str) -> tuple[Triple, Triple] | None:
    """Mean and std that these weights expect of pictures in [0, 1]; None where nobody says so.

    Two of torchvision's bring pictures from ImageNet's mean and std to [-1, 1] themselves (`transform_input`), which is
    left out here, so that they expect the latter.
    """
    if architecture in AUXILIARY:
        return _HALF, _HALF
    if architecture.startswith("timm/"):
        told = _timm_configuration(architecture.removeprefix("timm/"))
    else:
        with contextlib.suppress(ValueError, KeyError):  # no network of this name
            return _triples(_of_torchvision(architecture).transforms())
        return None
    return _triples(told)


def _triples(told: Any) -> tuple[Triple, Triple] | None:
    mean, std = (tuple(map(float, getattr(told, name, None) or ())) for name in ("mean", "std"))
    return (mean, std) if len(mean) == len(std) == 3 else None


def _of_torchvision(architecture: str) -> Any:
    from torchvision.models import get_model_weights

    return get_model_weights(architecture).DEFAULT


def _timm_configuration(name: str) -> Any:
    """What timm tells of its weights; None where it tells nothing, UserError where it has none."""
    configuration = library(name).get_pretrained_cfg(name)
    if configuration is not None and not configuration.has_weights:
        raise UserError(f"timm has no weights of {name}; leave --weights imagenet out, or give a file to --weights.")
    return configuration


def _of_timm(name: str) -> Tensors:
    configuration = _timm_configuration(name)
    try:
        weights: Tensors = library(name).create_model(name, pretrained=True).state_dict()
    except Exception as error:  # the hub's errors are of many kinds
        raise UserError(
            f"timm's weights of {name} could not be downloaded ({brief(error)}); download {_address(configuration)} "
            "where there is a network, and give the file to --weights."
        ) from error
    return weights


def _address(configuration: Any) -> str:
    """Where a person finds the weights that a configuration of timm's tells of."""
    hub = configuration.hf_hub_id if configuration is not None else ""
    if hub:
        return f"https://huggingface.co/{hub}/resolve/main/{configuration.hf_hub_filename or 'model.safetensors'}"
    return str((configuration is not None and configuration.url) or "them")
