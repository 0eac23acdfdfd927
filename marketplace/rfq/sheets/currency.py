"""The currency in the workbook of a bid, where the RFQ takes several: it is chosen once."""

from xlsxwriter.utility import quote_sheetname, xl_rowcol_to_cell

from marketplace.core.money import exponent
from marketplace.core.text import Text, _
from marketplace.rfq.sheets import layout
from marketplace.rfq.terms.asked import Terms


def is_chosen(terms: Terms) -> bool:
    """Whether there is something to choose."""
    return bool(terms.rates)


def places(terms: Terms) -> str:
    """How many decimals a line total has, for a formula: by what is chosen in the second sheet."""
    usual = exponent(terms.currency)
    cell = xl_rowcol_to_cell(1, layout.WHOLE_INDEX["answer"], row_abs=True, col_abs=True)
    chosen = f"{quote_sheetname(str(layout.WHOLE_SHEET))}!{cell}"
    found = str(usual)
    for count in sorted({exponent(each) for each in terms.currencies} - {usual}):
        named = (each for each in terms.currencies if exponent(each) == count)
        tests = ",".join(f'{chosen}="{each}"' for each in named)
        found = f"IF(OR({tests}),{count},{found})"
    return found


def number_format(terms: Terms) -> str:
    """How totals are written; currencies with different places share what fits them all."""
    counts = {exponent(each) for each in terms.currencies}
    if len(counts) > 1:
        return "General"
    count = counts.pop()
    return "0." + "0" * count if count else "0"


def in_currency(terms: Terms, named: Text, plain: Text) -> str:
    """A heading with the one currency of the RFQ, or without where bids choose theirs."""
    return str(plain if is_chosen(terms) else named)


def instruction(terms: Terms) -> Text:
    """What a price is."""
    if is_chosen(terms):
        return _(
            "Choose the currency of the whole bid in the second sheet: %(currencies)s. Give the"
            " price of one unit in it, without VAT, in the yellow cells of the first sheet. Totals"
            " are computed.",
            currencies=", ".join(terms.currencies),
        )
    return _(
        "Give the price of one unit in %(currency)s, without VAT, in the yellow cells of the"
        " first sheet. Totals are computed.",
        currency=terms.currency,
    )
