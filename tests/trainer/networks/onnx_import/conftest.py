"""Most tests here parse in their own process: starting another takes longer than everything else that they do."""

from types import ModuleType

import pytest

from trainer.networks.onnx_import import onnx_file


@pytest.fixture(autouse=True)
def parsed_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `read_model` parse here, except for tests that ask for `parsed_apart`."""
    if "parsed_apart" not in request.fixturenames:

        def answer(reader: ModuleType, content: bytes, patience: float, *words: str) -> bytes:
            return b"".join(reader.answer(content))

        monkeypatch.setattr(onnx_file, "printed_apart", answer)


@pytest.fixture
def parsed_apart() -> None:
    """As people's files are parsed: in a process apart."""
