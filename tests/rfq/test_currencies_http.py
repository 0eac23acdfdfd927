"""Bids in several currencies over the API and in the portal."""

from sqlalchemy import func, select

from marketplace.core import clock
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.terms.offering import OfferKind
from tests.clients import words
from tests.factories.identity import make_actor
from tests.rfq.test_currencies import JPY, TND, dollars, make_dollars, submit_both


class TestHttp:
    def test_the_draft_over_the_api(self, session, api):
        buyer = make_actor(session)
        client = api(buyer)
        rate = {
            "currency": "JPY",
            "rate": "159.2915",
            "as_of": clock.now().date().isoformat(),
            "source": "Bank of Japan",
        }
        body = {
            "title": "Press",
            "currency": "USD",
            "rates": [rate],
            "bids_due_at": "2037-01-05T12:00",
            "lines": [{"description": "Press", "quantity": {"value": "1", "unit": "C62"}}],
        }
        bad = client.post("/rfqs", json=body | {"rates": [rate | {"rate": "1.12345678901"}]})
        assert bad.status_code == 422
        assert [(e["pointer"], e["code"]) for e in bad.json["errors"]] == [
            ("/rates/0/rate", "too_many_decimals")
        ]
        own = client.post("/rfqs", json=body | {"rates": [rate | {"currency": "USD"}]})
        assert [e["code"] for e in own.json["errors"]] == ["own_currency"]
        assert session.scalar(select(func.count()).select_from(Rfq)) == 0
        made = client.post("/rfqs", json=body)
        assert (made.status_code, made.json["rates"]) == (201, [rate])

    def test_bids_and_comparison_over_the_api(self, session, api):
        sourcing = make_dollars(session)
        root, (line,) = f"/rfqs/{sourcing.rfq.id}", sourcing.lines
        assert api(sourcing.suppliers[0]).get(root).json["rates"] == [JPY.to_json()]
        price = {"amount": "1000000", "currency": "JPY"}
        bid = {"lines": [{"line_id": str(line.id), "unit_price": price}], "submit": True}
        wrong = api(sourcing.suppliers[1]).post(f"{root}/bids", json=bid | {"currency": "EUR"})
        assert (wrong.status_code, wrong.json["code"]) == (422, "bid_invalid")
        assert "currency_not_allowed" in [e["code"] for e in wrong.json["errors"]]
        sent = api(sourcing.suppliers[1]).post(f"{root}/bids", json=bid | {"currency": "JPY"})
        assert sent.status_code == 201, sent.json
        content = sent.json["content"]
        assert (content["currency"], content["total"]) == (
            "JPY",
            {"amount": "1000000", "currency": "JPY"},
        )
        assert content["converted_total"] == {"amount": "6277.80", "currency": "USD"}
        sourcing.submit_lines(0, dollars(line, "8000"))
        sourcing.open()
        found = api(sourcing.buyer).get(f"{root}/evaluation").json
        assert (found["currency"], found["rates"]) == ("USD", [JPY.to_json()])
        first, second = found["lots"][0]["ranks"]
        assert first["total"] == {"amount": "1000000", "currency": "JPY"}
        assert first["converted_total"] == {"amount": "6277.80", "currency": "USD"}
        assert first["exact_total"] == "2000000000/318583"
        assert (second["total"], second["converted_total"]) == (
            {"amount": "8000.00", "currency": "USD"}, None,
        )  # fmt: skip
        cell = next(c for c in found["lines"][0]["bids"] if c["is_best"])
        assert cell["unit_price"] == {"amount": "1000000", "currency": "JPY"}
        assert cell["converted_unit_price"] == {"amount": "6277.80", "currency": "USD"}

    def test_an_addendum_has_no_place_for_rates(self, session, api):
        sourcing = make_dollars(session)
        answer = api(sourcing.buyer).post(
            f"/rfqs/{sourcing.rfq.id}/addenda", json={"reason": "x", "rates": [TND.to_json()]}
        )
        assert answer.status_code == 422
        assert bid_queries.terms(session, sourcing.rfq.id).rates == (JPY,)

    def test_the_draft_in_the_portal(self, session, portal):
        buyer = make_actor(session)
        client = portal(buyer)
        form = {
            "title": "Press",
            "currency": "USD",
            "time_zone": "Europe/Paris",
            "envelopes": "one",
            "standstill_days": "0",
            "addendum_days": "2",
            "rates.1.currency": "jpy",
            "rates.1.rate": "159.2915",
            "rates.1.as_of": "2026-01-05",
            "rates.1.source": "Bank of Japan",
            "rates.2.currency": "USD",
        }
        bad = client.post("/rfqs/new", form)
        assert bad.status_code == 422
        assert "Bids may be in the currency of the event anyway." in words(bad)
        assert 'value="159.2915"' in bad.text
        made = client.post("/rfqs/new", {**form, "rates.2.currency": ""})
        assert made.status_code == 303
        (rfq,) = session.scalars(select(Rfq)).all()
        assert rfq.rates == [JPY]
        assert 'value="159.2915"' in client.get(f"/rfqs/{rfq.id}/header").text
        check = words(client.get(f"/rfqs/{rfq.id}/publish"))
        assert "1 USD = 159.2915 JPY" in check
        assert "not even an addendum changes them" in check

    def test_from_the_form_to_the_award_in_the_portal(self, session, portal):
        sourcing = make_dollars(session, allows=[OfferKind.MINIMUM_ORDER])
        (line,) = sourcing.lines
        root = f"/rfqs/{sourcing.rfq.id}"
        client = portal(sourcing.suppliers[1])
        assert "bids also in JPY" in words(client.get(root))
        assert "Currency of your bid" in words(client.get(f"{root}/bids/edit"))
        form = {
            "currency": "JPY",
            "lines.0.line_id": str(line.id),
            "lines.0.unit_price.currency": "USD",
            "lines.0.unit_price.amount": "1,000,000",
            "minimum_order.currency": "USD",
            "minimum_order.amount": "10.5",
            "then": "check",
        }
        bad = client.post(f"{root}/bids/edit", form)
        assert bad.status_code == 422
        assert "At most 0 decimal places." in words(bad)
        assert 'value="1,000,000"' in bad.text
        saved = client.post(f"{root}/bids/edit", form | {"minimum_order.amount": "1000"})
        assert saved.status_code == 303
        assert '<option value="JPY" selected>' in client.get(f"{root}/bids/edit").text
        check = words(client.get(f"{root}/bids/check"))
        assert "You are about to submit JP¥1,000,000" in check
        assert "Compared as US$6,277.80." in check
        assert client.post(f"{root}/bids/submit", {"version": "1"}).status_code == 303
        sourcing.submit_lines(0, dollars(line, "8000"))
        sourcing.open()
        buyer = portal(sourcing.buyer)
        for page in ("bids", "evaluation", "award", "bids/{jpy}", "evaluation/bids/{jpy}"):
            bids = {
                b.supplier_id: b.id for b in bid_queries.readable_bids(session, sourcing.rfq.id)
            }
            jpy = bids[sourcing.suppliers[1].organisation_id]
            shown = words(buyer.get(f"{root}/{page.format(jpy=jpy)}"))
            assert "JP¥1,000,000" in shown, page
            assert "≈ US$6,277.80" in shown, page
            assert "US$1,000,000" not in shown, page
        choice = {f"lot.{sourcing.lots[0].id}": str(jpy)}
        checked = words(buyer.post(f"{root}/award/check", choice))
        assert "JP¥1,000,000 to" in checked
        assert buyer.post(f"{root}/award", choice).status_code == 303
        assert "JP¥1,000,000" in words(buyer.get(f"{root}/award"))

    def test_a_scenario_adds_up_in_the_currency_of_the_rfq(self, session, api, portal, drain):
        sourcing = make_dollars(session)
        _usd, jpy = submit_both(sourcing)
        url, client = f"/rfqs/{sourcing.rfq.id}/scenarios", api(sourcing.buyer)
        rules = [
            {"kind": "max_suppliers", "count": 1},
            {"kind": "capacity", "amount": {"amount": "7000.00", "currency": "USD"}},
        ]
        made = client.post(url, json={"name": "One", "constraints": rules})
        assert made.status_code == 201, made.json
        one = f"{url}/{made.json['id']}"
        client.post(f"{one}/solve")
        drain()
        solved = client.get(one).json
        assert solved["total"] == {"amount": "6277.80", "currency": "USD"}
        assert solved["above_cheapest"] == {"amount": "0.00", "currency": "USD"}
        (award,) = solved["awards"]
        assert (award["bid_id"], award["total"]) == (
            str(jpy), {"amount": "1000000", "currency": "JPY"},
        )  # fmt: skip
        assert award["converted_total"] == {"amount": "6277.80", "currency": "USD"}
        page = words(portal(sourcing.buyer).get(one))
        assert "US$6,277.80" in page
        assert "JP¥1,000,000 to" in page
        assert "6,277.79" not in page
        assert "count besides — Above" in page
