"""OCDS to plain values: what a release says about its tender, in our words."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marketplace.catalog.rules import cpv_code
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.money import CURRENCIES, Money, Quantity, exponent, rounded
from marketplace.core.text import Text, _
from marketplace.core.units import UNITS, unit_code
from marketplace.integrations.ocds_files import refuse
from marketplace.rfq.terms.drafts import Header, LineDraft, LotDraft
from marketplace.rfq.terms.kinds import RfqKind

PIECE = "C62"
PLACES = 6
LIMIT = Decimal("1e13")
MAX_TITLE = 200
TENDER_TAGS = frozenset({"planning", "tender", "tenderUpdate", "tenderAmendment", "compiled"})
MAX_TEXT = 10_000
# units as publishers write them who do not use the UNECE codes
_UNITS = {"ser": "E48", "servicio": "E48", "unidad": "C62", "unidades": "C62", "pza": "C62",
          "pieza": "C62", "mes": "MON", "dia": "DAY", "metro": "MTR", "litro": "LTR"}  # fmt: skip

# how publishers name our kinds in procurementMethodDetails
_KINDS = (
    (RfqKind.MINI_COMPETITION, ("mini-competition", "mini competition", "mini-concurrence")),
    (RfqKind.RFI, ("request for information", "market consultation", "demande d’information")),
    (RfqKind.RFP, ("request for proposal", "demande de proposition")),
    (RfqKind.AUCTION, ("reverse auction", "electronic auction", "enchère")),
)


class NothingToImport(Invalid):
    """The file is OCDS, but holds no tender."""

    code = "nothing_to_import"


_NO_TENDER = _("No release is about the tender itself; later steps repeat it only in part.")


@dataclass(frozen=True)
class Reference:
    """A document of the tender, where its publisher keeps it."""

    title: str
    url: str
    format: str = ""


@dataclass(frozen=True)
class Tender:
    """One release's tender."""

    ocid: str
    release_id: str
    released_at: str
    header: Header
    lots: list[LotDraft]
    lines: list[LineDraft]
    documents: list[Reference]
    notices: list[Text | str] = field(default_factory=list)

    def with_categories(self, known: Collection[str]) -> "Tender":
        """Only CPV codes that exist."""
        header = self.header.copy()
        if header.get("category_code") not in known:
            header["category_code"] = None
        lines = [
            line if line.category_code in known else replace(line, category_code=None)
            for line in self.lines
        ]
        missing = {line.category_code for line in self.lines if line.category_code} - set(known)
        notices = [
            _("The code %(code)s is not in our vocabulary and was left out.", code=code)
            for code in sorted(missing)
        ]
        return replace(self, header=header, lines=lines, notices=[*self.notices, *notices])


def tender_releases(package: dict[str, Any]) -> list[dict[str, Any]]:
    """The releases with a tender, oldest first. Raises Unreadable or NothingToImport."""
    releases = list(_releases(package))
    if not releases:
        refuse("not_ocds", _("The file is JSON, but not of the Open Contracting Data Standard."))
    with_tender = [release for release in releases if _speaks_of_tender(release)]
    if not with_tender:
        tags = sorted({tag for release in releases for tag in _texts(release.get("tag"))})
        raise NothingToImport(
            _(
                "There is no tender in this file, only: %(tags)s. Nothing was imported.",
                tags=", ".join(tags) or "—",
            ),
            errors=[FieldError("/releases", "no_tender", _NO_TENDER)],
        )
    return sorted(with_tender, key=lambda release: _instant(release.get("date")))


def _speaks_of_tender(release: dict[str, Any]) -> bool:
    """Later stages repeat the tender in part; only releases about it decide what it says."""
    tags = _texts(release.get("tag"))
    return bool(_object(release.get("tender"))) and (not tags or bool(TENDER_TAGS & set(tags)))


def _releases(package: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "ocid" in package and "records" not in package:
        yield package
    for release in package.get("releases") or ():
        if isinstance(release, dict) and release.get("ocid"):
            yield release
    for record in package.get("records") or ():
        compiled = record.get("compiledRelease") if isinstance(record, dict) else None
        if isinstance(compiled, dict) and compiled.get("ocid"):
            yield compiled


def read(release: dict[str, Any], usual_currency: str) -> Tender:
    """The tender of a release in our words. usual_currency: where the release names none."""
    tender = _object(release.get("tender"))
    if not tender:
        raise NothingToImport(_("This release has no tender."))
    return _Reader(release, tender, usual_currency).tender_read()


class _Reader:
    """Reads one tender and collects what people should look at."""

    def __init__(
        self, release: dict[str, Any], tender: dict[str, Any], usual_currency: str
    ) -> None:
        self.release = release
        self.tender = tender
        self.notices: list[Text | str] = []
        self.items = [item for item in tender.get("items") or () if _object(item)]
        self.lot_objects = [lot for lot in tender.get("lots") or () if _object(lot)]
        self.currency = self._currency(usual_currency)
        ids = [_text(item.get("id")) for item in self.items]
        self.through_spreadsheet = all(each.endswith(".0") for each in ids)

    def tender_read(self) -> Tender:
        lots = self._lots()
        lines = [self._line(item) for item in self.items]
        if not lines:
            self.notices.append(_("The release names no items. Add the lines yourself."))
        period = _object(self.tender.get("tenderPeriod"))
        if period.get("endDate"):
            self.notices.append(
                _(
                    "The published deadline was %(date)s. Set a new one.",
                    date=_text(period["endDate"])[:10],
                )
            )
        return Tender(
            ocid=_text(self.release.get("ocid")),
            release_id=_text(self.release.get("id")) or "—",
            released_at=_instant(self.release.get("date")),
            header=self._header(lines),
            lots=lots,
            lines=lines,
            documents=list(self._documents()),
            notices=self.notices,
        )

    def _header(self, lines: list[LineDraft]) -> Header:
        title = _text(self.tender.get("title")) or _text(self.tender.get("description"))
        kind = _kind_of(self.tender)
        header: Header = {
            "kind": kind,
            "title": (title or _text(self.release.get("ocid")))[:MAX_TITLE],
            "description": self._description(),
            "currency": self.currency,
            "estimate": self._money(self.tender.get("value"), "value"),
            "open_to_all": kind is not RfqKind.MINI_COMPETITION
            and self.tender.get("procurementMethod") == "open",
        }
        code = next((line.category_code for line in lines if line.category_code), None)
        header["category_code"] = code
        return header

    def _description(self) -> str:
        parts = [
            _text(self.tender.get(name))
            for name in ("description", "eligibilityCriteria", "awardCriteriaDetails",
                         "submissionMethodDetails")
        ]  # fmt: skip
        return "\n\n".join(part for part in parts if part)[:MAX_TEXT]

    def _currency(self, usual: str) -> str:
        """The one currency of the RFQ: that of the tender's value, else of its items."""
        values = [self.tender.get("value"), self.tender.get("minValue")]
        values += [lot.get("value") for lot in self.lot_objects]
        values += [_object(item.get("unit")).get("value") for item in self.items]
        for value in values:
            code = _text(_object(value).get("currency")).upper()
            if code in CURRENCIES:
                return code
        return usual

    def _lots(self) -> list[LotDraft]:
        lots = [
            LotDraft(
                title=(_text(lot.get("title")) or str(_("Lot %(name)s", name=number)))[:MAX_TITLE],
                description=_text(lot.get("description"))[:MAX_TEXT],
                estimate=self._money(lot.get("value"), f"lots/{number - 1}/value"),
            )
            for number, lot in enumerate(self.lot_objects, start=1)
        ]
        return lots or [LotDraft(_text(self.tender.get("title"))[:MAX_TITLE] or str(_("Lot 1")))]

    def _line(self, item: dict[str, Any]) -> LineDraft:
        unit = _object(item.get("unit"))
        description = _text(item.get("description")) or _text(
            _object(item.get("classification")).get("description")
        )
        return LineDraft(
            description=(description or str(_("Item %(id)s", id=self._reference(item))))[:2000],
            quantity=Quantity(self._quantity(item), self._unit(unit, item)),
            lot=self._lot_number(item),
            category_code=_classified(item),
            delivery_place=_place(item),
            reference_price=self._money(
                unit.get("value"), f"items/{self._reference(item)}/unit/value"
            ),
            external_ref=self._reference(item) or None,
        )

    def _reference(self, item: dict[str, Any]) -> str:
        """The item's id. Where every id ends in .0, a spreadsheet made numbers of them."""
        written = _text(item.get("id"))
        return written.removesuffix(".0") if self.through_spreadsheet else written

    def _lot_number(self, item: dict[str, Any]) -> int:
        ids = [_text(lot.get("id")) for lot in self.lot_objects]
        related = _text(item.get("relatedLot"))
        return ids.index(related) + 1 if related in ids else 1

    def _quantity(self, item: dict[str, Any]) -> Decimal:
        quantity = item.get("quantity")
        usable = isinstance(quantity, Decimal) and 0 < quantity < LIMIT
        if isinstance(quantity, Decimal) and usable and quantity == round(quantity, PLACES):
            return quantity
        self.notices.append(
            _("Item %(id)s has no usable quantity; 1 was set.", id=self._reference(item))
        )
        return Decimal(1)

    def _unit(self, unit: dict[str, Any], item: dict[str, Any]) -> str:
        """The Rec 20 code by id, else by name; pieces, with a notice, for anything else."""
        for written in (_text(unit.get("id")), _text(unit.get("name"))):
            if written in UNITS:
                return written
            code = unit_code(written) or _UNITS.get(written.casefold()) if written else None
            if code:
                return code
        self.notices.append(
            _(
                "The unit “%(unit)s” of item %(id)s is not known; pieces were set.",
                unit=_text(unit.get("name")) or "—",
                id=self._reference(item),
            )
        )
        return PIECE

    def _money(self, value: Any, where: str) -> Money | None:
        value = _object(value)
        amount, currency = value.get("amount"), _text(value.get("currency")).upper()
        if not isinstance(amount, Decimal) or not 0 <= amount < LIMIT:
            return None
        if currency and currency != self.currency:
            self.notices.append(
                _(
                    "The amount at %(where)s is in %(currency)s and was left out.",
                    where=where,
                    currency=currency,
                )
            )
            return None
        money = Money(amount, self.currency)
        is_price = where.startswith("items/")
        if amount != round(amount, PLACES if is_price else exponent(self.currency)):
            self.notices.append(_("The amount at %(where)s was rounded.", where=where))
            return Money(round(amount, PLACES), self.currency) if is_price else rounded(money)
        return money

    def _documents(self) -> Iterator[Reference]:
        for document in self.tender.get("documents") or ():
            document = _object(document)
            title = _text(document.get("title")) or _text(document.get("id"))
            url = _text(document.get("url"))
            if url.startswith(("http://", "https://")) and url.isprintable() and " " not in url:
                yield Reference(title or url, url, _text(document.get("format")))
            elif document:
                self.notices.append(_("Document “%(title)s” has no usable address.", title=title))


def _kind_of(tender: dict[str, Any]) -> RfqKind:
    """As procurementMethodDetails says; a request for quotation where it names none of ours."""
    details = _text(tender.get("procurementMethodDetails")).casefold()
    for kind, names in _KINDS:
        if any(name in details for name in names):
            return kind
    return RfqKind.RFQ


def _classified(item: dict[str, Any]) -> str | None:
    """The CPV code of the item, its main classification first."""
    candidates = [item.get("classification"), *(item.get("additionalClassifications") or ())]
    for candidate in candidates:
        classification = _object(candidate)
        if _text(classification.get("scheme")).upper() in ("CPV", "EU-CPV"):
            code = cpv_code(_text(classification.get("id")))
            if code:
                return code
    return None


def _place(item: dict[str, Any]) -> str | None:
    address = _object(item.get("deliveryAddress"))
    parts = [
        _text(address.get(name))
        for name in ("streetAddress", "postalCode", "locality", "countryName")
    ]
    return ", ".join(part for part in parts if part)[:200] or None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [_text(each) for each in value] if isinstance(value, list) else []


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return (
        "".join(c for c in value if c.isprintable() or c == "\n").strip()
        if value and isinstance(value, str)
        else ""
    )


def _instant(value: Any) -> str:
    """The moment as text that sorts; empty when there is none."""
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return ""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
