"""Templates: what an RFQ asked for, kept under a name to ask for it again."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import audit
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import audience, queries, template_content
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.repeating import draft_of
from marketplace.rfq.asking.template_models import RfqTemplate
from marketplace.rfq.services import drafting


class TemplateNameTaken(Conflict):
    code = "template_name_taken"


@requires(Permission.RFQ_DRAFT)
def search(
    session: Session, actor: Actor, cursor: str | None = None, limit: int = 50
) -> Page[RfqTemplate]:
    """The templates of the actor's organisation, by name."""
    query = select(RfqTemplate).where(RfqTemplate.buyer_id == actor.organisation_id)
    order = (RfqTemplate.name.asc(), RfqTemplate.id.asc())
    return paginate(session, query, order=order, cursor=cursor, limit=limit)


@requires(Permission.RFQ_DRAFT)
def read(session: Session, actor: Actor, template_id: UUID) -> RfqTemplate:
    """The template, or NotFound for those of others."""
    return _own(session, actor, template_id)


@requires(Permission.RFQ_DRAFT)
def save(session: Session, actor: Actor, rfq_id: UUID, name: str) -> RfqTemplate:
    """Keep what this RFQ asks for, with the suppliers as a proposal; no dates, files or bids."""
    rfq = queries.get_own_with_content(session, actor, rfq_id)
    _check_free(session, actor, name)
    asked = [invitation.supplier_id for invitation in queries.invitations(session, rfq_id)]
    template = RfqTemplate(
        buyer_id=actor.organisation_id,
        name=name,
        kind=rfq.kind,
        title=rfq.title,
        line_count=len(rfq.lines),
        supplier_count=len(asked),
        content=template_content.to_json(draft_of(rfq, asked)),
        created_by=actor.person_id,
    )
    session.add(template)
    session.flush()
    _note(session, actor, "created", template, {"name": name, "rfq": rfq.number})
    return template


@requires(Permission.RFQ_DRAFT)
def rename(
    session: Session, actor: Actor, template_id: UUID, name: str, expected: int | None = None
) -> RfqTemplate:
    """Give it another name. Raises TemplateNameTaken."""
    template = _own(session, actor, template_id, lock=True)
    check_version(template, expected)
    if name != template.name:
        _check_free(session, actor, name)
        _note(session, actor, "renamed", template, {"from": template.name, "to": name})
        template.name = name
        session.flush()
    return template


@requires(Permission.RFQ_DRAFT)
def delete(session: Session, actor: Actor, template_id: UUID, expected: int | None = None) -> None:
    """Remove it. RFQs that were made of it stay."""
    template = _own(session, actor, template_id, lock=True)
    check_version(template, expected)
    _note(session, actor, "deleted", template, {"name": template.name})
    session.delete(template)
    session.flush()


@requires(Permission.RFQ_DRAFT)
def use(session: Session, actor: Actor, template_id: UUID) -> Rfq:
    """A new draft of the template, proposing those of its suppliers who can be invited today."""
    template = _own(session, actor, template_id)
    draft = template_content.from_json(template.content)
    invitable = audience.still_invitable(session, draft.supplier_ids)
    draft = replace(draft, supplier_ids=invitable)
    return drafting.create(session, actor, draft, {"template": template.name})


def _own(session: Session, actor: Actor, template_id: UUID, *, lock: bool = False) -> RfqTemplate:
    query = select(RfqTemplate).where(
        RfqTemplate.id == template_id, RfqTemplate.buyer_id == actor.organisation_id
    )
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(_("There is no such template."))
    return found


def _check_free(session: Session, actor: Actor, name: str) -> None:
    taken = select(RfqTemplate.id).where(
        RfqTemplate.buyer_id == actor.organisation_id, RfqTemplate.name == name
    )
    if session.scalar(taken) is not None:
        raise TemplateNameTaken(_("Another template has this name. Choose a different one."))


def _note(
    session: Session, actor: Actor, done: str, template: RfqTemplate, details: dict[str, str]
) -> None:
    audit.record(session, actor, f"rfq_template.{done}", ("rfq_template", template.id), {**details})
