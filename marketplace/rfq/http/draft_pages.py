"""Writing an RFQ in the portal: sections that are saved one by one, then the check page."""

from typing import Any, cast
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.core.errors import Conflict, Invalid
from marketplace.core.shares import shown
from marketplace.core.text import _, speak_of
from marketplace.documents import queries as document_queries
from marketplace.documents import service as document_service
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import OrgKind, Permission
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.http import views
from marketplace.rfq.http.kind_pages import chosen_kind
from marketplace.rfq.http.publish_schemas import PublishSchema
from marketplace.rfq.http.schemas import HeaderFormSchema
from marketplace.rfq.http.sections import done, save
from marketplace.rfq.services import drafting, inviting, opening_keys, papers, publishing
from marketplace.rfq.terms import deadlines
from marketplace.rfq.terms.drafts import Header, RfqDraft
from marketplace.rfq.terms.kinds import OFFERED, RfqKind, kind_named
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.rates import MAX_RATES
from marketplace.rfq.terms.states import EnvelopeRule, RfqState
from marketplace.suppliers import queries as supplier_queries
from marketplace.web import formats, rows
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

LONGEST_SEARCH = 100
RATE_FIELDS = ("currency", "rate", "as_of", "source")

pages = PageBlueprint("rfq_draft", __name__, url_prefix="/rfqs")


@pages.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    actor = current_actor()
    if request.method == "GET":
        usual = queries.settings(current_session(), actor.organisation_id)
        kind = chosen_kind()
        initial = {
            "kind": kind,
            "blind_scoring": kind is RfqKind.RFP,
            "currency": actor.currency,
            "time_zone": actor.time_zone,
            "standstill_days": usual.standstill_days,
            "addendum_days": usual.addendum_days,
        }
        return _header_page(Form(HeaderFormSchema, initial=initial), None)
    form = Form(HeaderFormSchema, _with_rates(request.form))
    made: list[UUID] = []
    candidates = save(
        form,
        lambda: made.append(
            drafting.create(current_session(), actor, RfqDraft(header=cast(Header, form.data))).id
        ),
    )
    if not form.valid:
        return _header_page(form, None, candidates), 422
    return redirect(url_for("rfq_draft.overview", rfq_id=made[0]), 303)


@pages.get("/<uuid:rfq_id>/draft")
def overview(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    if rfq.state is not RfqState.DRAFT:
        return redirect(url_for("rfq.show", rfq_id=rfq_id), 303)
    checked = publishing.check(session, actor, rfq_id)
    return render_template(
        "rfq/draft.html",
        rfq=views.whole(checked.rfq, actor),
        invited=len(checked.invitations),
        gaps=_gaps(checked.readiness.reasons),
        documents=len(document_queries.attached(session, actor, "rfq", rfq_id)),
    )


@pages.route("/<uuid:rfq_id>/header", methods=["GET", "POST"])
def header(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    if request.method == "GET":
        return _header_page(Form(HeaderFormSchema, initial=_header_values(rfq)), rfq)
    form = Form(HeaderFormSchema, _with_rates(request.form))
    candidates = save(
        form,
        lambda: drafting.update(session, actor, rfq_id, cast(Header, form.data), form.version),
    )
    if not form.valid:
        return _header_page(form, rfq, candidates), 422
    return done(rfq_id)


@pages.get("/<uuid:rfq_id>/invitations")
def invitations(rfq_id: UUID) -> str:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    text = request.args.get("q", "").strip()
    found = identity_queries.search_organisations(
        session, kind=OrgKind.SUPPLIER, containing=text, cursor=request.args.get("cursor")
    )
    return render_template(
        "rfq/invitations.html",
        rfq=rfq,
        text=text,
        found=found,
        invited=views.invited(session, actor, rfq),
        qualified=supplier_queries.qualified_ids(session, [each.id for each in found.items]),
        blocked=supplier_queries.blocked_ids(session, [each.id for each in found.items]),
        may_draft=actor.may(Permission.RFQ_DRAFT),
    )


@pages.post("/<uuid:rfq_id>/invitations")
def invite(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    chosen = [UUID(each) for each in request.form.getlist("supplier_ids") if _is_id(each)]
    if chosen:
        inviting.invite(session, actor, rfq_id, chosen)
        flash(_("The list of suppliers has been changed."))
    else:
        flash(_("Choose at least one supplier."), "warning")
    sought = request.form.get("q", "")[:LONGEST_SEARCH] or None
    return redirect(url_for("rfq_draft.invitations", rfq_id=rfq_id, q=sought), 303)


@pages.post("/<uuid:rfq_id>/invitations/<uuid:supplier_id>/remove")
def uninvite(rfq_id: UUID, supplier_id: UUID) -> ResponseReturnValue:
    inviting.uninvite(current_session(), current_actor(), rfq_id, supplier_id)
    return redirect(url_for("rfq_draft.invitations", rfq_id=rfq_id), 303)


@pages.post("/<uuid:rfq_id>/open-to-all")
def open_to_all(rfq_id: UUID) -> ResponseReturnValue:
    chosen = request.form.get("open_to_all") == "true"
    drafting.update(current_session(), current_actor(), rfq_id, {"open_to_all": chosen})
    return redirect(url_for("rfq_draft.invitations", rfq_id=rfq_id), 303)


@pages.route("/<uuid:rfq_id>/attachments", methods=["GET", "POST"])
def attachments(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    if request.method == "GET":
        return _attachments_page(rfq, None)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _attachments_page(rfq, str(_("Choose a file."))), 422
    try:
        with session.begin_nested():
            stored = document_service.store(
                session, actor, sent.filename, sent.mimetype, sent.stream
            )
            papers.attach(session, actor, rfq_id, [stored.id])
    except (Invalid, Conflict) as refusal:
        return _attachments_page(rfq, str(refusal.detail)), 422
    return redirect(url_for("rfq_draft.attachments", rfq_id=rfq_id), 303)


@pages.post("/<uuid:rfq_id>/attachments/<uuid:document_id>/remove")
def detach(rfq_id: UUID, document_id: UUID) -> ResponseReturnValue:
    papers.detach(current_session(), current_actor(), rfq_id, document_id)
    return redirect(url_for("rfq_draft.attachments", rfq_id=rfq_id), 303)


@pages.route("/<uuid:rfq_id>/publish", methods=["GET", "POST"])
def publish(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    if request.method == "GET":
        return _check_page(rfq_id, Form(PublishSchema))
    form = Form(PublishSchema, request.form)
    published: list[publishing.Published] = []
    save(
        form,
        lambda: published.append(
            publishing.publish(session, actor, rfq_id, **form.data, expected=form.version)
        ),
    )
    if not form.valid:
        return _check_page(rfq_id, form), 422
    page = render_template("rfq/published.html", published=published[0])
    return page, {"Cache-Control": "no-store"}


def _gaps(reasons: list[Any]) -> dict[str, list[Any]]:
    """Reasons by the section in which they are mended."""
    sections = {
        "bids_due_at": "header",
        "questions_due_at": "header",
        "rates": "header",
        "lines": "lines",
        "lots": "lines",
        "criteria": "criteria",
        "sections": "criteria",
        "costs": "costs",
        "blind_scoring": "header",
        "invitations": "invitations",
        "agreement_ref": "header",
        "auction_starts_at": "header",
    }
    gaps: dict[str, list[Any]] = {section: [] for section in sections.values()}
    for reason in reasons:
        gaps[sections[reason.pointer.split("/")[1]]].append(reason)
    return gaps


def _with_rates(posted: MultiDict[str, str]) -> MultiDict[str, str]:
    """What was posted without blank rows of rates; codes may be typed in small letters."""
    filled = rows.filled(posted, "rates", RATE_FIELDS)
    for number in range(rows.count(filled, "rates")):
        name = f"rates.{number}.currency"
        filled[name] = filled.get(name, "").strip().upper()
    return filled


def _header_page(form: Form, rfq: Rfq | None, candidates: list[str] | None = None) -> str:
    kind = _kind_of(form, rfq)
    speak_of(kind)
    return render_template(
        "rfq/header.html",
        form=form,
        rfq=rfq,
        kind=kind,
        candidates=candidates or [],
        zones=sorted(deadlines.zone_names()),
        envelope_rules=list(EnvelopeRule),
        offer_kinds=list(OfferKind),
        rate_rows=_rate_rows(form),
        offered=OFFERED,
    )


def _kind_of(form: Form, rfq: Rfq | None) -> RfqKind:
    """Of a draft that is there its own, else what was chosen; it need not have been valid."""
    if rfq:
        return rfq.kind
    return kind_named(str(form.value("kind") or "")) or RfqKind.RFQ


def _rate_rows(form: Form) -> int:
    """Those that are filled in, and two more."""
    posted = form.posted
    known = len(form.initial.get("rates", ())) if posted is None else rows.count(posted, "rates")
    return min(known + 2, MAX_RATES)


def _header_values(rfq: Rfq) -> dict[str, Any]:
    zone = rfq.time_zone
    due, asked_until, start = rfq.bids_due_at, rfq.questions_due_at, rfq.auction_starts_at
    return {
        "title": rfq.title,
        "description": rfq.description,
        "currency": rfq.currency,
        "envelopes": rfq.envelopes,
        "client_sealing": rfq.client_sealing,
        "time_zone": zone,
        "bids_due_at": formats.local_input(due, zone) if due else None,
        "questions_due_at": formats.local_input(asked_until, zone) if asked_until else None,
        "agreement_ref": rfq.agreement_ref,
        "auction_starts_at": formats.local_input(start, zone) if start else None,
        "category_code": rfq.category_code,
        "delivery": {
            "street": rfq.delivery_street,
            "postal_code": rfq.delivery_postal_code,
            "city": rfq.delivery_city,
            "country": rfq.delivery_country,
        },
        "estimate": rfq.estimate,
        "payment_terms_days": rfq.payment_terms_days,
        "allows": rfq.allows,
        "rates": rfq.rates,
        "max_alternatives": rfq.max_alternatives,
        "standstill_days": rfq.standstill_days,
        "minimum_bids": rfq.minimum_bids,
        "blind_scoring": rfq.blind_scoring,
        "low_price_check": rfq.low_price_check,
        "addendum_days": rfq.addendum_days,
        "version": rfq.version,
    }


def _attachments_page(rfq: Rfq, error: str | None) -> str:
    attached = document_queries.attached(current_session(), current_actor(), "rfq", rfq.id)
    return render_template("rfq/attachments.html", rfq=rfq, documents=attached, error=error)


def _check_page(rfq_id: UUID, form: Form) -> str:
    session, actor = current_session(), current_actor()
    checked = publishing.check(session, actor, rfq_id)
    return render_template(
        "rfq/check.html",
        rfq=checked.rfq,
        readiness=checked.readiness,
        as_points=shown,
        invited=views.invited(session, actor, checked.rfq),
        documents=document_queries.attached(session, actor, "rfq", rfq_id),
        form=form,
        colleagues=opening_keys.colleagues(session, actor),
        may_publish=actor.may(Permission.RFQ_PUBLISH),
    )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
