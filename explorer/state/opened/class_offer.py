"""Names for the classes of a network that names none: those of the open folder's table, where there are as many."""

from typing import TYPE_CHECKING

from explorer.state.opened.library import Library

if TYPE_CHECKING:
    from explorer.core.network.opening import Network


def offered_classes(library: Library) -> tuple[str, ...]:
    """The words of the folder's classes in the order that is proposed for the outputs; () where nothing is to offer.

    By the alphabet, as most programs number classes; of two, the one that the table of diagnoses calls malignant last.
    """
    network, folder, request = library.network, library.folder, library.request
    if network is None or folder is None or folder.labels is None or request is None or request.classes:
        return ()
    if folder.table is None:  # names of folders are no list of classes that anybody wrote down
        return ()
    # A folder often holds some pictures of a dataset, whose table names all of the classes.
    both = sorted(folder.labels.written), sorted(folder.labels.counts)
    return next((_in_order(words) for words in both if _fit(network, words)), ())


def _fit(network: "Network", words: list[str]) -> bool:
    from trainer.networks.class_names import are_plain

    return are_plain(network.classes) and len(words) == len(network.classes)


def _in_order(words: list[str]) -> tuple[str, ...]:
    if len(words) == 2:
        from trainer.pictures.diagnosis_words import MALIGNANT, read_diagnoses, spelling

        meanings = read_diagnoses()
        words = sorted(words, key=lambda word: meanings.get(spelling(word)) == MALIGNANT)
    return tuple(words)
