"""Tasks that services enqueue by name: {task name: work}.

A task takes (session, actor, **args); the actor is the system, the arguments are those of
`core.jobs.enqueue`.
"""

from collections.abc import Mapping

from marketplace.notifications import mail
from marketplace.payments import gateway
from marketplace.payments import reactions as payments
from marketplace.scenarios import reactions as scenarios
from workers.work import SLOW_QUEUE, CallOut, Work

TASKS: Mapping[str, Work] = {
    "notifications.send_mail": CallOut(mail.prepare, mail.call, mail.record),
    "payments.close_checkout": CallOut(
        payments.prepare_close, gateway.close_checkout, payments.record_state
    ),
    "payments.look_up": CallOut(payments.prepare_look_up, gateway.look_up, payments.record_state),
    "payments.open_checkout": CallOut(
        payments.prepare_checkout, gateway.open_checkout, payments.record_checkout
    ),
    "payments.read_notice": CallOut(
        payments.prepare_notice, gateway.look_up, payments.record_state
    ),
    "payments.refund": CallOut(payments.prepare_refund, gateway.refund, payments.record_refund),
    "scenarios.solve": CallOut(
        scenarios.prepare, scenarios.calculate, scenarios.record, queue=SLOW_QUEUE
    ),
}
