"""Rows of numbers: bit for bit what Python reads, whatever the spelling, and every odd line asked about."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist.formats.number_rows import parse_rows


def refuse(number: int, line: bytes) -> list[float]:
    raise AssertionError(f"line {number} is not plain: {line!r}")


def bits(value: float) -> bytes:
    return struct.pack("d", value)


def test_lines_blanks_and_ends() -> None:
    text = b"1 2\n\n  3\t-4.5 \r\n \r\n+.5 6."
    assert parse_rows(text, 2, refuse).tolist() == [[1, 2], [3, -4.5], [0.5, 6]]
    assert parse_rows(text + b"\n", 2, refuse).shape == (3, 2)


@pytest.mark.parametrize("text", [b"", b"\n", b" \n\t\r\n"])
def test_nothing_is_no_rows(text: bytes) -> None:
    assert parse_rows(text, 6, refuse).shape == (0, 6)


PLAIN = st.from_regex(r"[+-]?([0-9]{1,8}\.[0-9]{0,7}|[0-9]{1,15}|\.[0-9]{1,15})", fullmatch=True)


@settings(deadline=None)
@given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1))
def test_plain_numbers_are_the_very_ones_that_python_reads(rows: list[tuple[str, str]]) -> None:
    text = "\n".join(" ".join(row) for row in rows).encode()
    values = parse_rows(text, 2, refuse)
    assert [[bits(value) for value in row] for row in values] == [
        [bits(float(word)) for word in row] for row in rows
    ]


@pytest.mark.parametrize(
    "odd",
    [
        "1",
        "1 2 3",
        "1e3 2",
        "1 nan",
        "1 -",
        "1 .",
        "1 1.2.3",
        "1 2,5",
        "1 2-3",
        "1\x002",
        "1 1_0",
        "1 " + "7" * 16,
    ],
)
def test_odd_lines_are_asked_about_with_their_number(odd: str) -> None:
    asked = []

    def mend(number: int, line: bytes) -> list[float]:
        asked.append((number, line))
        return [8, 9]

    text = f"1 2\n\n{odd}\n3 4\n{odd}".encode()
    assert parse_rows(text, 2, mend).tolist() == [[1, 2], [8, 9], [3, 4], [8, 9]]
    assert asked == [(3, odd.encode()), (5, odd.encode())]


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_are_rows_or_odd_lines(text: bytes) -> None:
    odd = []

    def mend(number: int, line: bytes) -> list[float]:
        odd.append(number)
        assert text.split(b"\n")[number - 1] == line
        return [0, 0, 0]

    rows = parse_rows(text, 3, mend)
    blank = sum(not line.strip(b" \t\r") for line in text.split(b"\n"))
    assert len(rows) == len(text.split(b"\n")) - blank
    assert odd == sorted(set(odd))
