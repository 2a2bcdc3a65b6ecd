"""Quantity: an amount of a resource (`100m`, `1.5Gi`, `2e3`), exact, compared by value, printed canonically.

Nothing finer than a nano-unit exists: smaller amounts are rounded away from zero when read, so that who
asks for something gets something. That makes one integer, the number of nano-units, the whole value.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import msgspec

Format = Literal["DecimalSI", "BinarySI", "DecimalExponent"]

NANO, MICRO, MILLI = -9, -6, -3  # scales: powers of ten

SPLIT = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
FORMAT_WRONG = f"quantities must match the regular expression '{SPLIT}'"
NUMERIC_WRONG = "unable to parse numeric part of quantity"
SUFFIX_WRONG = "unable to parse quantity's suffix"

DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}

_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in DECIMAL.items()}
_BINARY_SUFFIX = ("", *BINARY)
_PARTS = re.compile(r"[+-]?0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_UNIT = 10**9
_LARGEST_BINARY = (2**63 - 1) * _UNIT
_LONGEST = 1000  # digits, and power of ten: far beyond any machine, and cheap to refuse


class QuantityError(ValueError):
    """The text is not a quantity."""


class Quantity(msgspec.Struct, frozen=True, eq=False, gc=False):
    """An exact amount. Equality, order and hash go by value; `format` decides how it is printed."""

    nanos: int = 0
    format: Format = "DecimalSI"
    text: str = ""  # as written, where that is already how it is printed

    def __str__(self) -> str:
        return self.text or canonical_text(self.nanos, self.format)

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"

    def __bool__(self) -> bool:
        return self.nanos != 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nanos == other.nanos

    def __lt__(self, other: Quantity) -> bool:
        return self.nanos < other.nanos

    def __le__(self, other: Quantity) -> bool:
        return self.nanos <= other.nanos

    def __gt__(self, other: Quantity) -> bool:
        return self.nanos > other.nanos

    def __ge__(self, other: Quantity) -> bool:
        return self.nanos >= other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos + other.nanos, self._format_with(other))

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos - other.nanos, self._format_with(other))

    def __mul__(self, factor: int) -> Quantity:
        return Quantity(self.nanos * factor, self.format)

    def __neg__(self) -> Quantity:
        return Quantity(-self.nanos, self.format)

    def _format_with(self, other: Quantity) -> Format:
        """A zero has no format of its own: it takes that of what is added to it."""
        return self.format if self.nanos else other.format

    @property
    def value(self) -> int:
        """Whole units, rounded away from zero."""
        return _divided(self.nanos, _UNIT)

    @property
    def milli(self) -> int:
        """Thousandths, rounded away from zero."""
        return _divided(self.nanos, 10**6)

    @property
    def approximate(self) -> float:
        return self.nanos / _UNIT

    def rounded_up(self, scale: int = MILLI) -> Quantity:
        """Rounded away from zero to a multiple of 10**scale; itself where it already is one."""
        step = 10 ** (scale - NANO)
        if self.nanos % step == 0:
            return self
        return Quantity(_divided(self.nanos, step) * step, self.format)


ZERO = Quantity(text="0")


def from_value(value: int, format: Format = "DecimalSI") -> Quantity:
    """`value` whole units."""
    return Quantity(value * _UNIT, format)


def from_milli(milli: int, format: Format = "DecimalSI") -> Quantity:
    """`milli` thousandths of a unit."""
    return Quantity(milli * 10**6, format)


def parse(value: str | int | float) -> Quantity:
    """The quantity that a text or a JSON number stands for; QuantityError where it is none."""
    return _parse(value if isinstance(value, str) else repr(value))


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """How the API writes the quantity `text`."""
    return str(parse(text))


@lru_cache(maxsize=8192)
def canonical_milli(text: str) -> str:
    """How the API writes the quantity `text` in a list of resources: rounded up to thousandths."""
    return str(parse(text).rounded_up(MILLI))


@lru_cache(maxsize=8192)
def _parse(text: str) -> Quantity:
    text = text.strip()
    if text == "0":
        return ZERO
    match = _PARTS.fullmatch(text)
    if match is None or not text:
        raise QuantityError(FORMAT_WRONG)
    whole, fraction, suffix = match[1] or "0", match[2] or "", match[3]
    if len(whole) + len(fraction) > _LONGEST:
        raise QuantityError(NUMERIC_WRONG)
    digits = whole + fraction
    if suffix in BINARY:
        return _binary(text, digits, len(fraction), BINARY[suffix])
    return _decimal(text, digits, len(fraction), suffix)


def _binary(text: str, digits: str, places: int, power: int) -> Quantity:
    number = int(digits)
    nanos = -(-(number * _UNIT << power) // 10**places)
    nanos = min(nanos, _LARGEST_BINARY)
    format: Format = "DecimalSI" if 0 < nanos < _UNIT else "BinarySI"
    # Upstream keeps the text of a whole number that certainly has no factor 1024 left.
    kept = text if not places and number & 7 and _is_short(digits, power) else ""
    return Quantity(-nanos if text[0] == "-" else nanos, format, kept)


def _is_short(digits: str, power: int) -> bool:
    return 15 - len(digits) - power * 3 // 10 - 1 >= 0


def _decimal(text: str, digits: str, places: int, suffix: str) -> Quantity:
    format: Format = "DecimalSI"
    exponent = DECIMAL.get(suffix)
    if exponent is None:
        format, exponent = "DecimalExponent", _exponent(suffix)
    scale = exponent - places
    number = int(digits)
    nanos = number * 10 ** (scale - NANO) if scale >= NANO else -(-number // 10 ** (NANO - scale))
    # Upstream keeps the text where neither the scale nor trailing zeros call for another suffix.
    keeps = scale >= NANO and scale % 3 == 0 and len(digits) <= 18
    kept = text if keeps and not digits.endswith("000") and digits[0] != "0" else ""
    return Quantity(-nanos if text[0] == "-" else nanos, format, kept)


def _exponent(suffix: str) -> int:
    """The 3 of `e3`."""
    try:
        exponent = int(suffix[1:])
    except ValueError:
        exponent = None
    if exponent is None or suffix[0] not in "eE" or abs(exponent) > _LONGEST:
        raise QuantityError(SUFFIX_WRONG)
    return exponent


def canonical_text(nanos: int, format: Format) -> str:
    """The shortest exact text in which the number has no fraction, with the largest suffix that allows it."""
    if nanos == 0:
        return "0"
    whole, rest = divmod(nanos, _UNIT)
    if format == "BinarySI" and not rest and not -1024 < whole < 1024:
        return _binary_text(whole)
    return _decimal_text(nanos, format)


def _binary_text(number: int) -> str:
    times = 0
    while number & 1023 == 0 and times < len(_BINARY_SUFFIX) - 1:
        number >>= 10
        times += 1
    return f"{number}{_BINARY_SUFFIX[times]}"


def _decimal_text(nanos: int, format: Format) -> str:
    number, exponent = nanos, NANO
    while number % 1000 == 0:
        number //= 1000
        exponent += 3
    if exponent == 0:
        return str(number)
    if format == "DecimalExponent" or exponent not in _DECIMAL_SUFFIX:
        return f"{number}e{exponent}"
    return f"{number}{_DECIMAL_SUFFIX[exponent]}"


def _divided(number: int, by: int) -> int:
    """Division that rounds away from zero."""
    return -(-number // by) if number > 0 else number // by
