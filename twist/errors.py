"""The one exception that users meet: what is wrong, where, and what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager


class TwistError(Exception):
    """Bad input, settings or state. The message names the file, line, scene or setting, and the way out.

    The command line prints it as one line and exits with 1; anything else that escapes is a defect.
    """


@contextmanager
def naming(subject: str) -> Iterator[None]:
    """An error inside names the subject, such as ``scene scene0000_00``, unless it does so already.

    Kinds of TwistError are of something else, and pass.
    """
    try:
        yield
    except TwistError as error:
        if type(error) is not TwistError or str(error).startswith(subject):
            raise
        raise TwistError(f"{subject}: {error}") from error
