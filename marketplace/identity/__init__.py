"""Who acts, and for whom.

Organisation: a buying company, a supplier or the operator of the marketplace; a public directory.
Person: somebody who signs in. Membership: the roles of a person in an organisation.
API key: acts as its person in its organisation, within its scopes. Portal session: a sign-in.
Actor: one of these at work; the first thing that every use case asks for.
"""
