"""Functions compiled for a device by torch.compile, and what a person is told where nothing can compile them."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

from trainer.files.errors import UserError

Given = ParamSpec("Given")
Found = TypeVar("Found")


def compiled(work: Callable[Given, Found]) -> Callable[Given, Found]:
    """The same function, compiled at its first call and again for every new shape of what it is given.

    The first call takes tens of seconds. UserError where there is no compiler (a GPU needs Triton, a processor g++).
    """
    quick: Callable[Given, Found] = torch.compile(work, dynamic=False)

    def call(*given: Given.args, **named: Given.kwargs) -> Found:
        try:
            return quick(*given, **named)
        except torch._dynamo.exc.TorchDynamoException as error:
            first = str(error).strip().partition("\n")[0]
            raise UserError(f"The step cannot be compiled here ({first[:120]}); train without --compile.") from error

    return call
