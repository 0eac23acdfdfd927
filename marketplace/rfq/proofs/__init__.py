"""What proves an opening without the marketplace: its papers, and their verification offline.

Nothing here knows a database, a request or a setting, so that the commands which verify need none.
"""
