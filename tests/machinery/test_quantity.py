import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.quantity import (
    BINARY,
    DECIMAL,
    FORMAT_WRONG,
    MICRO,
    NUMERIC_WRONG,
    SUFFIX_WRONG,
    Quantity,
    QuantityError,
    canonical,
    canonical_milli,
    from_milli,
    from_value,
    parse,
)

numbers = st.integers(-(10**9), 10**9)
suffixes = st.sampled_from([*DECIMAL, *BINARY, "e3", "E-3", "e0", "e+6"])
texts = st.builds(lambda number, suffix: f"{number}{suffix}", numbers, suffixes)
decimals = st.builds(
    lambda whole, fraction, suffix: f"{whole}.{fraction}{suffix}", numbers, st.integers(0, 999), suffixes
)


def exact(text: str) -> Fraction:
    """What a text means, the slow way."""
    suffix = re.sub(r"^[-+]?[0-9.]*", "", text)
    number = text[: len(text) - len(suffix)]
    if suffix in BINARY:
        return Fraction(number) * Fraction(1 << BINARY[suffix])
    exponent: int = DECIMAL[suffix] if suffix in DECIMAL else int(suffix[1:])
    power = Fraction(f"1e{abs(exponent)}")
    return Fraction(number) * power if exponent >= 0 else Fraction(number) / power


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("0", "0"),
        ("0Ki", "0"),
        ("000", "0"),
        ("-0", "0"),
        ("1", "1"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.1", "100m"),
        ("1.5", "1500m"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("10000k", "10M"),
        ("100k", "100k"),
        ("1024Mi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("0.5Mi", "512Ki"),
        ("1Ei", "1Ei"),
        ("100Ei", "9223372036854775807"),
        ("1000E", "1e21"),
        ("12e6", "12e6"),
        ("1e3", "1e3"),
        ("1000e3", "1e6"),
        ("100e-3", "100e-3"),
        ("1E3", "1E3"),
        ("1E", "1E"),
        ("1n", "1n"),
        ("0.1n", "1n"),
        ("-0.1n", "-1n"),
        ("1u", "1u"),
        ("-1Ki", "-1Ki"),
        ("-1500m", "-1500m"),
        ("1.", "1."),  # upstream keeps these texts as written
        (".5", "500m"),
        ("1.500", "1.500"),
        ("+1", "+1"),
        (".", "0"),  # and takes these for zero
        ("m", "0"),
    ],
)
def test_prints_as_upstream_does(text: str, printed: str) -> None:
    assert canonical(text) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", FORMAT_WRONG),
        ("1.1.M", FORMAT_WRONG),
        ("1+1.0M", FORMAT_WRONG),
        ("aoeu", FORMAT_WRONG),
        ("0.1mi", SUFFIX_WRONG),
        ("0.1am", FORMAT_WRONG),
        ("1i", SUFFIX_WRONG),
        ("1K", SUFFIX_WRONG),
        ("-3.01e-", SUFFIX_WRONG),
        ("1 Gi", FORMAT_WRONG),
        ("1e10000000000", SUFFIX_WRONG),
        ("9" * 1001, NUMERIC_WRONG),
        ("１", FORMAT_WRONG),
    ],
)
def test_refuses_with_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("number", "printed"), [(1, "1"), (1000, "1k"), (0.5, "500m"), (2.0, "2"), (0, "0"), (1e-12, "1e-9")]
)
def test_takes_json_numbers(number: float, printed: str) -> None:
    assert str(parse(number)) == printed


@given(texts | decimals)
def test_means_what_the_fraction_means_up_to_a_nano(text: str) -> None:
    meant = abs(exact(text))
    if "i" in text:
        meant = min(meant, Fraction(2**63 - 1))
    assert 0 <= abs(parse(text).nanos) - meant * 10**9 < 1


@given(texts | decimals)
def test_printing_and_reading_keeps_value_and_text(text: str) -> None:
    once = parse(text)
    again = parse(str(once))
    assert again == once
    assert str(again) == str(once)


@given(texts, texts)
def test_orders_by_value(left: str, right: str) -> None:
    assert (parse(left) < parse(right)) == (parse(left).nanos < parse(right).nanos)
    if parse(left) == parse(right):
        assert hash(parse(left)) == hash(parse(right))


@given(texts, texts)
def test_what_is_added_can_be_taken_away(left: str, right: str) -> None:
    assert parse(left) + parse(right) - parse(right) == parse(left)
    assert parse(left) - parse(left) == Quantity()


@given(st.integers(-(10**12), 10**12))
def test_rounds_away_from_zero(nanos: int) -> None:
    quantity = Quantity(nanos)
    for got, unit in ((quantity.value, 10**9), (quantity.milli, 10**6)):
        assert 0 <= abs(got) - Fraction(abs(nanos), unit) < 1
        assert got * nanos >= 0


def test_a_sum_keeps_the_format_of_its_first_part_that_is_not_zero() -> None:
    assert str(parse("1Gi") + parse("1Gi")) == "2Gi"
    assert str(Quantity() + parse("512Mi")) == "512Mi"
    assert str(parse("1Gi") + parse("1")) == "1073741825"
    assert str(parse("100m") * 10) == "1"
    assert str(-parse("100m")) == "-100m"


def test_binary_amounts_below_1024_or_with_a_fraction_print_in_decimal() -> None:
    assert str(from_value(1000, "BinarySI")) == "1k"
    assert str(from_milli(2048500, "BinarySI")) == "2048500m"


def test_resource_lists_are_rounded_up_to_thousandths() -> None:
    assert canonical_milli("1500u") == "2m"
    assert canonical_milli("1n") == "1m"
    assert canonical_milli("1500m") == "1500m"
    assert str(parse("1n").rounded_up(MICRO)) == "1u"


def test_values_for_schedulers_and_runtimes() -> None:
    assert parse("1500m").value == 2
    assert parse("1500m").milli == 1500
    assert parse("128Mi").value == 134217728
    assert parse("1500m").approximate == 1.5
    assert not parse("0")
    assert parse("1") == parse("1000m")
    assert parse("1") != "1"
    assert repr(parse("1024Mi")) == "Quantity('1Gi')"


def test_all_comparisons_go_by_value() -> None:
    small, large = parse("100m"), parse("1")
    assert small < large
    assert small <= large
    assert large > small
    assert large >= parse("1000m")
    assert not large <= small
