"""`workers.main` with the bells of these tests.

SURVIVE: children outlive their worker, and do not get to renew their lease.
"""

import os

from tests.kill import bells
from workers import carrier, leases, main

bells.install()
if os.environ.get("SURVIVE"):
    carrier.dies_with_parent = lambda _signal: None
    leases.RENEW_EVERY_SECONDS = 3600.0
main.main()
