"""Which reactions follow an event: {event name: {reaction name: work}}.

A reaction takes (session, event), bears a repeat and uses the event's own times. One that calls
out of the process is a CallOut. The names are stored with waiting jobs: rename a function freely,
but keep its name here until no job of that name waits.
"""

from collections.abc import Mapping

from marketplace.notifications import reactions as notifications
from workers.work import Work

SUBSCRIPTIONS: Mapping[str, Mapping[str, Work]] = {
    "identity.member_added": {"invite_member": notifications.invite_member},
    "identity.password_forgotten": {"send_password_link": notifications.send_password_link},
}
