"""No command writes over what it reads."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from trainer.files.errors import UserError
from trainer.pictures.file_names import ENDINGS

OUTPUTS = ("out", "csv", "figure", "examples")
"""The arguments that name what a command writes; every other path is one that it reads."""


def keep_inputs(arguments: Mapping[str, object]) -> None:
    """UserError where a file that is to be written is one of those that are read, whatever it is called there.

    `arguments` are a command's, by their names. A file within a folder that is read counts as read where it is there.
    Without `--force` a command that has it replaces nothing, and says so itself.
    """
    if arguments.get("force") is False:
        return
    read = {name: list(_paths(value)) for name, value in arguments.items() if name not in OUTPUTS}
    for output in (path for name in OUTPUTS for path in _paths(arguments.get(name))):
        if not output.is_file():
            continue
        for name, paths in read.items():
            for path in paths:
                if path.exists() and path.samefile(output):
                    itself = "the network itself" if name == "model" else "what is read"
                    raise UserError(
                        f"{output} is {itself} (--{name.replace('_', '-')}): it would be written over. Choose another "
                        "name for what is to be written."
                    )
                if name == "images" and path.is_dir() and _is_picture_of(output, path):
                    raise UserError(
                        f"{output} lies among the pictures that are read ({path}): it would be written over. Choose "
                        "another name for what is to be written."
                    )


def _paths(value: object) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, list | tuple):
        yield from (path for path in value if isinstance(path, Path))


def _is_picture_of(file: Path, folder: Path) -> bool:
    return file.suffix.lower().lstrip(".") in ENDINGS and file.resolve().is_relative_to(folder.resolve())
