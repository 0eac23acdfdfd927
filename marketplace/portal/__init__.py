"""Pages that join several packages: home, search, history, jobs, and the navigation around all.

Task: something that waits for a person; each function of `waiting` asks one package.
Frame: top bar and navigation of a page.
"""
