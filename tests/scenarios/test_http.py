"""Award scenarios over the API and in the portal."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from marketplace.identity.permissions import Role
from marketplace.scenarios.models import AwardScenario
from tests.clients import ApiClient, PortalClient, words
from tests.factories.bids import make_sourcing
from tests.factories.identity import make_actor
from tests.factories.scenarios import at_most, bids_of, make_compared, make_scenario

Api = Callable[..., ApiClient]
Portal = Callable[..., PortalClient]


@pytest.fixture
def sourcing(session):
    return make_compared(session)


def base(sourcing) -> str:
    return f"/rfqs/{sourcing.rfq.id}/scenarios"


class TestApi:
    def test_from_the_question_to_the_award(self, api, sourcing, drain):
        client = api(sourcing.buyer)
        url = base(sourcing)
        body = {"name": "Two", "constraints": [{"kind": "max_suppliers", "count": 2}]}
        made = client.post(url, json=body)
        assert made.status_code == 201
        assert made.json["state"] == "draft"
        assert made.json["actions"] == ["solve", "delete"]
        assert made.json["constraints"][0]["words"] == "At most 2 suppliers win; the whole event"
        one = f"{url}/{made.json['id']}"
        queued = client.post(f"{one}/solve")
        assert (queued.status_code, queued.json["state"]) == (202, "queued")
        assert (queued.json["steps_done"], queued.json["steps_total"]) == (0, 2)
        drain()
        solved = client.get(one).json
        first, second, _third = (str(each) for each in bids_of(sourcing))
        assert solved["state"] == "solved"
        assert solved["total"] == {"amount": "5900.00", "currency": "EUR"}
        assert solved["above_cheapest"] == {"amount": "50.00", "currency": "EUR"}
        assert (solved["bound"], solved["gap"], solved["supplier_count"]) == ("5900", "0", 2)
        assert [award["bid_id"] for award in solved["awards"]] == [first, second, first]
        constraint = solved["constraints"][0]
        assert (constraint["cost"], constraint["cost_is_proven"]) == ("50", True)
        assert solved["is_current"] is True
        proposal = client.post(f"{one}/propose")
        assert proposal.status_code == 200
        awarded = client.post(
            f"/rfqs/{sourcing.rfq.id}/award",
            json={"choices": proposal.json["choices"], "justification": "Two suppliers are enough"},
        )
        assert awarded.status_code == 201, awarded.json
        assert [line["total"]["amount"] for line in awarded.json["lines"]] == [
            "1000.00", "1900.00", "3000.00",
        ]  # fmt: skip

    def test_a_line_goes_to_nobody_above_its_reserve_price(self, api, sourcing, drain):
        client = api(sourcing.buyer)
        bolts, nut = str(sourcing.lots[0].id), str(sourcing.lines[2].id)
        constraints = [
            {"kind": "max_suppliers_per_lot", "count": 1, "lot_ids": [bolts]},
            {"kind": "fixed_cost", "amount": {"amount": "100.00", "currency": "EUR"}},
            {
                "kind": "reserve_price",
                "amount": {"amount": "2500.00", "currency": "EUR"},
                "line_id": nut,
            },
        ]
        made = client.post(base(sourcing), json={"name": "R", "constraints": constraints})
        assert made.status_code == 201, made.json
        one = f"{base(sourcing)}/{made.json['id']}"
        client.post(f"{one}/solve")
        drain()
        found = client.get(one).json
        # the bolts to one supplier 3000, its cost 100, the nut to nobody 2500
        assert (found["state"], found["objective_value"], found["gap"]) == ("solved", "5600", "0")
        assert found["total"] == {"amount": "3000.00", "currency": "EUR"}
        assert found["above_cheapest"] == {"amount": "150.00", "currency": "EUR"}
        assert nut not in {award["line_id"] for award in found["awards"]}
        assert [each["words"] for each in found["constraints"]] == [
            "At most 1 supplier wins of a lot; lot 1",
            "€100.00 count besides for a supplier who wins: each supplier",
            "Rather to nobody than above €2,500.00; line 3",
        ]
        assert [each["lot_ids"] for each in found["constraints"]] == [[bolts], [], []]
        # without its reserve price the nut must be bought: 6000 and the cost of one supplier
        assert [each["without"] for each in found["constraints"]] == ["5550", "5500", "6100"]

    def test_what_cannot_be_is_explained(self, api, sourcing, drain):
        client = api(sourcing.buyer)
        limit = {"amount": "5900.00", "currency": "EUR"}
        body = {
            "name": "Hard",
            "constraints": [
                {"kind": "max_suppliers", "count": 1}, {"kind": "capacity", "amount": limit},
            ],
        }  # fmt: skip
        made = client.post(base(sourcing), json=body).json
        client.post(f"{base(sourcing)}/{made['id']}/solve")
        drain()
        found = client.get(f"{base(sourcing)}/{made['id']}").json
        assert found["state"] == "infeasible"
        assert found["relaxation"]["total"] == {"amount": "6000.00", "currency": "EUR"}
        assert [
            (each["constraint"], each["limit"], each["needed"])
            for each in found["relaxation"]["loosened"]
        ] == [(1, "5900", "6000")]
        assert found["actions"] == ["solve", "delete"]

    def test_faults_are_named_at_their_place(self, api, sourcing):
        body = {
            "name": "",
            "extra": 1,
            "constraints": [{"kind": "nothing"}, {"kind": "max_share", "percent": 5}],
        }
        refused = api(sourcing.buyer).post(base(sourcing), json=body)
        assert refused.status_code == 422
        pointers = {error["pointer"] for error in refused.json["errors"]}
        assert pointers == {
            "/name", "/extra", "/constraints/0/kind", "/constraints/1/percent",
        }  # fmt: skip
        wrong = {"name": "N", "constraints": [{"kind": "max_share", "count": 5}]}
        refused = api(sourcing.buyer).post(base(sourcing), json=wrong)
        assert (refused.status_code, refused.json["code"]) == (422, "scenario_invalid")
        assert [error["pointer"] for error in refused.json["errors"]] == [
            "/constraints/0/count", "/constraints/0/percent",
        ]  # fmt: skip

    def test_the_list_turns_pages_and_presets_are_written(self, api, sourcing):
        client = api(sourcing.buyer)
        for preset in ("cheapest_per_line", "single_supplier", "few_suppliers"):
            made = client.post(
                f"{base(sourcing)}/presets",
                json={"preset": preset, "name": preset, "suppliers": 2},
            )
            assert made.status_code == 201
        page = client.get(f"{base(sourcing)}?limit=2").json
        assert [each["name"] for each in page["items"]] == ["cheapest_per_line", "single_supplier"]
        rest = client.get(f"{base(sourcing)}?limit=2&cursor={page['next_cursor']}").json
        assert [each["name"] for each in rest["items"]] == ["few_suppliers"]
        assert rest["next_cursor"] is None

    def test_a_repeated_request_is_done_once(self, api, session, sourcing):
        client = api(sourcing.buyer)
        for _time in range(2):
            made = client.post(base(sourcing), json={"name": "Once"}, idempotency_key="k1")
            assert made.status_code == 201
        assert len(session.scalars(select(AwardScenario)).all()) == 1
        bare = client.post(base(sourcing), json={"name": "No key"}, idempotency_key=None)
        assert (bare.status_code, bare.json["code"]) == (422, "idempotency_key_missing")

    def test_deleting_needs_the_version_that_was_seen(self, api, session, sourcing):
        client = api(sourcing.buyer)
        made = make_scenario(sourcing, solve=False)
        one = f"{base(sourcing)}/{made.id}"
        assert client.get(one).headers["ETag"] == '"1"'
        assert client.delete(one).status_code == 428
        assert client.delete(one, version=9).status_code == 412
        assert client.delete(one, version=1).status_code == 204
        assert client.get(one).status_code == 404

    def test_others_learn_nothing(self, api, session, sourcing):
        made = make_scenario(sourcing, solve=False)
        one = f"{base(sourcing)}/{made.id}"
        approver = make_actor(session, sourcing.buyer.org_kind, Role.APPROVER)
        assert api(make_actor(session)).get(one).status_code == 404
        assert api(sourcing.suppliers[0]).get(one).status_code == 403
        assert api(approver).get(base(sourcing)).status_code == 403
        sealed = make_sourcing(session, buyer=sourcing.buyer)
        early = api(sourcing.buyer).get(base(sealed))
        assert (early.status_code, early.json["code"]) == (403, "sealed")

    def test_reading_takes_few_statements(self, api, sourcing, statements, drain):
        client = api(sourcing.buyer)
        made = make_scenario(sourcing, at_most(2))
        drain()
        for path, most in ((f"{base(sourcing)}/{made.id}", 10), (base(sourcing), 10)):
            client.get(path)
            statements.clear()
            assert client.get(path).status_code == 200
            assert len(statements) == most, statements


class TestPages:
    def test_a_preset_is_added_solved_and_stands_beside_the_others(
        self, portal, session, sourcing, drain
    ):
        browser = portal(sourcing.buyer)
        empty = browser.get(base(sourcing))
        assert "No scenarios yet" in words(empty)
        for preset in ("cheapest_per_line", "few_suppliers"):
            added = browser.post(f"{base(sourcing)}/presets", {"preset": preset, "suppliers": "2"})
            assert added.status_code == 303, words(added)
        drain()
        page = words(browser.get(base(sourcing)))
        assert "Cheapest for each line Solved €5,850.00 €0.00 0.0% 3 — proven best" in page
        assert "At most 2 suppliers Solved €5,900.00 €50.00 0.9% 2 — proven best" in page

    def test_rules_are_written_in_a_form_and_copied(self, portal, session, sourcing, drain):
        browser = portal(sourcing.buyer)
        first, second = (str(each.org_id) for each in sourcing.suppliers[:2])
        form = {
            "name": "By rules",
            "objective": "cost",
            "time_limit": "20",
            "constraints.0.kind": "capacity",
            "constraints.0.value": "3,500.00",
            "constraints.0.supplier_ids": [first, second],
            "constraints.1.kind": "",
            "constraints.1.value": "7",
            "constraints.2.kind": "fix",
            "constraints.2.supplier_ids": second,
            "constraints.2.line_id": str(sourcing.lines[0].id),
        }
        made = browser.post(f"{base(sourcing)}/new", form)
        assert made.status_code == 303, words(made)
        scenario = session.scalars(select(AwardScenario)).one()
        assert scenario.time_limit == 20
        assert [
            (each["kind"], each["limit"], each["supplier_ids"]) for each in scenario.constraints
        ] == [("capacity", "3500.00", [first, second]), ("fix", "1", [second])]
        drain()
        page = words(browser.get(made.location))
        assert "What would make it possible" in page
        copied = browser.get(f"{base(sourcing)}/new?from={scenario.id}")
        assert "Copy of By rules" in copied.text
        assert copied.text.count(f'<option value="{second}" selected>') == 2

    def test_a_wrong_row_is_marked_and_keeps_what_was_typed(self, portal, session, sourcing):
        form = {
            "name": "Wrong",
            "constraints.0.kind": "max_share",
            "constraints.0.value": "140",
            "constraints.1.kind": "max_suppliers",
            "constraints.1.value": "many",
        }
        refused = portal(sourcing.buyer).post(f"{base(sourcing)}/new", form)
        assert refused.status_code == 422
        assert 'value="many"' in refused.text
        assert 'id="e-constraints-1"' in refused.text
        assert session.scalars(select(AwardScenario)).all() == []
        more = portal(sourcing.buyer).post(f"{base(sourcing)}/new", form | {"add_row": "1"})
        assert (more.status_code, "errors" in more.text.split("<main")[0]) == (200, False)

    def test_a_scenario_fills_in_the_award_by_line(self, portal, session, sourcing, drain):
        made = make_scenario(sourcing, at_most(2))
        browser = portal(sourcing.buyer)
        url = f"{base(sourcing)}/{made.id}"
        waiting = browser.get(url)
        assert "hx-get" in waiting.text
        drain()
        fragment = browser.get(f"{url}/progress")
        assert fragment.headers["HX-Refresh"] == "true"
        page = words(browser.get(url))
        assert "At most 2 suppliers win; the whole event 2 €5,850.00 €50.00" in page
        session.refresh(made)
        taken = browser.post(f"{url}/propose", {"version": str(made.version)})
        assert taken.status_code == 303
        award = browser.get(taken.location)
        first, second, _third = bids_of(sourcing)
        assert award.text.count(f'<option value="{first}" selected>') == 2
        assert award.text.count(f'<option value="{second}" selected>') == 1
        assert award.text.count("<details open>") == 2
        choices = {f"line.{each['line_id']}": each["bid_id"] for each in made.awards}
        checked = browser.post(f"/rfqs/{sourcing.rfq.id}/award/check", choices)
        assert checked.status_code == 200
        assert "€4,000.00 to" in words(checked)

    def test_pages_are_for_those_who_award(self, portal, session, sourcing):
        made = make_scenario(sourcing, solve=False)
        approver = make_actor(session, sourcing.buyer.org_kind, Role.APPROVER)
        assert portal(approver).get(base(sourcing)).status_code == 403
        assert portal(make_actor(session)).get(f"{base(sourcing)}/{made.id}").status_code == 404

    def test_in_french(self, portal, session, sourcing, drain):
        sourcing.buyer = make_actor(session, locale="fr")
        french = make_compared(session, buyer=sourcing.buyer)
        made = make_scenario(french, at_most(1))
        drain()
        page = words(portal(french.buyer).get(f"{base(french)}/{made.id}"))
        assert "Au plus 1 fournisseur retenu ; toute la consultation" in page.replace("\xa0", " ")

    def test_the_list_takes_few_statements(self, portal, sourcing, statements, drain):
        for number in range(5):
            make_scenario(sourcing, at_most(2), name=f"Scenario {number}")
        drain()
        browser, url = portal(sourcing.buyer), base(sourcing)
        browser.get(url)
        statements.clear()
        assert browser.get(url).status_code == 200
        assert len(statements) == 11, statements
