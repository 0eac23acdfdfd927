"""A supplier's bid for people: write, check, submit, receipt, replace, withdraw."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.core.text import _
from marketplace.documents import downloads
from marketplace.documents.schemas import UploadSchema
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import OrgKind
from marketplace.rfq.addenda import reading as amending
from marketplace.rfq.addenda import wording
from marketplace.rfq.addenda.reading import Amended
from marketplace.rfq.addenda.wording import Row
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.bids import own as own_bids
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.own import Listed
from marketplace.rfq.bids.totals import money_total, total_of
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.http import bid_form, bid_views, opening_pages, views
from marketplace.rfq.http.bid_form import BidConflict
from marketplace.rfq.http.bid_http import (
    attempts_kept,
    document_response,
    keep_read_back_key,
    read_back_cookie,
    service_keys,
)
from marketplace.rfq.http.bid_schemas import BidFormSchema
from marketplace.rfq.http.own_bid_routes import of_each_bid
from marketplace.rfq.opening import proof_queries
from marketplace.rfq.opening import queries as opening_queries
from marketplace.rfq.opening.unsealed import error_from
from marketplace.rfq.opening.unsealed_documents import submitted_with
from marketplace.rfq.services import bid_drafts, bidding, proving
from marketplace.rfq.services.bid_drafts import OwnBid
from marketplace.rfq.terms.bid_states import READABLE, AttemptOutcome, BidState
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import arrived_at, current_actor, current_session
from marketplace.web.forms import Form, flash, whole_number

pages = PageBlueprint("bids", __name__, url_prefix="/rfqs/<uuid:rfq_id>/bids")
my_pages = PageBlueprint("my_bids", __name__, url_prefix="/bids")


@my_pages.get("")
def mine() -> str:
    """Every bid of the supplier, newest first."""
    session, actor = current_session(), current_actor()
    page = own_bids.everywhere(session, actor, cursor=request.args.get("cursor"))
    rfqs = own_bids.rfqs_of(session, page.items)
    return render_template("rfq/bids/mine.html", page=page, rfqs=rfqs)


@of_each_bid(pages, "")
def show(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    """The supplier's own bid; for the buyer the tab with all of them."""
    if current_actor().org_kind is not OrgKind.SUPPLIER:
        return opening_pages.overview(rfq_id)
    own = _own(rfq_id, alternative)
    bid = own.door.bid
    tried = bid_queries.attempts(current_session(), current_actor(), rfq_id)
    listed = own_bids.listed(current_session(), current_actor(), rfq_id)
    opened = None
    if bid is not None and bid.state in READABLE:
        offer = bid_queries.offer(current_session(), rfq_id, bid.id)
        priced = bid_views.is_priced(own.door.rfq, offer)
        opened = _view(own, own.sealed) if not priced else None
        opened = opened or bid_views.offer_view(offer, own.terms, priced=priced)
    return render_template(
        "rfq/bids/show.html",
        bid=bid,
        actions=_actions(own),
        content=opened or _view(own, own.sealed),
        draft=_view(own, own.draft),
        attempts=[each for each in tried if each.alternative == alternative],
        own_bids=listed,
        next_alternative=_next_alternative(own, listed),
        error_from=error_from,
        unreadable=opening_queries.own_unreadable(current_session(), bid.id) if bid else None,
        has_proofs=proof_queries.has_file(current_session(), own.door.rfq, clock.now()),
        asked=evaluation_queries.own_inquiry(
            current_session(), current_actor(), rfq_id, alternative
        )
        if opened
        else None,
        exclusion=evaluation_queries.own_exclusion(current_session(), current_actor(), bid.id)
        if bid
        else None,
        shown_state=BidState.NEEDS_CONFIRMATION if own.needs_confirmation else bid and bid.state,
        amended=own.amended,
        amended_rows=_rows(own.amended),
        won=award_queries.won_lines(current_session(), current_actor(), bid.id) if bid else [],
        **_frame(own),
    )


@of_each_bid(pages, "/edit", methods=["GET", "POST"])
def edit(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    own = _own(rfq_id, alternative)
    if own.door.rfq.client_sealing:
        return redirect(url_for("sealed_bids.write", rfq_id=rfq_id, alternative=alternative), 303)
    if request.method == "GET":
        return _form_page(own, Form(BidFormSchema, initial=bid_form.initial(own)))
    form = Form(BidFormSchema, request.form)
    saved = bid_form.save(form, rfq_id, alternative)
    if saved.bid is None:
        return _form_page(own, form, conflict=saved.conflict), saved.status
    if request.form.get("then") == "check":
        return redirect(url_for("bids.check", rfq_id=rfq_id, alternative=alternative), 303)
    flash(_("Your draft is saved. It is not submitted yet."))
    return redirect(url_for("bids.edit", rfq_id=rfq_id, alternative=alternative), 303)


@of_each_bid(pages, "/autosave", methods=["POST"])
def autosave(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    """Keep what is being typed; the answer is a line below the form."""
    form = Form(BidFormSchema, request.form)
    saved = bid_form.save(form, rfq_id, alternative)
    page = render_template(
        "rfq/bids/_autosave.html",
        form=form,
        saved=saved,
        conflict=saved.conflict,
        rfq_id=rfq_id,
        alternative=alternative,
    )
    return page, saved.status, {"X-Fragment": "autosave"}


@of_each_bid(pages, "/revise", methods=["POST"])
def revise(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    """Begin a replacement: with the submitted prices where this browser holds their key."""
    key = read_back_cookie(alternative)
    if key is not None:
        try:
            bid_drafts.revise(
                current_session(),
                current_actor(),
                service_keys(),
                rfq_id,
                key,
                alternative=alternative,
            )
        except bid_drafts.WrongReadBackKey:
            key = None
    if key is None:
        flash(
            _("Your sealed bid can be read only in the browser that sent it. Enter it anew."),
            "info",
        )
    return redirect(url_for("bids.edit", rfq_id=rfq_id, alternative=alternative), 303)


@of_each_bid(pages, "/documents", methods=["POST"])
def attach(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    form = Form(UploadSchema)
    file = request.files.get("file")
    if file is None or not file.filename:
        form.refuse("file", _("Choose a file first."))
    else:
        with form.guard():
            bid_drafts.attach(
                current_session(),
                current_actor(),
                service_keys(),
                rfq_id,
                filename=file.filename,
                content_type=file.mimetype,
                content=file.stream.read(),
                alternative=alternative,
            )
    if form.errors:
        own = _own(rfq_id, alternative)
        return _form_page(own, Form(BidFormSchema, initial=bid_form.initial(own)), form), 422
    flash(_("The document is attached to your draft."))
    return redirect(
        url_for("bids.edit", rfq_id=rfq_id, alternative=alternative) + "#documents", 303
    )


@of_each_bid(pages, "/documents/<uuid:document_id>/remove", methods=["POST"])
def detach(rfq_id: UUID, alternative: int, document_id: UUID) -> ResponseReturnValue:
    bid_drafts.detach(
        current_session(),
        current_actor(),
        service_keys(),
        rfq_id,
        document_id,
        alternative=alternative,
    )
    flash(_("The document has been removed from your draft."))
    return redirect(
        url_for("bids.edit", rfq_id=rfq_id, alternative=alternative) + "#documents", 303
    )


@of_each_bid(pages, "/<uuid:bid_id>/documents/<uuid:document_id>")
def document(rfq_id: UUID, alternative: int, bid_id: UUID, document_id: UUID) -> Response:
    return document_response(rfq_id, bid_id, document_id, read_back_cookie(alternative))


@of_each_bid(pages, "/check")
def check(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    own = _own(rfq_id, alternative)
    if own.draft is None:
        return redirect(url_for("bids.edit", rfq_id=rfq_id, alternative=alternative), 303)
    return _check_page(own, own.draft, Form(BidFormSchema))


@of_each_bid(pages, "/submit", methods=["POST"])
def submit(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    session, actor, form = current_session(), current_actor(), Form(BidFormSchema)
    expected = whole_number(request.form.get("version", ""))
    try:
        with session.begin_nested():
            done = bidding.submit(
                session,
                actor,
                service_keys(),
                rfq_id,
                arrived_at(),
                alternative=alternative,
                expected=expected,
            )
    except DomainError as refusal:
        return _refused(rfq_id, alternative, form, refusal)
    flash(_("Your bid is submitted and sealed."))
    answer = make_response(
        redirect(
            url_for(
                "bids.receipt", rfq_id=rfq_id, alternative=alternative, attempt_id=done.receipt.id
            ),
            303,
        )
    )
    keep_read_back_key(
        answer,
        url_for("bids.show", rfq_id=rfq_id, alternative=alternative),
        done.read_back_key,
        alternative,
    )
    return answer


@of_each_bid(pages, "/withdraw", methods=["POST"])
def withdraw(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    with attempts_kept():
        receipt = bidding.withdraw(
            current_session(),
            current_actor(),
            service_keys(),
            rfq_id,
            arrived_at(),
            alternative=alternative,
            expected=whole_number(request.form.get("version", "")),
        )
    flash(_("Your bid is withdrawn. You can submit another one until the deadline."))
    return redirect(
        url_for("bids.receipt", rfq_id=rfq_id, alternative=alternative, attempt_id=receipt.id), 303
    )


@of_each_bid(pages, "/receipts/<uuid:attempt_id>")
def receipt(rfq_id: UUID, alternative: int, attempt_id: UUID) -> str:
    session, actor, own = current_session(), current_actor(), _own(rfq_id, alternative)
    attempt = bid_queries.attempt(session, actor, rfq_id, attempt_id, alternative=alternative)
    listed = None
    if attempt.outcome is AttemptOutcome.ACCEPTED and attempt.digest:
        listed = proving.is_listed(session, actor, service_keys(), rfq_id, attempt.digest)
    return render_template(
        "rfq/bids/receipt.html",
        attempt=attempt,
        is_listed=listed,
        documents=submitted_with(attempt.statement),
        public_key=service_keys().public_key().hex(),
        content=_view(own, own.sealed),
        **_frame(own),
    )


@of_each_bid(pages, "/receipts/<uuid:attempt_id>/file")
def receipt_file(rfq_id: UUID, alternative: int, attempt_id: UUID) -> Response:
    """The receipt as a file that anybody can verify with the public key."""
    attempt = bid_queries.attempt(
        current_session(), current_actor(), rfq_id, attempt_id, alternative=alternative
    )
    return downloads.as_file(
        bid_views.signed_file(attempt.statement, attempt.signature, service_keys().public_key()),
        f"receipt-{attempt.id}.json",
        "application/json",
    )


def _own(rfq_id: UUID, alternative: int) -> OwnBid:
    return bid_drafts.read(
        current_session(),
        current_actor(),
        service_keys(),
        rfq_id,
        read_back_cookie(alternative),
        alternative=alternative,
    )


def _actions(own: OwnBid) -> list[str]:
    state = own.door.bid.state if own.door.bid else BidState.DRAFT
    return bid_rules.actions_for(state, own.door.rfq, current_actor(), clock.now())


def _next_alternative(own: OwnBid, found: Sequence[Listed]) -> int | None:
    """The alternative that may be begun now, if there is one."""
    takes_more = bid_rules.actions_for(BidState.DRAFT, own.door.rfq, current_actor(), clock.now())
    return own_bids.next_alternative(found, own.terms.alternatives) if takes_more else None


def _view(own: OwnBid, content: BidContent | None) -> bid_views.ContentView | None:
    return bid_views.content_view(own.terms, content) if content else None


def _rows(amended: Amended | None) -> list[Row]:
    """What has changed, in words."""
    return [wording.row(each.to_json()) for each in amended.changes] if amended else []


def _frame(own: OwnBid) -> dict[str, Any]:
    """What the pages of a bid show around it."""
    rfq: Rfq = own.door.rfq
    return {
        "rfq": views.summary(rfq, current_actor(), clock.now()),
        "terms": own.terms,
        "tab": "bids",
        "alternative": own.door.alternative,
        "is_buyer": False,
        "buyer": identity_queries.organisation(current_session(), rfq.buyer_id),
    }


def _refused(
    rfq_id: UUID, alternative: int, form: Form, refusal: DomainError
) -> ResponseReturnValue:
    """The check page again with the reason; the attempt is kept with this very request."""
    if "statement" not in refusal.data:
        raise refusal
    bidding.keep_refusal(current_session(), current_actor(), refusal)
    form.refuse("", refusal.detail)
    for error in refusal.errors:
        form.refuse("", error.detail)
    own = _own(rfq_id, alternative)
    page = _check_page(own, own.draft or BidContent(), form, UUID(refusal.data["attempt_id"]))
    return page, 422 if refusal.errors else 409


def _form_page(
    own: OwnBid, form: Form, upload: Form | None = None, conflict: BidConflict | None = None
) -> str:
    return render_template(
        "rfq/bids/edit.html",
        form=form,
        upload=upload,
        conflict=conflict,
        bid=own.door.bid,
        draft=_view(own, own.draft),
        actions=_actions(own),
        draft_rows=_rows(amending.of_draft(current_session(), own.door)),
        terms_number=own.door.seal.terms_number,
        bundle_rows=bid_form.bundle_rows(form),
        lot_options=[(lot.id, f"{lot.number}. {lot.title}") for lot in own.terms.lots],
        **_frame(own),
    )


def _check_page(own: OwnBid, draft: BidContent, form: Form, attempt_id: UUID | None = None) -> str:
    return render_template(
        "rfq/bids/check.html",
        form=form,
        bid=own.door.bid,
        draft=_view(own, draft),
        total=money_total(own.terms, draft),
        converted=own.terms.conversion(draft.currency).shown_beside(total_of(own.terms, draft)),
        missing=bid_rules.missing_lines(own.terms, draft),
        partial=bid_rules.partial_lines(own.terms, draft),
        attempt_id=attempt_id,
        actions=_actions(own),
        **_frame(own),
    )
