"""The letters of notices: written in the recipient's language, sent between two transactions.

With SMTP settings they go out; without, each becomes an .eml file in the mail directory.
"""

import functools
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit
from uuid import UUID

from jinja2 import Environment, PackageLoader, select_autoescape
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.text import _, known_language, language, reading_in
from marketplace.identity import password_links
from marketplace.identity.models import Organisation, Person
from marketplace.identity.permissions import Actor
from marketplace.notifications.kinds import KINDS
from marketplace.notifications.models import MailMessage, Notice
from marketplace.notifications.posting import MAIL_AGE_LIMIT
from marketplace.notifications.states import MailState
from marketplace.notifications.wording import words_of
from marketplace.settings import Settings, Smtp, current

SMTP_TIMEOUT = 10


@dataclass(frozen=True)
class Letter:
    """A letter that is ready to go; its id stays the same when sending is tried again."""

    mail_id: UUID
    to: str
    subject: str
    text: str
    html: str
    written_at: datetime


def prepare(session: Session, _actor: Actor, *, mail_id: str) -> Letter | None:
    """Write the letter, or None when it was sent, has become too old, or has no recipient."""
    mail = session.get(MailMessage, UUID(mail_id), with_for_update=True)
    if mail is None or mail.state is not MailState.QUEUED:
        return None
    notice = session.get_one(Notice, mail.notice_id)
    person = session.get_one(Person, notice.person_id)
    if not person.active or notice.occurred_at < clock.now() - MAIL_AGE_LIMIT:
        mail.state = MailState.SKIPPED
        return None
    organisation = session.get_one(Organisation, notice.organisation_id)
    return write(mail.id, notice, person, organisation)


def call(letter: Letter) -> UUID:
    """Send the letter, or write it to a file where no mail server is set."""
    settings = current()
    message = as_message(letter, settings)
    if settings.smtp is None:
        settings.mail_dir.mkdir(parents=True, exist_ok=True)
        (settings.mail_dir / f"{letter.mail_id}.eml").write_bytes(bytes(message))
    else:
        _send(message, settings.smtp)
    return letter.mail_id


def record(session: Session, mail_id: UUID) -> None:
    """Note that it went out."""
    mail = session.get_one(MailMessage, mail_id)
    mail.state = MailState.SENT
    mail.sent_at = clock.now()


def write(mail_id: UUID, notice: Notice, person: Person, organisation: Organisation) -> Letter:
    """The letter in the language and zone of its recipient."""
    with reading_in(known_language(person.locale or organisation.locale)):
        words = words_of(notice, person.time_zone or organisation.time_zone)
        context = {
            "words": words,
            "person": person,
            "organisation": organisation,
            "url": link_of(notice),
            "language": language(),
        }
        return Letter(
            mail_id=mail_id,
            to=person.email,
            subject=" ".join(words.title.split()),
            text=_templates().get_template("notifications/mail.txt").render(context),
            html=_templates().get_template("notifications/mail.html").render(context),
            written_at=clock.now(),
        )


def link_of(notice: Notice) -> str:
    """The address that the letter's button opens."""
    settings = current()
    kind = KINDS.get(notice.kind)
    token = (
        f"?token={password_links.sign(notice.url, settings.secret_key)}"
        if kind and kind.signed
        else ""
    )
    return f"{settings.public_url}{notice.url}{token}"


def as_message(letter: Letter, settings: Settings) -> EmailMessage:
    """Plain text and HTML of the letter as one message."""
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.written_at)
    host = urlsplit(settings.public_url).hostname or "localhost"
    message["Message-ID"] = f"<{letter.mail_id}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _send(message: EmailMessage, smtp: Smtp) -> None:
    context = ssl.create_default_context()
    with _connection(smtp, context) as server:
        if smtp.tls == "starttls":
            server.starttls(context=context)
        if smtp.username:
            server.login(smtp.username, smtp.password or "")
        server.send_message(message)


def _connection(smtp: Smtp, context: ssl.SSLContext) -> smtplib.SMTP:
    if smtp.tls == "implicit":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=SMTP_TIMEOUT, context=context)
    return smtplib.SMTP(smtp.host, smtp.port, timeout=SMTP_TIMEOUT)


@functools.cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("marketplace.notifications"),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = _
    return environment
