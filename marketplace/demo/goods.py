"""What is bought: the items of the catalogues and who sells them."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Good:
    """An item with its reference price; ``lot`` is a usual quantity of one order.

    peak: months in which twice as much of it is ordered.
    """

    sku: str
    name: str
    category: str
    unit: str
    price: Decimal
    lot: int
    sellers: tuple[str, ...]
    vat: Decimal = Decimal(20)
    gtin: str | None = None
    peak: tuple[int, ...] = ()


def _good(
    sku: str,
    name: str,
    category: str,
    unit: str,
    price: str,
    lot: int,
    sellers: str,
    *,
    gtin: str | None = None,
    peak: tuple[int, ...] = (),
) -> Good:
    return Good(
        sku, name, category, unit, Decimal(price), lot, tuple(sellers.split()),
        gtin=gtin, peak=peak,
    )  # fmt: skip


BACK_TO_SCHOOL = (8, 9)
WINTER = (11, 12, 1)

GOODS = (
    _good("00420", "Chaise de bureau ergonomique, accoudoirs 4D", "39112000", "C62", "189.90", 12,
          "horizon lumiere", peak=BACK_TO_SCHOOL),
    _good("00421", "Bureau assis-debout 160 × 80 cm", "39121100", "C62", "412.50", 6, "horizon",
          peak=BACK_TO_SCHOOL),
    _good("00422", "Caisson mobile 3 tiroirs", "39122100", "C62", "96.00", 10, "horizon lumiere"),
    _good("03-118", "Papier A4 80 g recyclé, ramette de 500 feuilles", "30197643", "RM", "3.185",
          600, "lumiere horizon", peak=BACK_TO_SCHOOL),
    _good("03-119", "Enveloppes C5 à fenêtre", "30199230", "C62", "0.0427", 5000, "lumiere"),
    _good("03-120", "Stylo à bille bleu, boîte de 50", "30192121", "XBX", "9.80", 20,
          "lumiere horizon", gtin="4006381333931", peak=BACK_TO_SCHOOL),
    _good("03-121", "Classeur à levier, dos 80 mm", "30197210", "C62", "1.95", 150, "lumiere"),
    _good("03-122", "Cartouche de toner noir, 10 000 pages", "30125110", "C62", "74.00", 15,
          "lumiere alborada"),
    _good("10-001", "Gants d’examen nitrile, taille M, boîte de 100", "33141420", "XBX", "6.45",
          300, "medisud wallonnes", peak=WINTER),
    _good("10-002", "Masque chirurgical type IIR, boîte de 50", "33190000", "XBX", "4.10", 400,
          "medisud wallonnes", peak=WINTER),
    _good("10-003", "Compresses stériles 10 × 10 cm, boîte de 100", "33141114", "XBX", "5.20", 200,
          "medisud"),
    _good("10-004", "Seringue 10 ml à usage unique", "33141310", "C62", "0.115", 4000, "medisud"),
    _good("10-005", "Solution hydroalcoolique, flacon de 500 ml", "33741300", "XBO", "3.60", 240,
          "medisud wallonnes", peak=WINTER),
    _good("10-006", "Tensiomètre automatique de bras", "33123100", "C62", "58.00", 8, "medisud"),
    _good("20-001", "Détergent sols concentré, bidon de 5 l", "39831240", "C62", "12.40", 60,
          "wallonnes lumiere"),
    _good("20-002", "Sacs à déchets 110 l, rouleau de 25", "19640000", "XRO", "3.35", 200,
          "wallonnes lumiere"),
    _good("20-003", "Essuie-mains pliés, carton de 3 000", "33763000", "XBX", "24.90", 50,
          "wallonnes lumiere"),
    _good("30-001", "Câble cuivre U-1000 R2V 3G2,5", "44321000", "MTR", "1.98", 800, "kessler"),
    _good("30-002", "Disjoncteur modulaire 16 A", "31211300", "C62", "7.85", 60, "kessler"),
    _good("30-003", "Vis inox A2 M6 × 30, boîte de 200", "44531000", "XBX", "18.60", 40, "kessler"),
    _good("30-004", "Gants de manutention, taille 9, paire", "18141000", "PR", "2.75", 300,
          "kessler wallonnes"),
    _good("30-005", "Peinture façade siloxane", "44810000", "LTR", "7.40", 250, "kessler",
          peak=(4, 5, 6)),
    _good("40-001", "Ordinateur portable 14 pouces, 16 Go", "30213100", "C62", "845.00", 8,
          "alborada", peak=BACK_TO_SCHOOL),
    _good("40-002", "Écran 27 pouces, hub USB-C", "30231300", "C62", "229.00", 12, "alborada"),
    _good("40-003", "Commutateur réseau 24 ports PoE", "32420000", "C62", "316.00", 4, "alborada"),
    _good("40-004", "Casque avec micro, USB", "32342100", "C62", "46.50", 25, "alborada"),
)  # fmt: skip


def of_seller(key: str) -> list[Good]:
    """What this supplier sells."""
    return [good for good in GOODS if key in good.sellers]
