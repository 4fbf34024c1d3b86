"""The one exception that users meet: what is wrong, where, and what to do about it."""


class TwistError(Exception):
    """Bad input, settings or state. The message names the file, line, scene or setting, and the way out.

    The command line prints it as one line and exits with 1; anything else that escapes is a defect.
    """
