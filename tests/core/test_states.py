"""State machines from tables."""

from enum import StrEnum

import pytest

from marketplace.core.states import Flow, IllegalTransition


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


FLOW = Flow("light", {(Light.RED, "go"): Light.GREEN, (Light.GREEN, "stop"): Light.RED})


def test_an_action_leads_on():
    assert FLOW.next(Light.RED, "go") is Light.GREEN
    assert FLOW.actions(Light.RED) == ["go"]


def test_an_action_at_the_wrong_time_is_refused_with_its_facts():
    with pytest.raises(IllegalTransition) as refusal:
        FLOW.next(Light.GREEN, "go")
    assert refusal.value.code == "illegal_transition"
    assert refusal.value.data == {"state": "green", "action": "go"}
