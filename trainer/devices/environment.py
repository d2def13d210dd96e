"""What a result depends on besides its settings: the device and the versions."""

import platform
from importlib.metadata import PackageNotFoundError, version

import torch

PACKAGES = ("feature-map-explorer", "torch", "torchvision", "numpy", "scikit-learn", "pillow")


def device_name(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)"


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that a result depends on."""
    installed = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:  # run from a folder that was never installed
            continue
    return {**installed, "torch": str(torch.__version__)}  # with its build, which decides what it can do
