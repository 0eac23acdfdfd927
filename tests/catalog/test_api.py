import io

from marketplace.identity.permissions import OrgKind, Role
from tests.clients import words
from tests.factories.catalog import make_item
from tests.factories.identity import make_actor

ITEM = {
    "sku": "00420",
    "name": "Chair",
    "unit": "C62",
    "price": {"amount": "189.9012", "currency": "EUR"},
    "category_code": "39112000",
}


class TestItems:
    def test_live_from_creation_to_retirement(self, session, api):
        client = api(make_actor(session))
        made = client.post("/items", json=ITEM)
        assert made.status_code == 201
        assert made.json["price"] == {"amount": "189.9012", "currency": "EUR"}
        assert made.headers["ETag"] == '"1"'
        path = f"/items/{made.json['id']}"
        assert client.patch(path, json={"name": "x"}).status_code == 428
        assert client.patch(path, json={"name": "x"}, version=7).status_code == 412
        changed = client.patch(path, json={"active": False}, version=1)
        assert (changed.status_code, changed.json["active"]) == (200, False)
        assert client.get("/items").json == {"items": [], "next_cursor": None}
        assert len(client.get("/items?include_inactive=true").json["items"]) == 1

    def test_a_taken_code_is_a_conflict(self, session, api):
        buyer = make_actor(session)
        make_item(session, buyer, sku="00420")
        answer = api(buyer).post("/items", json=ITEM)
        assert (answer.status_code, answer.json["code"]) == (409, "sku_taken")

    def test_others_see_none_of_them(self, session, api):
        item = make_item(session, make_actor(session))
        other = api(make_actor(session))
        assert other.get(f"/items/{item.id}").status_code == 404
        assert other.get("/items").json["items"] == []

    def test_a_requester_reads_but_does_not_write(self, session, api):
        client = api(make_actor(session, OrgKind.BUYER, Role.REQUESTER))
        assert client.get("/items").status_code == 200
        assert client.post("/items", json=ITEM).status_code == 403

    def test_unknown_parameters_are_refused(self, session, api):
        assert api(make_actor(session)).get("/items?colour=red").status_code == 422


class TestCategories:
    def test_everybody_with_a_key_finds_them(self, session, api, client):
        supplier = api(make_actor(session, OrgKind.SUPPLIER))
        found = supplier.get("/categories?q=papier photocopie").json["items"]
        assert next(row for row in found if row["code"] == "30197643") == {
            "code": "30197643",
            "parent_code": "30197640",
            "level": 7,
            "name_en": "Photocopier paper",
            "name_fr": "Papier pour photocopie",
        }
        assert supplier.get("/categories/30197643").status_code == 200
        assert supplier.get("/categories/99999999").status_code == 404
        assert client.get("/categories").status_code == 401

    def test_the_search_joins_items_and_categories(self, session, api):
        buyer = make_actor(session)
        make_item(session, buyer, name="Papier A4")
        answer = api(buyer).get("/catalog/search?q=papier").json
        assert [item["name"] for item in answer["items"]] == ["Papier A4"]
        assert answer["categories"]


class TestImport:
    def test_a_file_is_imported_whole(self, session, api):
        client = api(make_actor(session))
        data = {"file": (io.BytesIO(b"sku;name;unit\nA;a;U\nB;b;kg\n"), "items.csv")}
        answer = client.post("/catalog/imports", data=data, content_type="multipart/form-data")
        assert answer.json == {"added": 2, "changed": 0, "errors": [], "notices": []}

    def test_or_refused_with_its_rows(self, session, api):
        client = api(make_actor(session))
        data = {"file": (io.BytesIO(b"sku;name;unit\nA;a;U\nB;b;furlong\n"), "items.csv")}
        answer = client.post("/catalog/imports", data=data, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == "/rows/3/unit"
        assert client.get("/items").json["items"] == []


class TestPages:
    def test_an_item_is_added_edited_and_taken_out_of_use(self, session, portal):
        browser = portal(make_actor(session))
        assert "No items yet" in words(browser.get("/catalog"))
        form = {
            "sku": "7",
            "name": "Chair",
            "unit": "C62",
            "price.amount": "1 250,50",
            "price.currency": "EUR",
            "base_quantity": "1",
            "active": "true",
        }
        refused = browser.post("/catalog/items/new", form | {"sku": ""})
        assert refused.status_code == 422
        assert 'value="Chair"' in refused.text
        form["price.amount"] = "1,250.50"
        made = browser.post("/catalog/items/new", form)
        assert made.status_code == 303
        page = browser.get(made.location)
        assert "1,250.50" in words(page)
        edit = browser.get(made.location + "/edit")
        assert 'value="Chair"' in edit.text
        saved = browser.post(made.location + "/edit", form | {"name": "Stool", "version": "1"})
        assert saved.status_code == 303
        stale = browser.post(made.location + "/edit", form | {"name": "Sofa", "version": "1"})
        assert stale.status_code == 422
        browser.post(made.location + "/activation", {"active": "false"})
        assert "Out of use" in words(browser.get(made.location))
        assert "Stool" not in words(browser.get("/catalog"))

    def test_the_list_is_exported_and_read_again(self, session, portal):
        buyer = make_actor(session)
        make_item(session, buyer, sku="00420")
        browser = portal(buyer)
        sheet = browser.get("/catalog?format=xlsx")
        assert sheet.headers["Content-Disposition"].startswith("attachment")
        shown = browser.post(
            "/catalog/import",
            {"file": (io.BytesIO(sheet.data), "items.xlsx")},
            content_type="multipart/form-data",
        )
        assert "0 new, 0 changed, 0 refused" in words(shown)

    def test_a_file_is_shown_before_it_is_imported(self, session, portal):
        browser = portal(make_actor(session))
        assert browser.get("/catalog/import").status_code == 200
        assert browser.get("/catalog/import/template").status_code == 200
        shown = browser.post(
            "/catalog/import",
            {"file": (io.BytesIO(b"sku;name;unit\nA;a;U\n"), "items.csv")},
            content_type="multipart/form-data",
        )
        assert "1 new, 0 changed, 0 refused" in words(shown)
        document_id = shown.text.split('name="document_id" value="')[1].split('"')[0]
        done = browser.post("/catalog/import/confirm", {"document_id": document_id})
        assert done.status_code == 303
        assert "1" in words(browser.get("/catalog"))

    def test_categories_can_be_browsed_by_suppliers_too(self, session, portal):
        browser = portal(make_actor(session, OrgKind.SUPPLIER))
        assert browser.get("/catalog").status_code == 303
        page = browser.get("/catalog/categories?code=30190000")
        assert "Various office equipment and supplies" in words(page)
        assert "30197643" in browser.get("/catalog/categories?q=photocopier paper").text
