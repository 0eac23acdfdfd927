"""A mail server on this machine: keeps what it is given, refuses the addresses it is told to."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser


@dataclass(frozen=True)
class Delivery:
    """One accepted message: the recipients of the envelope, and what they read."""

    recipients: list[str]
    message: EmailMessage


@dataclass
class MailServer:
    port: int
    refused: set[str] = field(default_factory=set)
    deliveries: list[Delivery] = field(default_factory=list)


class _Dialogue(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as smtplib speaks."""

    recipients: list[str]

    def handle(self) -> None:
        self.recipients = []
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            verb, _space, rest = line.partition(" ")
            getattr(self, f"do_{verb.lower()}", self.do_other)(rest)

    def do_rcpt(self, rest: str) -> None:
        address = rest.partition("<")[2].partition(">")[0]
        if address in self.mail.refused:
            self._say("550 no such mailbox")
        else:
            self.recipients.append(address)
            self._say("250 ok")

    def do_data(self, _rest: str) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = BytesParser(policy=policy.default).parsebytes(b"".join(lines))
        self.mail.deliveries.append(Delivery(self.recipients, message))  # type: ignore[arg-type]
        self.recipients = []
        self._say("250 kept")

    def do_quit(self, _rest: str) -> None:
        self._say("221 bye")

    def do_other(self, _rest: str) -> None:
        self._say("250 ok")

    @property
    def mail(self) -> MailServer:
        kept: MailServer = self.server.mail  # type: ignore[attr-defined]
        return kept

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """The server on a free port, until the block ends."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Dialogue) as server:
        server.daemon_threads = True
        server.mail = MailServer(server.server_address[1])  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.mail  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()
