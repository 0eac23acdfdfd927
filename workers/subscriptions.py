"""Which reactions follow an event: {event name: {reaction name: work}}.

A reaction takes (session, event), bears a repeat and uses the event's own times. One that calls
out of the process is a CallOut. The names are stored with waiting jobs: rename a function freely,
but keep its name here until no job of that name waits.
"""

from collections.abc import Mapping

from marketplace.approvals import reactions as approvals
from marketplace.auctions import closing as auction_closing
from marketplace.auctions import notices as auctions
from marketplace.customers import reactions as customers
from marketplace.invoices import reactions as invoices
from marketplace.loyalty import reactions as loyalty
from marketplace.notifications import reactions as notifications
from marketplace.orders import reactions as orders
from marketplace.payments import reactions as payments
from marketplace.remedies import reactions as remedies
from marketplace.rfq.evaluation.graders import notices as graders
from marketplace.rfq.notices import bids, low_prices
from marketplace.rfq.notices import rfqs as rfq
from marketplace.rfq.sealing.officers import reactions as officers
from marketplace.scenarios import notices as scenario_notices
from marketplace.suppliers import notices as supplier_notices
from marketplace.suppliers import reactions as suppliers
from workers.work import Work

SUBSCRIPTIONS: Mapping[str, Mapping[str, Work]] = {
    "approvals.delegated": {"tell_delegate": approvals.tell_delegate},
    "approvals.granted": {
        "take_over_approval": orders.take_over_approval,
        "tell_requester": approvals.tell_requester,
    },
    "approvals.rejected": {
        "take_back_order": orders.take_back_order,
        "tell_requester": approvals.tell_requester,
    },
    "approvals.requested": {"tell_approvers": approvals.tell_approvers},
    "approvals.unreachable": {"tell_managers": approvals.tell_managers},
    "approvals.returned": {
        "take_back_order": orders.take_back_order,
        "tell_requester": approvals.tell_requester,
    },
    "auctions.cancelled": {"tell_auction_off": auctions.tell_cancelled},
    "auctions.closed": {"tell_auction_closed": auctions.tell_closed},
    "auctions.planned": {"invite_to_auction": auctions.invite},
    "identity.member_added": {"invite_member": notifications.invite_member},
    "identity.password_forgotten": {"send_password_link": notifications.send_password_link},
    "invoices.in_variance": {"tell_buyer_differs": invoices.tell_buyer_differs},
    "invoices.matched": {"tell_finance_to_pay": invoices.tell_finance_to_pay},
    "invoices.paid": {
        "note_customer_invoice": customers.note_paid_invoice,
        "note_loyalty_invoice": loyalty.note_paid_invoice,
        "tell_supplier_paid": invoices.tell_supplier_paid,
    },
    "invoices.rejected": {"tell_supplier_sent_back": invoices.tell_supplier_sent_back},
    "invoices.submitted": {"match_submitted": invoices.match_submitted},
    "orders.acknowledged": {"tell_buyer_acknowledged": orders.tell_buyer_acknowledged},
    "orders.approved": {"tell_held_back": orders.tell_held_back},
    "orders.cancelled": {"tell_supplier_cancelled": orders.tell_supplier_cancelled},
    "orders.completed": {
        "award_points": loyalty.award_points,
        "count_customer_order": customers.count_order,
        "count_supplier_order": suppliers.count_order,
    },
    "orders.goods_received": {
        "match_invoices_again": invoices.match_again,
        "note_supplier_receipt": suppliers.note_receipt,
        "tell_supplier_rejected": orders.tell_supplier_rejected,
    },
    "orders.issued": {
        "file_paper": orders.file_paper,
        "note_supplier_issue": suppliers.note_issue,
        "tell_supplier_issued": orders.tell_supplier_issued,
    },
    "orders.refused": {"tell_buyer_refused": orders.tell_buyer_refused},
    "payments.captured": {"follow_capture": invoices.follow_capture},
    "payments.failed": {"tell_finance_failed": payments.tell_finance_failed},
    "payments.mismatched": {"tell_finance_mismatch": payments.tell_finance_mismatch},
    "payments.refunded": {
        "follow_refund": invoices.follow_refund,
        "subtract_customer_refund": customers.subtract_refund,
        "take_back_points": loyalty.take_back_points,
    },
    "remedies.case_continued": {"tell_other_party": remedies.tell_continued},
    "remedies.case_opened": {"tell_buyer_of_case": remedies.tell_opened},
    "remedies.letters_written": {"tell_bidders": remedies.tell_bidders},
    "rfq.award_decided": {"write_letters": remedies.write_letters},
    "rfq.award_withdrawn": {"announce_withdrawal": bids.announce_withdrawal},
    "rfq.awarded": {"announce_award": bids.announce_award, "draft_orders": orders.draft_orders},
    "rfq.amended": {"announce_addendum": rfq.announce_addendum},
    "rfq.bid_submitted": {
        "confirm_arrival": bids.confirm_arrival,
        "note_supplier_bid": suppliers.note_bid,
    },
    "rfq.bid_unreadable": {"tell_unreadable": bids.tell_unreadable},
    "rfq.bid_withdrawn": {"note_supplier_withdrawal": suppliers.note_withdrawal},
    "rfq.cancelled": {
        "announce_cancellation": rfq.announce_cancellation,
        "call_off_auction": auction_closing.follow_end_of_rfq,
    },
    "rfq.concluded": {"announce_findings": bids.announce_findings},
    "rfq.deadline_extended": {"announce_extension": rfq.announce_extension},
    "rfq.escrow_used": {"tell_of_escrow": officers.tell_of_escrow},
    "rfq.grader_conflicted": {"tell_buyer_of_conflict": graders.tell_of_conflict},
    "rfq.grader_named": {"tell_grader": graders.tell_grader},
    "rfq.low_price_answered": {"tell_buyer_justified": low_prices.tell_buyer},
    "rfq.low_price_asked": {"ask_for_justification": low_prices.tell_bidder},
    "rfq.officers_named": {"tell_officers": officers.tell_officers},
    "rfq.share_given": {"call_second_officer": officers.call_second_officer},
    "rfq.share_lost": {"tell_of_loss": officers.tell_of_loss},
    "rfq.opened": {
        "count_supplier_responses": suppliers.count_responses,
        "tell_graders_to_score": graders.tell_opened,
    },
    "rfq.published": {
        "announce_publication": rfq.announce_publication,
        "note_supplier_invitations": suppliers.note_invitations,
    },
    "rfq.question_answered": {"announce_answer": rfq.announce_answer},
    "rfq.question_asked": {"announce_question": rfq.announce_question},
    "rfq.resumed": {"announce_resumption": rfq.announce_resumption},
    "rfq.suspended": {"announce_suspension": rfq.announce_suspension},
    "rfq.suppliers_invited": {
        "announce_invitations": rfq.announce_invitations,
        "note_supplier_invitations": suppliers.note_invitations,
    },
    "rfq.lots_ended": {"announce_lots": bids.announce_lots},
    "rfq.unsuccessful": {
        "announce_no_award": bids.announce_no_award,
        "call_off_auction": auction_closing.follow_end_of_rfq,
    },
    "suppliers.bank_account_proposed": {"tell_second_person": supplier_notices.tell_second_person},
    "scenarios.finished": {"tell_requester": scenario_notices.tell_requester},
    "suppliers.blocked": {"tell_supplier_blocked": supplier_notices.tell_blocked},
    "suppliers.certificate_expiring": {
        "tell_certificate_expires": supplier_notices.tell_certificate_expires
    },
    "suppliers.due_diligence_completed": {"tell_reviewers": supplier_notices.tell_reviewers},
    "suppliers.qualified": {"tell_supplier_qualified": supplier_notices.tell_qualified},
    "suppliers.rejected": {"tell_supplier_rejected": supplier_notices.tell_rejected},
    "suppliers.unblocked": {"tell_supplier_unblocked": supplier_notices.tell_unblocked},
    "suppliers.due_diligence_requested": {
        "carry_out_due_diligence": suppliers.carry_out_due_diligence
    },
    "suppliers.sanctions_list_loaded": {"screen_everybody_again": suppliers.screen_everybody_again},
}
