"""The marketplace, package by package, from the ground up.

core: words of no business: persistence, money, time, errors, text, outbox, audit, queue of record.
settings: what the environment says, read once.
events: what the marketplace announces, one module per package that announces.
identity: organisations, people, memberships, keys; the access policy on one page.
web: the HTTP kit: one request is one transaction, one way to refuse, fields, forms, pages.
documents: attachments, kept in the database by their digest.
notifications: notices in the portal and letters by mail.
access: sign-in, members, API keys: the surface of identity.
suppliers: registration, files, due diligence, scorecards.
approvals: who must say yes; knows its subjects only as kind and id.
payments: payments by Stripe, refunds, the ledger; knows its subjects only as kind and id.
loyalty: programmes, points in lots, redemption.
customers: what a seller knows of its buyers: segments, lifetime value, interactions.
catalog: categories and items.
rfq: requests for quotation, questions, sealed bids, opening, evaluation, award.
remedies: what follows an award: standstill, letters, debriefs, challenges.
auctions: live reverse auctions among the opened bids of an RFQ.
scenarios: who should get what under which rules, and what each rule costs; by a solver.
orders: purchase orders, approval, deliveries, returns, completion.
invoices: invoices and credit notes, matched and paid.
integrations: standard documents in and out, the change feed.
portal: pages that join several packages: home, search, history, jobs.
demo: a company world, built through the use cases.
blueprints, app: what is mounted, and how.
local: the servers of `make run` and their supervision.
cli: the operator's commands.
"""
