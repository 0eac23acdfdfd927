"""Files that people attach: kept once per organisation and content, read by those meant to.

Document: a name, a type and the digest of its content; belongs to the organisation that brought
it. Content: the bytes, found by their SHA-256. Link: the document stands at a subject, known as
(kind, id) only. Grant: another organisation, or everybody, may read it.
"""
