"""Every blueprint of the product, by package: the application mounts what stands here."""

from marketplace.access import api as access_api
from marketplace.access import pages as access_pages
from marketplace.access import settings_pages as access_settings_pages
from marketplace.approvals import api as approvals_api
from marketplace.approvals import delegation_api as approvals_delegation_api
from marketplace.approvals import delegation_pages as approvals_delegation_pages
from marketplace.approvals import pages as approvals_pages
from marketplace.approvals import policy_pages as approvals_policy_pages
from marketplace.auctions import api as auctions_api
from marketplace.auctions import pages as auctions_pages
from marketplace.auctions import plan_pages as auctions_plan_pages
from marketplace.catalog import api as catalog_api
from marketplace.catalog import pages as catalog_pages
from marketplace.customers import api as customers_api
from marketplace.customers import pages as customers_pages
from marketplace.documents import api as documents_api
from marketplace.documents import pages as documents_pages
from marketplace.integrations import api as integrations_api
from marketplace.integrations import ocds_api as integrations_ocds_api
from marketplace.integrations import ocds_pages as integrations_ocds_pages
from marketplace.invoices import api as invoices_api
from marketplace.invoices import pages as invoices_pages
from marketplace.loyalty import api as loyalty_api
from marketplace.loyalty import pages as loyalty_pages
from marketplace.notifications import api as notifications_api
from marketplace.notifications import pages as notifications_pages
from marketplace.orders import api as orders_api
from marketplace.orders import editing_pages as orders_editing_pages
from marketplace.orders import pages as orders_pages
from marketplace.orders import receiving_pages as orders_receiving_pages
from marketplace.payments import api as payments_api
from marketplace.payments import pages as payments_pages
from marketplace.portal import api as portal_api
from marketplace.portal import oversight_pages as portal_oversight_pages
from marketplace.portal import pages as portal_pages
from marketplace.remedies import api as remedies_api
from marketplace.remedies import case_api as remedies_case_api
from marketplace.remedies import case_pages as remedies_case_pages
from marketplace.remedies import pages as remedies_pages
from marketplace.rfq.http import addenda_api as rfq_addenda_api
from marketplace.rfq.http import addenda_pages as rfq_addenda_pages
from marketplace.rfq.http import api as rfq_api
from marketplace.rfq.http import bid_api as rfq_bid_api
from marketplace.rfq.http import bid_pages as rfq_bid_pages
from marketplace.rfq.http import bid_sheet_api as rfq_bid_sheet_api
from marketplace.rfq.http import bid_sheet_pages as rfq_bid_sheet_pages
from marketplace.rfq.http import content_api as rfq_content_api
from marketplace.rfq.http import content_pages as rfq_content_pages
from marketplace.rfq.http import cost_api as rfq_cost_api
from marketplace.rfq.http import cost_pages as rfq_cost_pages
from marketplace.rfq.http import draft_pages as rfq_draft_pages
from marketplace.rfq.http import evaluation_api as rfq_evaluation_api
from marketplace.rfq.http import evaluation_pages as rfq_evaluation_pages
from marketplace.rfq.http import formula_api as rfq_formula_api
from marketplace.rfq.http import grader_api as rfq_grader_api
from marketplace.rfq.http import grader_pages as rfq_grader_pages
from marketplace.rfq.http import import_api as rfq_import_api
from marketplace.rfq.http import import_pages as rfq_import_pages
from marketplace.rfq.http import information_api as rfq_information_api
from marketplace.rfq.http import information_pages as rfq_information_pages
from marketplace.rfq.http import kind_pages as rfq_kind_pages
from marketplace.rfq.http import lot_api as rfq_lot_api
from marketplace.rfq.http import lot_pages as rfq_lot_pages
from marketplace.rfq.http import low_price_api as rfq_low_price_api
from marketplace.rfq.http import low_price_pages as rfq_low_price_pages
from marketplace.rfq.http import missing_api as rfq_missing_api
from marketplace.rfq.http import officer_api as rfq_officer_api
from marketplace.rfq.http import officer_pages as rfq_officer_pages
from marketplace.rfq.http import opening_pages as rfq_opening_pages
from marketplace.rfq.http import outage_api as rfq_outage_api
from marketplace.rfq.http import outage_pages as rfq_outage_pages
from marketplace.rfq.http import pages as rfq_pages
from marketplace.rfq.http import proof_api as rfq_proof_api
from marketplace.rfq.http import proof_pages as rfq_proof_pages
from marketplace.rfq.http import quality_api as rfq_quality_api
from marketplace.rfq.http import quality_pages as rfq_quality_pages
from marketplace.rfq.http import sealed_api as rfq_sealed_api
from marketplace.rfq.http import sealed_pages as rfq_sealed_pages
from marketplace.rfq.http import settings_api as rfq_settings_api
from marketplace.rfq.http import settings_pages as rfq_settings_pages
from marketplace.rfq.http import suspension_api as rfq_suspension_api
from marketplace.rfq.http import suspension_pages as rfq_suspension_pages
from marketplace.rfq.http import template_api as rfq_template_api
from marketplace.rfq.http import template_pages as rfq_template_pages
from marketplace.rfq.http import unreadable_pages as rfq_unreadable_pages
from marketplace.rfq.http import weight_pages as rfq_weight_pages
from marketplace.scenarios import api as scenarios_api
from marketplace.scenarios import pages as scenarios_pages
from marketplace.suppliers import api as suppliers_api
from marketplace.suppliers import file_pages as suppliers_file_pages
from marketplace.suppliers import pages as suppliers_pages
from marketplace.suppliers import registration_pages as suppliers_registration_pages

API = (
    access_api.me,
    access_api.organisations,
    access_api.users,
    access_api.memberships,
    access_api.api_keys,
    approvals_api.policies,
    approvals_api.requests,
    approvals_api.previews,
    approvals_delegation_api.delegations,
    auctions_api.list_blp,
    auctions_api.blp,
    catalog_api.categories_blp,
    catalog_api.items_blp,
    catalog_api.catalog_blp,
    customers_api.customers,
    customers_api.segments,
    documents_api.blp,
    integrations_api.blp,
    integrations_ocds_api.blp,
    invoices_api.invoices_blp,
    invoices_api.credit_notes_blp,
    invoices_api.overpayments_blp,
    loyalty_api.blp,
    notifications_api.blp,
    orders_api.blp,
    payments_api.payments_blp,
    payments_api.refunds_blp,
    payments_api.ledger_blp,
    payments_api.stripe_blp,
    portal_api.audit,
    portal_api.jobs,
    remedies_api.blp,
    remedies_case_api.of_rfq,
    remedies_case_api.blp,
    rfq_addenda_api.blp,
    rfq_api.blp,
    rfq_bid_api.blp,
    rfq_bid_api.receipt_blp,
    rfq_bid_sheet_api.blp,
    rfq_content_api.blp,
    rfq_evaluation_api.blp,
    rfq_formula_api.blp,
    rfq_import_api.blp,
    rfq_information_api.blp,
    rfq_grader_api.blp,
    rfq_officer_api.blp,
    rfq_officer_api.keys_blp,
    rfq_lot_api.blp,
    rfq_low_price_api.blp,
    rfq_cost_api.blp,
    rfq_missing_api.blp,
    rfq_outage_api.blp,
    rfq_proof_api.blp,
    rfq_quality_api.blp,
    rfq_settings_api.blp,
    rfq_sealed_api.blp,
    rfq_suspension_api.blp,
    rfq_template_api.blp,
    scenarios_api.blp,
    suppliers_api.blp,
)

PAGES = (
    access_pages.pages,
    access_settings_pages.pages,
    approvals_pages.pages,
    approvals_policy_pages.pages,
    approvals_delegation_pages.pages,
    auctions_pages.list_pages,
    auctions_pages.pages,
    auctions_plan_pages.pages,
    catalog_pages.pages,
    customers_pages.pages,
    documents_pages.pages,
    integrations_ocds_pages.pages,
    invoices_pages.pages,
    loyalty_pages.pages,
    notifications_pages.pages,
    orders_editing_pages.pages,
    orders_pages.pages,
    orders_receiving_pages.pages,
    payments_pages.pages,
    portal_oversight_pages.pages,
    portal_pages.pages,
    remedies_case_pages.pages,
    remedies_pages.pages,
    rfq_addenda_pages.pages,
    rfq_bid_pages.pages,
    rfq_bid_pages.my_pages,
    rfq_bid_sheet_pages.pages,
    rfq_content_pages.pages,
    rfq_draft_pages.pages,
    rfq_evaluation_pages.pages,
    rfq_import_pages.pages,
    rfq_officer_pages.key_pages,
    rfq_officer_pages.pages,
    rfq_opening_pages.pages,
    rfq_information_pages.pages,
    rfq_kind_pages.pages,
    rfq_lot_pages.pages,
    rfq_low_price_pages.pages,
    rfq_cost_pages.pages,
    rfq_weight_pages.pages,
    rfq_outage_pages.pages,
    rfq_pages.pages,
    rfq_proof_pages.pages,
    rfq_grader_pages.pages,
    rfq_quality_pages.pages,
    rfq_settings_pages.pages,
    rfq_sealed_pages.pages,
    rfq_unreadable_pages.pages,
    rfq_suspension_pages.pages,
    rfq_template_pages.pages,
    scenarios_pages.pages,
    suppliers_file_pages.pages,
    suppliers_pages.pages,
    suppliers_registration_pages.pages,
)
