"""Tasks that services enqueue by name: {task name: work}.

A task takes (session, actor, **args); the actor is the system, the arguments are those of
`core.jobs.enqueue`.
"""

from collections.abc import Mapping

from marketplace.notifications import mail
from workers.work import CallOut, Work

TASKS: Mapping[str, Work] = {
    "notifications.send_mail": CallOut(mail.prepare, mail.call, mail.record),
}
