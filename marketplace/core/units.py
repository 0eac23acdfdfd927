"""Units of measure: UNECE Recommendation 20 codes with their names and common spellings."""

from anyascii import anyascii

# code: (English, French, other spellings)
_TABLE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "C62": (
        "piece",
        "pièce",
        (
            "pc",
            "pcs",
            "pce",
            "pièces",
            "pieces",
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
    "H87": ("piece (countable)", "unité", ()),
    "EA": ("each", "à l’unité", ()),
    "KGM": ("kilogram", "kilogramme", ("kg", "kgs", "kilo", "kilos")),
    "GRM": ("gram", "gramme", ("g", "gr")),
    "TNE": ("tonne", "tonne", ("t", "to", "tonnes")),
    "MTR": ("metre", "mètre", ("m", "ml", "meter", "mètres", "metres", "meters")),
    "CMT": ("centimetre", "centimètre", ("cm",)),
    "MMT": ("millimetre", "millimètre", ("mm",)),
    "KMT": ("kilometre", "kilomètre", ("km",)),
    "SMI": ("mile", "mille terrestre", ("mi", "miles", "statute mile")),
    "MTK": ("square metre", "mètre carré", ("m2", "m²", "sqm")),
    "MTQ": ("cubic metre", "mètre cube", ("m3", "m³", "cbm")),
    "LTR": ("litre", "litre", ("l", "lt", "liter", "litres", "liters")),
    "MLT": ("millilitre", "millilitre", ("ml.",)),
    "HLT": ("hectolitre", "hectolitre", ("hl",)),
    "HUR": ("hour", "heure", ("h", "hr", "hrs", "hours", "heures")),
    "MIN": ("minute", "minute", ("min", "minutes")),
    "DAY": ("day", "jour", ("d", "j", "days", "jours")),
    "WEE": ("week", "semaine", ("weeks", "semaines")),
    "MON": ("month", "mois", ("months",)),
    "ANN": ("year", "an", ("years", "annee", "ans")),
    "SET": ("set", "jeu", ("sets", "lot", "kit", "jeux")),
    "PR": ("pair", "paire", ("pairs", "paires")),
    "DZN": ("dozen", "douzaine", ("dz", "dozens")),
    "CEN": ("hundred", "centaine", ("cent",)),
    "MIL": ("thousand", "millier", ("mille",)),
    "XBX": ("box", "boîte", ("bx", "box", "boxes", "carton", "ctn", "boites")),
    "XPK": ("package", "paquet", ("pk", "pack", "packs", "pkg", "paquets")),
    "XPX": ("pallet", "palette", ("pal", "pallets", "palettes")),
    "XRO": ("roll", "rouleau", ("rl", "rolls", "rouleaux")),
    "XBG": ("bag", "sac", ("bags", "sacs")),
    "XST": ("sheet", "feuille", ("sheets", "feuilles")),
    "XBO": ("bottle", "bouteille", ("bottles", "bouteilles")),
    "RM": ("ream", "rame", ("rame", "rames", "reams", "ram", "ramette", "ramettes")),
    "KWH": ("kilowatt hour", "kilowattheure", ("kwh",)),
    "MWH": ("megawatt hour", "mégawattheure", ("mwh",)),
    "LS": ("lump sum", "forfait", ("forfait", "ff", "ens", "ensemble", "lump", "fixed price")),
    "E48": ("service unit", "unité de service", ("service", "services")),
    "P1": ("per cent", "pour cent", ("%",)),
    "E49": ("working day", "jour ouvré", ("manday", "man-day", "person-day", "jour-homme", "jh")),
}

UNITS: dict[str, tuple[str, str]] = {code: (en, fr) for code, (en, fr, _more) in _TABLE.items()}


def _plain(text: str) -> str:
    return anyascii(text.strip().casefold()).rstrip(".")


_CODES: dict[str, str] = {}
for _code, (_en, _fr, _more) in _TABLE.items():
    for _name in (_code, _en, _fr, *_more):
        _CODES.setdefault(_plain(_name), _code)


def unit_code(text: str) -> str | None:
    """The Rec 20 code for a code, name or usual spelling in English or French, or None."""
    return _CODES.get(_plain(text))


def unit_name(code: str, language: str = "en") -> str:
    """The name of the unit for people; the code itself when it is not one of ours."""
    names = UNITS.get(code)
    return code if names is None else names[1 if language == "fr" else 0]
