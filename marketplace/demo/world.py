"""Who there is: companies and people. All invented; numbers pass their check digits only.

Company numbers begin with 9990, bank codes with 99999 and e-mail addresses end with ``.example``,
none of which is given to anybody.
"""

from dataclasses import dataclass

from marketplace.identity.permissions import OrgKind, Role

PASSWORD = "open-the-market"  # noqa: S105 - printed at every start of the demo
OPERATOR = "operator"
MAIN_BUYER = "armance"


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    roles: tuple[Role, ...]
    locale: str | None = None


@dataclass(frozen=True)
class Address:
    street: str
    postal_code: str
    city: str
    country: str = "FR"


@dataclass(frozen=True)
class Company:
    """An organisation with its people; the first one registers it."""

    key: str
    name: str
    kind: OrgKind
    address: Address
    people: tuple[Person, ...]
    locale: str = "fr"
    time_zone: str = "Europe/Paris"
    siren: str | None = None
    siret: str | None = None
    vat_number: str | None = None
    lei: str | None = None


@dataclass(frozen=True)
class Selling:
    """What a supplier is like: prices against the reference, and how it delivers.

    price: factor on reference prices. late: share of late deliveries. rejected: share of
    deliveries with rejected pieces. figures: (assets, equity, sales) in thousands of euros.
    """

    key: str
    iban: str
    price: str
    late: float
    rejected: float
    figures: tuple[int, int, int]
    categories: tuple[str, ...]
    description: str


def _supplier(name: str, email: str, *, locale: str | None = None) -> tuple[Person, ...]:
    return (Person(name, email, (Role.ADMIN, Role.SUPPLIER), locale),)


COMPANIES = (
    Company(
        OPERATOR, "Place de Marché Démo", OrgKind.OPERATOR,
        Address("1 place du Commerce", "75000", "Paris"),
        (Person("Olivia Mercier", "olivia@place.example", (Role.OPERATOR, Role.ADMIN)),),
    ),
    Company(
        MAIN_BUYER, "Cliniques du Val d’Armance", OrgKind.BUYER,
        Address("12 allée des Tilleuls", "69003", "Lyon"),
        (
            Person("Nora Lefèvre", "nora@armance.example", (Role.BUYER, Role.ADMIN)),
            Person("Camille Rousseau", "camille@armance.example", (Role.REQUESTER,)),
            Person("Hugo Marchand", "hugo@armance.example", (Role.APPROVER,)),
            Person("Inès Garnier", "ines@armance.example", (Role.RECEIVER,)),
            Person("Paul Vidal", "paul@armance.example", (Role.AUDITOR,)),
        ),
        siren="999001001", siret="99900100100018", vat_number="FR29999001001",
        lei="9999DEMO000000000167",
    ),
    Company(
        "brevenne", "Ateliers Brévenne SAS", OrgKind.BUYER,
        Address("4 rue des Forges", "42000", "Saint-Étienne"),
        (
            Person("Julien Faure", "julien@brevenne.example", (Role.BUYER, Role.ADMIN)),
            Person("Sarah Nkoulou", "sarah@brevenne.example", (Role.APPROVER, Role.RECEIVER)),
        ),
        siren="999002009", siret="99900200900010", vat_number="FR46999002009",
    ),
    Company(
        "rivemont", "Métropole de Rivemont", OrgKind.BUYER,
        Address("place de l’Hôtel-de-Ville", "38000", "Grenoble"),
        (
            Person("Claire Dubois", "claire@rivemont.example", (Role.BUYER, Role.ADMIN)),
            Person("Yanis Haddad", "yanis@rivemont.example", (Role.APPROVER, Role.RECEIVER)),
        ),
        siren="999003007", siret="99900300700013", vat_number="FR33999003007",
    ),
    Company(
        "campus", "Campus Horizon", OrgKind.BUYER,
        Address("80 avenue de l’Université", "34000", "Montpellier"),
        (
            Person("Léa Fontaine", "lea@campus.example", (Role.BUYER, Role.ADMIN)),
            Person("Marc Roy", "marc@campus.example", (Role.APPROVER, Role.RECEIVER)),
        ),
        siren="999004005", siret="99900400500016", vat_number="FR20999004005",
    ),
    Company(
        "lumiere", "Papeterie Lumière SAS", OrgKind.SUPPLIER,
        Address("27 quai des Imprimeurs", "69007", "Lyon"),
        _supplier("Antoine Girard", "antoine@lumiere.example"),
        siren="999005002", siret="99900500200012", vat_number="FR04999005002",
    ),
    Company(
        "horizon", "Bureau & Horizon SARL", OrgKind.SUPPLIER,
        Address("5 rue de la Loire", "44000", "Nantes"),
        _supplier("Manon Perrin", "manon@horizon.example"),
        siren="999006000", siret="99900600000015", vat_number="FR88999006000",
    ),
    Company(
        "medisud", "MédiSud Équipements SAS", OrgKind.SUPPLIER,
        Address("140 rue du Docteur-Roux", "34090", "Montpellier"),
        _supplier("Karim Benali", "karim@medisud.example"),
        siren="999007008", siret="99900700800017", vat_number="FR08999007008",
        lei="9999DEMO000000000749",
    ),
    Company(
        "kessler", "Kessler Industriebedarf GmbH", OrgKind.SUPPLIER,
        Address("Neckarstraße 18", "70190", "Stuttgart", "DE"),
        _supplier("Jonas Weber", "jonas@kessler.example", locale="en"),
        locale="en", time_zone="Europe/Berlin", vat_number="DE999000172",
    ),
    Company(
        "wallonnes", "Fournitures Wallonnes SRL", OrgKind.SUPPLIER,
        Address("Quai de la Batte 9", "4000", "Liège", "BE"),
        _supplier("Élise Lambert", "elise@wallonnes.example"),
        time_zone="Europe/Brussels", vat_number="BE0999000129",
    ),
    Company(
        "alborada", "Suministros Alborada S.L.", OrgKind.SUPPLIER,
        Address("Paseo del Ebro 33", "50002", "Zaragoza", "ES"),
        _supplier("Lucía Ortega", "lucia@alborada.example", locale="en"),
        locale="en", time_zone="Europe/Madrid", vat_number="ESB99900003",
    ),
    Company(
        "netissima", "Netissima Hygiène SAS", OrgKind.SUPPLIER,
        Address("61 boulevard Périphérique", "31000", "Toulouse"),
        _supplier("Théo Blanc", "theo@netissima.example"),
        siren="999008006", siret="99900800600010", vat_number="FR92999008006",
    ),
    Company(
        "orsova", "Orsova Négoce SARL", OrgKind.SUPPLIER,
        Address("2 impasse du Port", "13000", "Marseille"),
        _supplier("Ivan Petrescu", "ivan@orsova.example"),
        siren="999009004", siret="99900900400014", vat_number="FR79999009004",
    ),
)  # fmt: skip

# Suppliers that registered lately, and how many days ago.
NEWCOMERS = {"netissima": 3, "orsova": 20}

# Those that are qualified and trade; netissima waits for a review, orsova stands on a list.
SELLING = (
    Selling("lumiere", "FR7699999000010000000000115", "0.97", 0.06, 0.02, (5400, 2100, 9800),
            ("30190000", "22800000"), "Papier, fournitures de bureau, livraison en 48 heures."),
    Selling("horizon", "FR7699999000010000000000212", "1.02", 0.14, 0.03, (3100, 900, 5200),
            ("39100000", "30190000"), "Mobilier de bureau, montage compris."),
    Selling("medisud", "FR7699999000010000000000309", "1.00", 0.04, 0.01, (12800, 6100, 21500),
            ("33140000", "33190000"), "Consommables médicaux et équipement de soin."),
    Selling("kessler", "DE93999999990000000001", "0.95", 0.09, 0.02, (22000, 11000, 47000),
            ("44300000", "31300000"), "Cables, tools and fasteners from stock in Stuttgart."),
    Selling("wallonnes", "BE49999000000171", "0.93", 0.28, 0.09, (1400, 150, 2600),
            ("39800000", "33140000"), "Produits d’entretien et d’hygiène."),
    Selling("alborada", "FR7699999000010000000000406", "0.99", 0.11, 0.03, (4300, 1700, 8100),
            ("30200000", "32400000"), "Computers, screens and network equipment."),
)  # fmt: skip
IBANS = {selling.key: selling.iban for selling in SELLING} | {
    "netissima": "FR7699999000010000000000503",
    "orsova": "FR7699999000010000000000697",
}

# An invented sanctions list, so that a hit can be seen.
SANCTIONS = (
    ("DEMO-001", "Orsova Negoce", "FR"),
    ("DEMO-002", "Tramontane Shipping Ltd", "MT"),
    ("DEMO-003", "Petrescu Ivan", "RO"),
    ("DEMO-004", "Baltic Grain Brokers OU", "EE"),
)


def company(key: str) -> Company:
    """The company with this key."""
    return next(each for each in COMPANIES if each.key == key)


def of_kind(kind: OrgKind) -> list[Company]:
    """All companies of a kind, in their order."""
    return [each for each in COMPANIES if each.kind is kind]
