"""The program of docs/verifying.md, with which tests seal as a partner would."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.clients import ApiClient
from tests.factories.bids import Sourcing

DOCS = Path(__file__).parents[2] / "docs" / "verifying.md"


def sealing_program(folders: pytest.TempPathFactory) -> dict[str, Any]:
    """The names of the program as it is documented."""
    (program,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    path = folders.mktemp("docs") / "sealing.py"
    path.write_text(program)
    return runpy.run_path(str(path))


def content_of(facts: dict[str, Any], *prices: str, **over: Any) -> dict[str, Any]:
    """Prices for the lines in order, and what else the bid says."""
    lines = [
        {**facts["empty_line"], "line_id": line["id"], "unit_price": price}
        for line, price in zip(facts["terms"]["lines"], prices, strict=False)
    ]
    return {**facts["empty_content"], "lines": lines, **over}


def facts_of(client: ApiClient, sourcing: Sourcing) -> dict[str, Any]:
    """What the client seals its next version with."""
    answer = client.get(f"/rfqs/{sourcing.rfq.id}/sealing")
    assert answer.status_code == 200, answer.json
    facts: dict[str, Any] = answer.json
    return facts
