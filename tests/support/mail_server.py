"""An SMTP server on this machine that keeps the mails it gets (RFC 5321, as much as Alertmanager needs)."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread


@dataclass
class Mailbox:
    """The address of a server (HOST:PORT), and the mails that it got."""

    address: str = ""
    mails: list[EmailMessage] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run a server that accepts every mail."""
    mailbox = Mailbox()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            while line := self.rfile.readline().decode().strip():
                match line.split()[0].upper():
                    case "DATA":
                        self._say("354 go on")
                        mailbox.mails.append(self._read_mail())
                        self._say("250 accepted")
                    case "QUIT":
                        self._say("221 bye")
                        return
                    case _:
                        self._say("250 yes")

        def _read_mail(self) -> EmailMessage:
            lines = iter(self.rfile.readline, b".\r\n")
            # RFC 5321, 4.5.2: a line that begins with a dot gets another one.
            content = b"".join(line[1:] if line.startswith(b".") else line for line in lines)
            return email.message_from_bytes(content, policy=email.policy.default)

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        mailbox.address = f"127.0.0.1:{server.server_address[1]}"
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield mailbox
        finally:
            server.shutdown()
            serving.join()
