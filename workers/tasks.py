"""Tasks that services enqueue by name: {task name: work}.

A task takes (session, actor, **args); the actor is the system, the arguments are those of
`core.jobs.enqueue`.
"""

from collections.abc import Mapping

from workers.work import Work

TASKS: Mapping[str, Work] = {}
