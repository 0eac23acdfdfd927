"""The HTTP kit: one request is one transaction, one way to refuse, fields, forms and pages."""
