"""Identity numbers, ratios, outcomes and scores: the published figures, exactly."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from marketplace.core.errors import Invalid
from marketplace.suppliers import numbers, ratios, rules, scoring
from marketplace.suppliers.models import BankAccount, Certificate
from marketplace.suppliers.numbers import Validity
from marketplace.suppliers.ratios import Figures, Zone
from marketplace.suppliers.scoring import Counts, Criterion
from marketplace.suppliers.states import (
    BankAccountState,
    CertificateKind,
    CertificateState,
    CheckKind,
    Outcome,
    Verdict,
)

D = Decimal
# accuracy reference: a balance sheet with Z' = 2.337956
ALTMAN = Figures(
    total_assets=D(2000),
    current_assets=D(800),
    current_liabilities=D(400),
    retained_earnings=D(500),
    ebit=D(220),
    equity=D(900),
    total_liabilities=D(1100),
    sales=D(2600),
)


class TestIban:
    """OPEN-30: neither shape alone nor the remainder alone."""

    @pytest.mark.parametrize(
        "number",
        [
            "DE89370400440532013000",
            "de89 3704 0044 0532 0130 00",
            "FR1420041010050500013M02606",
            "NO9386011117947",
        ],
    )
    def test_a_right_one_is_valid_with_blanks_and_in_lower_case(self, number: str) -> None:
        assert numbers.check_iban(number).validity is Validity.VALID

    @pytest.mark.parametrize(
        "number", ["FR76", "DE00370400440532013000", "DE88370400440532013000", "", "1234"]
    )
    def test_a_wrong_one_is_invalid(self, number: str) -> None:
        assert numbers.check_iban(number).validity is Validity.INVALID

    def test_check_digits_that_no_bank_gives_are_refused_though_the_remainder_fits(self) -> None:
        """02 and 99 leave the same remainder, so arithmetic alone would let 99 pass."""
        for bban in range(10**6):
            number = f"3704004405320{bban:05d}"[:18]
            checked = numbers.check_iban(f"DE02{number}")
            if checked.validity is Validity.VALID:
                break
        assert numbers.check_iban(f"DE99{number}").validity is Validity.INVALID

    def test_an_unknown_country_cannot_be_checked_which_is_not_wrong(self) -> None:
        assert numbers.check_iban("ZZ68539007547034").validity is Validity.UNCHECKED


class TestNumbers:
    def test_siren_and_siret_by_luhn(self) -> None:
        assert numbers.check_siren("303 265 045").number == "303265045"
        assert numbers.check_siren("303265046").is_invalid
        assert numbers.check_siret("30326504500011").validity is Validity.VALID
        assert numbers.check_siret("30326504500012").is_invalid

    def test_la_poste_has_its_own_siret_rule(self) -> None:
        assert numbers.check_siret("35600000049837").validity is Validity.VALID

    def test_vat_by_the_country_in_front(self) -> None:
        assert numbers.check_vat("FR40303265045").validity is Validity.VALID
        assert numbers.check_vat("FR41303265045").is_invalid
        assert numbers.check_vat("DE136695976").validity is Validity.VALID
        assert numbers.check_vat("BE0776091951").validity is Validity.VALID
        assert numbers.vat_country("EL094259216") == "GR"

    def test_a_vat_number_without_known_algorithm_cannot_be_checked(self) -> None:
        assert numbers.check_vat("US123456789").validity is Validity.UNCHECKED

    def test_lei(self) -> None:
        assert numbers.check_lei("213800KUD8LAJWSQ9D15").validity is Validity.VALID
        assert numbers.check_lei("213800KUD8LXJWSQ9D15").is_invalid

    def test_every_wrong_number_is_named_at_once(self) -> None:
        with pytest.raises(Invalid) as refused:
            rules.check_numbers({"siren": "1", "siret": None, "lei": "2", "vat_number": "FR1"})
        assert {(e.pointer, e.code) for e in refused.value.errors} == {
            ("/siren", "invalid_siren"),
            ("/lei", "invalid_lei"),
            ("/vat_number", "invalid_vat_number"),
        }

    def test_a_siret_or_vat_number_of_another_company_is_noticed(self) -> None:
        siret = numbers.check_siret("35600000049837")
        assert not numbers.belongs_to_siren("303265045", siret)
        vat = numbers.check_vat("FR40303265045")
        assert numbers.belongs_to_siren("303265045", vat)


class TestRatios:
    def test_z_prime_of_the_reference_balance_sheet(self) -> None:
        assert ratios.z_prime(ALTMAN) == D("2.337956")
        found = ratios.ratios_of(ALTMAN)
        assert (found.current, found.zone) == (D(2), Zone.GREY)
        assert found.debt_to_equity == D(1100) / D(900)
        assert ratios.outcome_of(found) is Outcome.CLEAR

    @pytest.mark.parametrize(
        ("z", "zone"),
        [("1.229999", "distress"), ("1.23", "grey"), ("2.90", "grey"), ("2.900001", "safe")],
    )
    def test_zones_of_z_prime(self, z: str, zone: str) -> None:
        assert ratios.zone_of(D(z)) == zone

    def test_what_was_not_filed_is_not_zero(self) -> None:
        assert ratios.z_prime(Figures(total_assets=D(10), sales=D(5))) is None
        assert ratios.outcome_of(ratios.ratios_of(Figures())) is Outcome.UNKNOWN

    def test_no_division_by_zero(self) -> None:
        found = ratios.ratios_of(Figures(current_assets=D(5), current_liabilities=D(0)))
        assert found.current is None

    def test_negative_equity_and_little_liquidity_are_to_be_looked_at(self) -> None:
        found = ratios.ratios_of(
            Figures(
                current_assets=D(50),
                current_liabilities=D(100),
                equity=D(-1),
                total_liabilities=D(100),
            )
        )
        assert ratios.warnings_of(found) == ["current_ratio_low", "equity_negative"]
        assert ratios.outcome_of(found) is Outcome.REVIEW


class TestVeto:
    def test_one_block_blocks_however_many_are_clear(self) -> None:
        assert rules.overall([Outcome.CLEAR] * 99 + [Outcome.BLOCK]) is Outcome.BLOCK

    def test_not_knowing_is_not_being_clear(self) -> None:
        assert rules.overall([Outcome.CLEAR, Outcome.UNKNOWN]) is Outcome.UNKNOWN
        assert rules.overall([]) is Outcome.UNKNOWN
        assert rules.overall([Outcome.UNKNOWN, Outcome.REVIEW]) is Outcome.REVIEW

    def test_risk_points_never_hide_a_hit(self) -> None:
        outcomes = [(kind, Outcome.CLEAR) for kind in CheckKind]
        risk = rules.risk_of([*outcomes, (CheckKind.SANCTIONS, Outcome.BLOCK)])
        assert (risk.level, risk.points) == (Outcome.BLOCK, D(30))

    def test_risk_of_nothing_found(self) -> None:
        risk = rules.risk_of([(kind, Outcome.CLEAR) for kind in CheckKind])
        assert (risk.level, risk.points) == (Outcome.CLEAR, D(0))


class TestCertificates:
    today = date(2026, 11, 25)

    def certificate(self, until: date | None, verdict: Verdict = Verdict.VERIFIED) -> Certificate:
        return Certificate(
            kind=CertificateKind.ISO_9001,
            issued_on=date(2025, 1, 1),
            valid_until=until,
            verdict=verdict,
        )

    @pytest.mark.parametrize(
        ("days", "state"),
        [(-1, "expired"), (0, "expiring"), (30, "expiring"), (31, "verified")],
    )
    def test_states_around_the_end(self, days: int, state: str) -> None:
        certificate = self.certificate(self.today + timedelta(days=days))
        assert rules.certificate_state(certificate, self.today) == state

    def test_without_end_it_stays_verified(self) -> None:
        found = rules.certificate_state(self.certificate(None), self.today)
        assert found is CertificateState.VERIFIED

    def test_the_most_helpful_paper_counts(self) -> None:
        old = self.certificate(date(2026, 1, 1))
        new = self.certificate(date(2027, 6, 1))
        found, state = rules.best_certificate([old, new], CertificateKind.ISO_9001, self.today)
        assert (found, state) == (new, CertificateState.VERIFIED)
        missing = rules.best_certificate([], CertificateKind.ISO_9001, self.today)
        assert missing == (None, CertificateState.MISSING)


class TestCooling:
    def test_the_old_account_is_paid_until_the_new_one_has_cooled_down(self) -> None:
        changed = datetime(2026, 11, 20, 12, tzinfo=UTC)

        def account(usable_from: datetime) -> BankAccount:
            return BankAccount(
                id=uuid4(), state=BankAccountState.CONFIRMED, usable_from=usable_from
            )

        old, new = account(datetime(2026, 1, 1, tzinfo=UTC)), account(changed + rules.COOLING)
        accounts = [new, old]
        just_before = changed + timedelta(hours=72) - timedelta(microseconds=1)
        assert rules.payable_account(accounts, just_before) is old
        assert rules.payable_account(accounts, changed + timedelta(hours=72)) is new
        assert rules.payable_account([], changed) is None


class TestScores:
    def test_two_deliveries_in_time_are_in_time(self) -> None:
        figures = scoring.figures_of(Counts(due_quantity=D(100), on_time_quantity=D(60) + D(40)))
        assert figures.on_time_rate == 1

    def test_figures_of_a_month(self) -> None:
        figures = scoring.figures_of(
            Counts(
                orders=3,
                due_quantity=D(200),
                on_time_quantity=D(150),
                received_quantity=D(4000),
                rejected_quantity=D(3),
                price_orders=2,
                price_variance=D("0.03"),
                lead_time_orders=2,
                lead_time_days=D(25),
                invitations=4,
                responses=3,
            )
        )
        assert figures.on_time_rate == D("0.75")
        assert figures.defect_ppm == 750
        assert figures.price_variance == D("0.015")
        assert figures.response_rate == D("0.75")
        assert figures.lead_time_days == D("12.5")

    def test_nothing_to_divide_by_gives_no_figure_and_no_score(self) -> None:
        """OPEN-15: neither a division by zero nor a flattering 100."""
        figures = scoring.figures_of(Counts())
        assert figures.on_time_rate is None
        assert figures.defect_ppm is None
        assert scoring.score_of(Counts()).raw is None

    def test_a_year_with_data_in_four_months(self) -> None:
        """OPEN-15: 80, 60, 70 and 90 make 75.0, not 91.7."""
        months: list[D | None] = [None] * 12
        months[0], months[1], months[3], months[6] = D(80), D(60), D(70), D(90)
        assert scoring.mean_score(months) == D("75")
        assert scoring.mean_score([None] * 12) is None

    def test_weights_of_missing_criteria_go_to_the_others(self) -> None:
        score = scoring.score_of(Counts(orders=1, due_quantity=D(10), on_time_quantity=D(9)))
        assert (score.raw, score.complete) == (D(90), False)
        assert score.parts[Criterion.QUALITY] is None

    def test_a_perfect_supplier_has_a_hundred(self) -> None:
        score = scoring.score_of(
            Counts(
                orders=1,
                due_quantity=D(1),
                on_time_quantity=D(1),
                received_quantity=D(1),
                price_orders=1,
                invitations=1,
                responses=1,
            )
        )
        assert (score.raw, score.complete) == (D(100), True)

    @pytest.mark.parametrize(
        ("observations", "score"), [(0, "60.0"), (5, "80.0"), (15, "90.0"), (95, "98.0")]
    )
    def test_few_observations_lean_on_the_peers(self, observations: int, score: str) -> None:
        assert scoring.shrunk(D(100), observations, D(60)) == D(score)

    def test_without_peers_the_raw_score_stands(self) -> None:
        assert scoring.shrunk(D("87.66"), 1, None) == D("87.7")

    def test_peers_are_the_others(self) -> None:
        one, two, three = uuid4(), uuid4(), uuid4()
        means = scoring.peer_means({one: D(10), two: D(20), three: D(60)})
        assert means == {one: D(40), two: D(35), three: D(15)}
        assert scoring.peer_means({one: D(10)}) == {one: None}
