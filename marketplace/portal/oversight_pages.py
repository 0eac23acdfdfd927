"""The history of all documents, and the jobs behind the scenes."""

from collections.abc import Sequence
from uuid import UUID

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core.jobs import JobState
from marketplace.core.text import _
from marketplace.identity.permissions import Permission
from marketplace.portal import oversight
from marketplace.portal.subjects import name_of, path_of
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import flash

pages = PageBlueprint("oversight", __name__)
pages.add_app_template_global(name_of, "subject_name")

FAULTS = {
    "missing": _("missing before this one"),
    "changed": _("altered"),
    "cut": _("the end was removed"),
}


@pages.app_template_global("subject_names")
def subject_names(kinds: Sequence[str]) -> list[tuple[str, str]]:
    """Kinds of documents as the options of a field."""
    return sorted(((kind, name_of(kind)) for kind in kinds), key=lambda pair: pair[1])


@pages.app_template_global("fault_name")
def fault_name(fault: str) -> str:
    """What is wrong with an entry of the chain."""
    return str(FAULTS.get(fault, fault))


@pages.get("/audit")
def audit() -> str:
    kind = request.args.get("subject_kind", "")
    page = oversight.search_history(
        current_session(),
        current_actor(),
        subject_kind=kind or None,
        action=request.args.get("action", "").strip() or None,
        cursor=request.args.get("cursor"),
    )
    return render_template(
        "portal/audit.html",
        page=page,
        kinds=oversight.subject_kinds(current_session(), current_actor()),
        kind=kind,
        action=request.args.get("action", ""),
    )


@pages.get("/audit/<subject_kind>/<uuid:subject_id>")
def document(subject_kind: str, subject_id: UUID) -> str:
    session, actor = current_session(), current_actor()
    entries = oversight.history(session, actor, subject_kind, subject_id)
    checked = "verify" in request.args
    return render_template(
        "portal/audit_document.html",
        entries=entries,
        subject_kind=subject_kind,
        subject_id=subject_id,
        path=path_of(actor, subject_kind, subject_id),
        proof=oversight.verify(session, actor, subject_kind, subject_id) if checked else None,
    )


@pages.get("/jobs")
def jobs() -> str:
    session, actor = current_session(), current_actor()
    chosen = request.args.get("state", "")
    state = JobState(chosen) if chosen in set(JobState) else None
    return render_template(
        "portal/jobs.html",
        page=oversight.search_jobs(session, actor, state=state, cursor=request.args.get("cursor")),
        counts=oversight.job_counts(session, actor),
        state=state,
        may_retry=actor.may(Permission.JOB_MANAGE),
    )


@pages.get("/jobs/<uuid:job_id>")
def job(job_id: UUID) -> str:
    actor = current_actor()
    return render_template(
        "portal/job.html",
        job=oversight.get_job(current_session(), actor, job_id),
        may_retry=actor.may(Permission.JOB_MANAGE),
    )


@pages.post("/jobs/<uuid:job_id>/retry")
def retry(job_id: UUID) -> ResponseReturnValue:
    found = oversight.retry_job(current_session(), current_actor(), job_id)
    flash(_("%(name)s will be tried again.", name=found.name))
    return redirect(f"/jobs/{job_id}", 303)
