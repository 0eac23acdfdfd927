"""What letters, debriefs and challenges are called, and what becomes of them."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class LetterKind(StrEnum):
    WON = "won"
    PARTLY_WON = "partly_won"
    LOST = "lost"


class CaseKind(StrEnum):
    """A debrief asks why, a challenge says that the decision is wrong."""

    DEBRIEF = "debrief"
    CHALLENGE = "challenge"


class CaseState(StrEnum):
    """``VOID``: the challenged decision was withdrawn, there is nothing left to decide."""

    ASKED = "asked"
    ANSWERED = "answered"
    FILED = "filed"
    ADMITTED = "admitted"
    INADMISSIBLE = "inadmissible"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    VOID = "void"


class CaseStep(StrEnum):
    """The way of a challenge, one step after the other; each has its clock."""

    ADMISSION = "admission"
    TALK = "talk"
    WRITTEN_ANSWER = "written_answer"
    MEDIATION = "mediation"
    ARBITRATION = "arbitration"


class CaseAction(StrEnum):
    """What the parties do. ``ask`` and ``file`` begin a case; ``void`` follows by itself."""

    ASK = "ask"
    ANSWER = "answer"
    FILE = "file"
    REPLY = "reply"
    ADMIT = "admit"
    DISMISS = "dismiss"
    ESCALATE = "escalate"
    UPHOLD = "uphold"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    VOID = "void"


OPEN_CHALLENGES = (CaseState.FILED, CaseState.ADMITTED)
BUYERS_TURN = (CaseState.ASKED, *OPEN_CHALLENGES)

CASE_FLOW = Flow(
    _("a case"),
    {
        (CaseState.ASKED, "answer"): CaseState.ANSWERED,
        (CaseState.ANSWERED, "ask"): CaseState.ASKED,
        (CaseState.FILED, "reply"): CaseState.FILED,
        (CaseState.FILED, "admit"): CaseState.ADMITTED,
        (CaseState.FILED, "dismiss"): CaseState.INADMISSIBLE,
        (CaseState.FILED, "withdraw"): CaseState.WITHDRAWN,
        (CaseState.FILED, "void"): CaseState.VOID,
        (CaseState.ADMITTED, "reply"): CaseState.ADMITTED,
        (CaseState.ADMITTED, "escalate"): CaseState.ADMITTED,
        (CaseState.ADMITTED, "uphold"): CaseState.UPHELD,
        (CaseState.ADMITTED, "reject"): CaseState.REJECTED,
        (CaseState.ADMITTED, "withdraw"): CaseState.WITHDRAWN,
        (CaseState.ADMITTED, "void"): CaseState.VOID,
    },
)

register_labels(
    {
        LetterKind.WON: _("Award letter"),
        LetterKind.PARTLY_WON: _("Letter on a partial award"),
        LetterKind.LOST: _("Regret letter"),
        CaseKind.DEBRIEF: _("Debrief"),
        CaseKind.CHALLENGE: _("Challenge"),
    }
)
register_labels(
    {
        CaseState.ASKED: _("Waits for an answer"),
        CaseState.ANSWERED: _("Answered"),
        CaseState.FILED: _("Filed"),
        CaseState.ADMITTED: _("Admitted"),
        CaseState.INADMISSIBLE: _("Inadmissible"),
        CaseState.UPHELD: _("Upheld"),
        CaseState.REJECTED: _("Not upheld"),
        CaseState.WITHDRAWN: _("Withdrawn"),
        CaseState.VOID: _("Without object"),
        CaseStep.ADMISSION: _("Admission"),
        CaseStep.TALK: _("Talk"),
        CaseStep.WRITTEN_ANSWER: _("Written answer"),
        CaseStep.MEDIATION: _("Mediation"),
        CaseStep.ARBITRATION: _("Arbitration"),
    }
)
register_labels(
    {
        CaseAction.ASK: _("Questions"),
        CaseAction.ANSWER: _("Answer"),
        CaseAction.FILE: _("Grounds"),
        CaseAction.REPLY: _("Statement of a party"),
        CaseAction.ADMIT: _("Admitted"),
        CaseAction.DISMISS: _("Inadmissible"),
        CaseAction.ESCALATE: _("Next step"),
        CaseAction.UPHOLD: _("Upheld"),
        CaseAction.REJECT: _("Not upheld"),
        CaseAction.WITHDRAW: _("Withdrawn"),
        CaseAction.VOID: _("Without object"),
    }
)
