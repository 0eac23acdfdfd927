"""Units of measure: UNECE Recommendation 20 codes with their names and common spellings."""

from decimal import Decimal

from anyascii import anyascii

from marketplace.core.text import plural_index

# code: (English, French, other spellings); a name is singular and plural
_TABLE: dict[str, tuple[tuple[str, str], tuple[str, str], tuple[str, ...]]] = {
    "C62": (
        ("piece", "pieces"),
        ("pièce", "pièces"),
        (
            "pc",
            "pcs",
            "pce",
            "unit",
            "units",
            "unite",
            "unites",
            "u",
            "un",
            "ea",
            "each",
            "stk",
            "stück",
            "one",
        ),
    ),
    "H87": (("piece (countable)", "pieces (countable)"), ("unité", "unités"), ()),
    "EA": (("each", "each"), ("à l’unité", "à l’unité"), ()),
    "KGM": (
        ("kilogram", "kilograms"),
        ("kilogramme", "kilogrammes"),
        ("kg", "kgs", "kilo", "kilos"),
    ),
    "GRM": (("gram", "grams"), ("gramme", "grammes"), ("g", "gr")),
    "TNE": (("tonne", "tonnes"), ("tonne", "tonnes"), ("t", "to")),
    "MTR": (("metre", "metres"), ("mètre", "mètres"), ("m", "ml", "meter", "meters")),
    "CMT": (("centimetre", "centimetres"), ("centimètre", "centimètres"), ("cm",)),
    "MMT": (("millimetre", "millimetres"), ("millimètre", "millimètres"), ("mm",)),
    "KMT": (("kilometre", "kilometres"), ("kilomètre", "kilomètres"), ("km",)),
    "SMI": (("mile", "miles"), ("mille terrestre", "milles terrestres"), ("mi", "statute mile")),
    "MTK": (
        ("square metre", "square metres"),
        ("mètre carré", "mètres carrés"),
        ("m2", "m²", "sqm"),
    ),
    "MTQ": (("cubic metre", "cubic metres"), ("mètre cube", "mètres cubes"), ("m3", "m³", "cbm")),
    "LTR": (("litre", "litres"), ("litre", "litres"), ("l", "lt", "liter", "liters")),
    "MLT": (("millilitre", "millilitres"), ("millilitre", "millilitres"), ("ml.",)),
    "HLT": (("hectolitre", "hectolitres"), ("hectolitre", "hectolitres"), ("hl",)),
    "HUR": (("hour", "hours"), ("heure", "heures"), ("h", "hr", "hrs")),
    "MIN": (("minute", "minutes"), ("minute", "minutes"), ("min",)),
    "DAY": (("day", "days"), ("jour", "jours"), ("d", "j")),
    "WEE": (("week", "weeks"), ("semaine", "semaines"), ()),
    "MON": (("month", "months"), ("mois", "mois"), ()),
    "ANN": (("year", "years"), ("an", "ans"), ("annee",)),
    "SET": (("set", "sets"), ("jeu", "jeux"), ("lot", "kit")),
    "PR": (("pair", "pairs"), ("paire", "paires"), ()),
    "DZN": (("dozen", "dozen"), ("douzaine", "douzaines"), ("dz", "dozens")),
    "CEN": (("hundred", "hundred"), ("centaine", "centaines"), ("cent",)),
    "MIL": (("thousand", "thousand"), ("millier", "milliers"), ("mille",)),
    "XBX": (("box", "boxes"), ("boîte", "boîtes"), ("bx", "carton", "ctn")),
    "XPK": (("package", "packages"), ("paquet", "paquets"), ("pk", "pack", "packs", "pkg")),
    "XPX": (("pallet", "pallets"), ("palette", "palettes"), ("pal",)),
    "XRO": (("roll", "rolls"), ("rouleau", "rouleaux"), ("rl",)),
    "XBG": (("bag", "bags"), ("sac", "sacs"), ()),
    "XST": (("sheet", "sheets"), ("feuille", "feuilles"), ()),
    "XBO": (("bottle", "bottles"), ("bouteille", "bouteilles"), ()),
    "RM": (("ream", "reams"), ("rame", "rames"), ("ram", "ramette", "ramettes")),
    "KWH": (("kilowatt hour", "kilowatt hours"), ("kilowattheure", "kilowattheures"), ("kwh",)),
    "MWH": (("megawatt hour", "megawatt hours"), ("mégawattheure", "mégawattheures"), ("mwh",)),
    "LS": (
        ("lump sum", "lump sums"),
        ("forfait", "forfaits"),
        ("ff", "ens", "ensemble", "lump", "fixed price"),
    ),
    "E48": (
        ("service unit", "service units"),
        ("unité de service", "unités de service"),
        ("service", "services"),
    ),
    "P1": (("per cent", "per cent"), ("pour cent", "pour cent"), ("%",)),
    "E49": (
        ("working day", "working days"),
        ("jour ouvré", "jours ouvrés"),
        ("manday", "man-day", "person-day", "jour-homme", "jh"),
    ),
}

UNITS = frozenset(_TABLE)


def _plain(text: str) -> str:
    return anyascii(text.strip().casefold()).rstrip(".")


_CODES: dict[str, str] = {}
for _code, (_en, _fr, _more) in _TABLE.items():
    for _name in (_code, *_en, *_fr, *_more):
        _CODES.setdefault(_plain(_name), _code)


def unit_code(text: str) -> str | None:
    """The Rec 20 code for a code, name or usual spelling in English or French, or None."""
    return _CODES.get(_plain(text))


def unit_name(code: str, language: str = "en", count: Decimal | int = 1) -> str:
    """The name of the unit for so many of it; the code itself when it is not one of ours."""
    if code not in _TABLE:
        return code
    names = _TABLE[code][1 if language == "fr" else 0]
    return names[plural_index(language, count)]
