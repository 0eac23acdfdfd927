"""The command `marketplace`. What verifies files offline starts without the rest of the product."""

import sys
from importlib import import_module

OFFLINE = ("verify-opening", "verify-receipt")


def main() -> None:
    """Run the command line, or of its commands only those that need no settings."""
    is_offline = len(sys.argv) > 1 and sys.argv[1] in OFFLINE
    module = "marketplace.rfq.proofs.commands" if is_offline else "marketplace.cli"
    import_module(module).main(prog_name="marketplace")
