"""RFQs and bids as they cross HTTP: the API, the pages of the portal, and what both show."""
