"""Rows of decimal numbers in a text, at the speed of the disk and exact to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit

_TAB, _NEWLINE, _RETURN, _SPACE, _PLUS, _MINUS, _DOT, _ZERO = b"\t\n\r +-.0"
#: A number of up to 15 digits and a power of ten up to 10^22 are exact float64, so that their quotient is
#: rounded once: the very value that ``float`` gives.
_DIGITS = 15
_POWERS = 10.0 ** np.arange(_DIGITS + 1)


def parse_rows(text: bytes, columns: int, mend: Callable[[int, bytes], Sequence[float]]) -> np.ndarray:
    """The numbers of all lines that are not blank, (rows, columns) float64.

    mend: is given the number (from 1) and the bytes of each line that is not ``columns`` plain decimal
    numbers of up to 15 digits between blanks; returns its numbers or raises.
    """
    data = np.frombuffer(text, np.uint8)
    values = np.empty((text.count(b"\n") + 1, columns))
    at, line, row = 0, 1, 0
    while True:
        at, line, row, end = _parse(data, at, line, row, values)
        if end < 0:
            return values[:row]
        values[row] = mend(line, text[at:end])
        at, line, row = end + 1, line + 1, row + 1


@njit(cache=True)
def _parse(text: np.ndarray, at: int, line: int, row: int, values: np.ndarray) -> tuple[int, int, int, int]:
    """Fill rows of ``values`` from the line at ``at`` on, up to a line that is not plain.

    Returns start, number and row of that line, and its end; the end is -1 where all lines were plain.
    """
    columns = values.shape[1]
    while at < len(text):
        start, column, plain = at, 0, True
        while at < len(text) and text[at] != _NEWLINE:
            if _is_blank(text[at]):
                at += 1
                continue
            plain = plain and column < columns
            if plain:
                value, after = _number(text, at)
                plain = after > at
            if plain:
                values[row, column] = value
                column += 1
                at = after
            else:
                at += 1
        if not plain or 0 < column < columns:
            return start, line, row, at
        row += column == columns
        line += 1
        at += 1
    return at, line, row, -1


@njit(cache=True, inline="always")
def _is_blank(byte: int) -> bool:
    return byte in (_SPACE, _TAB, _RETURN)


@njit(cache=True)
def _number(text: np.ndarray, at: int) -> tuple[float, int]:
    """A plain decimal number and the place behind it; the place is 0 where there is none."""
    negative = text[at] == _MINUS
    if negative or text[at] == _PLUS:
        at += 1
    digits, mantissa, decimals, fraction = 0, 0, 0, False
    while at < len(text):
        digit = np.int64(text[at]) - _ZERO
        if 0 <= digit <= 9:
            mantissa = 10 * mantissa + digit
            digits += 1
            decimals += fraction
        elif text[at] == _DOT and not fraction:
            fraction = True
        else:
            break
        at += 1
    ended = at == len(text) or text[at] == _NEWLINE or _is_blank(text[at])
    if not ended or not 0 < digits <= _DIGITS:
        return 0.0, 0
    value = mantissa / _POWERS[decimals]
    return (-value if negative else value), at
