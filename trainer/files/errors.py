"""The one exception whose text is written for the person in front of the program."""

from trainer.files.printing import printable

LONGEST_SENTENCE = 20_000


class UserError(Exception):
    """What happened, to which file, and what to do; fit to be shown as it stands.

    One line, whatever the names of files, tensors and columns hold that are quoted in it (`printable`).
    """

    def __init__(self, sentence: object) -> None:
        super().__init__(printable(" ".join(str(sentence).splitlines()), LONGEST_SENTENCE))
