"""The doors of identity: signing in and out, members, keys, one’s own profile; people and API.

Password link: the mailed address by which somebody chooses a password (a new member, or a
forgotten one). Everything is decided in `identity`; nothing here has a table.
"""
