"""`workers.main` with the bells of these tests; SURVIVE lets children outlive their worker."""

import os

from tests.kill import bells
from workers import carrier, main

bells.install()
if os.environ.get("SURVIVE"):
    carrier.dies_with_parent = lambda _signal: None
main.main()
