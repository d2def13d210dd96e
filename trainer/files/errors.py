"""The one exception whose text is written for the person in front of the program."""


class UserError(Exception):
    """What happened, to which file, and what to do; fit to be shown as it stands."""
