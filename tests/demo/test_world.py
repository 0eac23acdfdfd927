from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from stdnum import iban, lei
from stdnum.fr import siren, siret, tva

from marketplace.catalog.rules import checked_gtin
from marketplace.core.units import UNITS
from marketplace.demo import history, world
from marketplace.demo.goods import GOODS, of_seller
from marketplace.identity.permissions import KIND_ROLES, OrgKind, Role
from marketplace.suppliers import numbers

TODAY = datetime(2026, 11, 25, 8, tzinfo=UTC)
YEAR_AGO = TODAY - timedelta(days=365)


@pytest.mark.parametrize("company", world.COMPANIES, ids=lambda company: company.key)
def test_numbers_pass_their_check_digits_and_are_nobodys(company):
    if company.siren:
        assert siren.is_valid(company.siren)
        assert company.siren.startswith("9990")
        assert siret.is_valid(company.siret)
        assert company.siret.startswith(company.siren)
        assert tva.is_valid(company.vat_number)
    if company.vat_number:
        assert not numbers.check_vat(company.vat_number).is_invalid
    if company.lei:
        assert lei.is_valid(company.lei)
    assert all(person.email.endswith(".example") for person in company.people)
    assert all(set(person.roles) <= KIND_ROLES[company.kind] for person in company.people)


def test_bank_accounts_are_well_formed():
    assert all(iban.is_valid(number) for number in world.IBANS.values())
    assert len(set(world.IBANS.values())) == len(world.IBANS)


def test_every_role_has_somebody_and_suppliers_are_several():
    people = [person for company in world.COMPANIES for person in company.people]
    roles = {role for person in people for role in person.roles}
    assert roles >= {Role.REQUESTER, Role.BUYER, Role.APPROVER, Role.RECEIVER, Role.SUPPLIER,
                     Role.OPERATOR, Role.AUDITOR}  # fmt: skip
    assert len(world.of_kind(OrgKind.SUPPLIER)) >= 3
    assert len({person.email for person in people}) == len(people)


def test_goods_can_be_catalogued_and_everybody_sells_some():
    assert len({good.sku for good in GOODS}) == len(GOODS)
    assert {good.unit for good in GOODS} <= set(UNITS)
    for good in GOODS:
        checked_gtin(good.gtin)
    assert all(of_seller(selling.key) for selling in world.SELLING)


class TestTheYear:
    def test_is_the_same_each_time(self):
        assert history.plans(YEAR_AGO, TODAY) == history.plans(YEAR_AGO, TODAY)

    def test_has_some_150_orders_of_every_buyer_and_seller(self):
        plans = history.plans(YEAR_AGO, TODAY)
        assert 140 <= len(plans) <= 260
        assert {plan.buyer for plan in plans} == set(history.ORDERS_PER_MONTH)
        assert {plan.selling.key for plan in plans} == {s.key for s in world.SELLING}

    def test_has_a_season(self):
        months = Counter(plan.at.month for plan in history.plans(YEAR_AGO, TODAY))
        assert months[9] > months[8]

    def test_has_outliers(self):
        plans = history.plans(YEAR_AGO, TODAY)
        values = sorted(sum(q * p for _good, q, p in plan.lines) for plan in plans)
        assert values[-1] > 10 * values[len(values) // 2]

    def test_falls_on_working_days(self):
        ordinary = [p for p in history.plans(YEAR_AGO, TODAY) if p.at.weekday() < 5]
        assert len(ordinary) >= len(history.plans(YEAR_AGO, TODAY)) - len(history.OUTLIERS)
