from decimal import Decimal

import pytest

from marketplace.catalog import rules
from marketplace.core.errors import Invalid
from marketplace.core.money import Money


@pytest.mark.parametrize("sku", ["SKU123", "SKU123 ", "\u00a0sku123", "ＳＫＵ123", "Sku123\u200b"])
def test_codes_that_look_alike_are_one(sku):
    assert rules.sku_key(sku) == "sku123"


def test_leading_zeros_and_punctuation_tell_codes_apart():
    keys = {rules.sku_key(sku) for sku in ("00420", "0420", "420", "004-20")}
    assert len(keys) == 4


@pytest.mark.parametrize("gtin", ["4006381333931", "036000291452", "96385074", "10614141000415"])
def test_gtins_with_their_check_digit_are_taken(gtin):
    assert rules.checked_gtin(gtin) == gtin


@pytest.mark.parametrize("gtin", ["4006381333932", "400638133393", "4,00638E+12", "abc", "123"])
def test_other_gtins_are_refused(gtin):
    with pytest.raises(ValueError, match=r"."):
        rules.checked_gtin(gtin)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("45233130", "45233130"),
        ("45233130-9", "45233130"),
        ("45233130.0", "45233130"),
        ("4523313", None),
        ("x", None),
    ],
)
def test_cpv_codes_are_read_with_and_without_check_digit(text, code):
    assert rules.cpv_code(text) == code


def test_the_category_above_follows_from_the_digits():
    assert rules.parent_of("30197643") == "30197640"
    assert rules.parent_of("30000000") is None


def test_every_reason_is_told_at_once():
    with pytest.raises(Invalid) as refusal:
        rules.check_item(
            {
                "sku": " ",
                "name": "x" * 201,
                "gtin": "123",
                "price": Money(Decimal("1.1234567"), "EUR"),
                "base_quantity": Decimal(0),
            }
        )
    assert [(e.pointer, e.code) for e in refusal.value.errors] == [
        ("/sku", "required"),
        ("/name", "too_long"),
        ("/price", "too_many_decimals"),
        ("/base_quantity", "too_small"),
        ("/gtin", "bad_check_digit"),
    ]


def test_words_are_searched_without_accents_case_and_plural():
    assert rules.searchable("Câbles", None, "U-1000") == "cables u 1000"
    assert rules.words_of("câbles U-1000") == ["cable", "1000", "u"]
