"""Name matching: what must be found, what may block, and how it explains itself."""

from dataclasses import dataclass, field

import pytest

from marketplace.core.errors import Invalid
from marketplace.suppliers import sanctions_files, screening
from marketplace.suppliers.screening import NameIndex
from marketplace.suppliers.states import Outcome


@dataclass
class Listed:
    name: str
    reference: str = "R-1"
    country: str | None = None
    identifiers: list[str] = field(default_factory=list)

    @property
    def normalised(self) -> str:
        return screening.normalised(self.name)


def hits(asked: str, *listed: Listed, country: str | None = None, numbers: tuple[str, ...] = ()):
    return screening.hits_of(asked, country, numbers, NameIndex(listed))


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("Siemens AG", "Siemens Aktiengesellschaft"),
        ("Société Générale SA", "SOCIETE GENERALE"),
        ("Général des Eaux, S.A.R.L.", "general des eaux"),
        ("Муром Завод ООО", "Murom Zavod"),
        ("OOO Gazprom", "Open Joint Stock Company Gazprom"),
        ("Hans Friedrich", "Friedrich Hans"),
    ],
)
def test_the_same_words_are_found_whatever_script_order_or_legal_form(
    asked: str, listed: str
) -> None:
    [hit] = hits(asked, Listed(listed))
    assert (hit.score, hit.reason, hit.outcome) == (100.0, "same_words", Outcome.BLOCK)


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("Sergej Lawrow", "Sergei Lavrov"),
        ("SergeiLavrov", "Sergei Lavrov"),
        ("Volodimir Zelensky", "Володимир Зеленський"),
        ("Angela Merkur", "Angela Merkel"),
        ("Tactical Missives Corporation", "Tactical Missiles Corporation"),
    ],
)
def test_a_resemblance_goes_to_a_person(asked: str, listed: str) -> None:
    [hit] = hits(asked, Listed(listed))
    assert hit.score >= screening.REVIEW_FROM
    assert (hit.reason, hit.outcome) == ("similar_words", Outcome.REVIEW)


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("Papeterie du Rhône SAS", "Gazprom"),
        ("Nordlicht Elektro GmbH", "Bank Rossiya"),
        ("Angelo Cruz", "Angela Merkel"),
    ],
)
def test_different_names_are_no_hit(asked: str, listed: str) -> None:
    assert hits(asked, Listed(listed)) == []


def test_the_same_words_of_another_country_are_for_a_person_not_a_block() -> None:
    [hit] = hits("Alpha Trading Ltd", Listed("ALPHA TRADING", country="IR"), country="FR")
    assert (hit.reason, hit.outcome) == ("same_words_other_country", Outcome.REVIEW)


def test_the_same_number_blocks_under_any_name() -> None:
    listed = Listed("Something Else Entirely", identifiers=["303265045"])
    [hit] = hits("Papeterie du Rhône", listed, country="FR", numbers=("303265045",))
    assert (hit.reason, hit.outcome) == ("same_number", Outcome.BLOCK)


def test_a_name_of_a_legal_form_alone_is_still_a_name() -> None:
    assert screening.words_of("SA") == ["sa"]
    assert hits("SAS", Listed("Gazprom")) == []


def test_hits_come_the_most_alike_first() -> None:
    found = hits("Ivan Petrov", Listed("Iwan Petrow", "B"), Listed("Ivan Petrov", "A"))
    assert [hit.reference for hit in found] == ["A", "B"]


class TestFiles:
    def test_csv_with_aliases(self) -> None:
        content = (
            "\ufeffreference;name;aliases;country;programme;identifiers\n"
            "EU.1;Alpha Trading;Alfa Trade|ALPHA T;IR;IRN;12|34\n"
        )
        names = sanctions_files.read(content.encode())
        assert [(n.reference, n.name, n.country) for n in names] == [
            ("EU.1", "Alpha Trading", "IR"),
            ("EU.1", "Alfa Trade", "IR"),
            ("EU.1", "ALPHA T", "IR"),
        ]
        assert names[0].identifiers == ("12", "34")

    def test_json_of_ours(self) -> None:
        names = sanctions_files.read(b'[{"reference": "1", "name": "A", "aliases": ["B", "A"]}]')
        assert [n.name for n in names] == ["A", "B"]

    def test_the_french_register(self) -> None:
        content = """{"Publications": {"DatePublication": "2026-11-01", "PublicationDetail": [
            {"IdRegistre": 11, "Nature": "Personne physique", "Nom": "DUPONT", "RegistreDetail": [
                {"TypeChamp": "PRENOM", "Valeur": [{"Prenom": "Jean"}]},
                {"TypeChamp": "ALIAS", "Valeur": [{"Alias": "Jeannot", "Commentaire": "x"}]}
            ]}]}}"""
        names = sanctions_files.read(content.encode())
        assert [(n.reference, n.name) for n in names] == [("11", "Jean DUPONT"), ("11", "Jeannot")]

    @pytest.mark.parametrize(
        ("content", "row"),
        [
            (b"nom;pays\nx;y\n", "/entries/0"),
            (b"reference;name\n1;A\n2;\n", "/entries/1"),
            (b"[1]", "/entries/0"),
            (b"{broken", "/entries/0"),
            (b"reference;name\n1;\xe9\n", "/entries/1"),
        ],
    )
    def test_a_broken_file_is_refused_whole_with_its_row(self, content: bytes, row: str) -> None:
        with pytest.raises(Invalid) as refused:
            sanctions_files.read(content)
        assert refused.value.code == "sanctions_list_unreadable"
        assert [e.pointer for e in refused.value.errors] == [row]

    @pytest.mark.parametrize(
        ("content", "reasons"),
        [
            (
                "reference,name\n1,A\n2,B,C\n",
                ["Row 3: This row has more or fewer cells than the first."],
            ),
            (
                "reference,name,country\n1,A\n",
                ["Row 2: This row has more or fewer cells than the first."],
            ),
            (
                'reference,name\n1,A\n2,"B\n',
                ["Row 3: A quotation mark is not closed, or text follows it."],
            ),
            (
                "reference,name,country\n1,A,Germany\n2,,FR\n3,C,fr\n",
                [
                    "Row 2: A country is written with two letters, for example FR.",
                    "Row 3: Each entry needs a reference and a name.",
                ],
            ),
            (
                '[{"reference": "1", "name": "A", "aliases": "BC"}]',
                ["Row 1: Aliases and identifiers are lists."],
            ),
            (
                '[{"reference": "1", "name": "A\\u0000"}]',
                ["Row 1: A text is too long, or is not text."],
            ),
            ('[\n{"reference": 1,]', ["Row 2: This is not valid JSON."]),
            ('{"Publications": {"Detail": []}}', ["Row 1: A list of entries is expected."]),
        ],
    )
    def test_every_reason_is_told_with_its_row(self, content: str, reasons: list[str]) -> None:
        with pytest.raises(Invalid) as refused:
            sanctions_files.read(content.encode())
        assert [str(error.detail) for error in refused.value.errors] == reasons

    def test_at_most_twenty_reasons_are_told(self) -> None:
        content = "reference,name\n" + ",\n" * 50
        with pytest.raises(Invalid) as refused:
            sanctions_files.read(content.encode())
        assert len(refused.value.errors) == 20
