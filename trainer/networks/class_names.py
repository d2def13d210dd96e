"""What the outputs of a network are called."""

from collections.abc import Sequence

from trainer.networks import torchvision_catalog as tv
from trainer.networks.candidate import OpeningQuestion


def class_names(
    architecture: str,
    outputs: int,
    given: Sequence[str] | None,
    recorded: Sequence[Sequence[str]],
    *,
    unusable: bool = False,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a network's classes, and sentences about what was proposed.

    `given` by the person wins, then the first of `recorded` (by the file or the code) with a name for each output, then
    ImageNet's for 1000 outputs of a known architecture, then plain names. One output may stand for the second of two
    classes, and does so where nobody named any. `unusable` where the file holds names that could not be used, which is
    said elsewhere. OpeningQuestion where `given` has another number.
    """
    counts = (1, 2) if outputs == 1 else (outputs,)
    if given is not None:
        if len(given) not in counts:
            raise OpeningQuestion(
                f"{len(given)} classes were named, but the network has {outputs} outputs; name as many "
                '(--classes a,b; a name with a comma stands in quotation marks: "a, b",c).'
                if outputs
                else "Classes were named, but the network was opened without class scores; leave --classes out.",
                "classes",
            )
        return tuple(given), alone(tuple(given)) if outputs == 1 else ()
    if not outputs:
        return (), ()
    unused = next((names for names in recorded if names and len(names) not in counts), ())
    aside = (f"{len(unused)} class names were found and not used: the network has {outputs} outputs.",)
    assumed = aside if unused else ()
    for names in recorded:
        if len(names) in counts:
            return tuple(names), (*assumed, *(alone(tuple(names)) if outputs == 1 else ()))
    unnamed = f"The file {'has no names that could be used for' if unusable else 'does not name'} its classes"
    if outputs == 1000 and (architecture in tv.table() or architecture.startswith("timm/")):
        text = f"{unnamed}: proposed ImageNet's 1000 categories (--classes)."
        return tv.imagenet(), (*assumed, text)
    names = plain_names(outputs)
    text = f'{unnamed} ({outputs} outputs): proposed "class 0" to "{names[-1]}" (--classes).'
    if outputs == 1:
        text = (
            'The network has one output and names no class: it was taken for "positive", and what is left for '
            '"negative" (--classes NEGATIVE,POSITIVE names them).'
        )
    return names, (*assumed, text)


def plain_names(outputs: int) -> tuple[str, ...]:
    """The names that stand where nobody named a class."""
    return ("negative", "positive") if outputs == 1 else tuple(f"class {number}" for number in range(outputs))


def are_plain(names: Sequence[str]) -> bool:
    """Whether these are names that stand where nobody named a class."""
    return bool(names) and tuple(names) in (plain_names(1), plain_names(len(names)))


def alone(names: tuple[str, ...]) -> tuple[str, ...]:
    """A sentence on what the one output of a network was taken for."""
    if len(names) == 2:
        return (
            f'The network has one output and two class names: it was taken for "{names[1]}", the second of them, and '
            f'what is left for "{names[0]}" (--classes in the other order for the other reading).',
        )
    return (f'The network has one output, which was taken for "{names[0]}" against everything else.',)
