"""Send one message to one recipient over SMTP, always encrypted.

The certificate is checked. STARTTLS is required; the password goes over TLS only. Answers of 4xx
and unreachable servers are retried for about a minute; 5xx is final. Raises RefusedDelivery if
nothing was sent, UnansweredDelivery if the server did not answer after it received the message. No
error message contains a password or an address.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial

from pipeline.deliver.outcome import RefusedDelivery, TransientDelivery, UnansweredDelivery, retry
from pipeline.errors import ConfigError

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def check_address(address: str, where: str) -> str:
    """Return `address` if it is one plain address; raises ConfigError naming `where`."""
    if not _ADDRESS.fullmatch(address):
        raise ConfigError(
            f"{where}: {address!r} is not an e-mail address such as owner@example.com"
        )
    return address


def check_certificates(path: str, where: str) -> str:
    """Return `path`, a file of certificates or empty; raises ConfigError."""
    try:
        if path:
            ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ConfigError(
            f"{where} = {path}: no certificates can be read from it ({error.strerror or error});"
            " name a PEM file, or leave it empty for the system's"
        ) from error
    return path


@dataclass(frozen=True)
class Mailer:
    """A mail server; `security` is starttls or tls, `seconds` the limit of a step."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    seconds: float = 20.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def send(self, message: EmailMessage, to: str) -> None:
        """Hand `message` over for `to`. Raises RefusedDelivery, UnansweredDelivery."""
        from email.policy import SMTP  # slow to import

        data = message.as_bytes(policy=SMTP.clone(cte_type="7bit"))
        retry(f"mail server {self.host}:{self.port}", partial(self._attempt, data, to), self.sleep)

    def _attempt(self, data: bytes, to: str) -> None:
        with contextlib.ExitStack() as stack:
            with _naming("not reachable over TLS; see [mail] host, port, security"):
                smtp = self._connect(stack)
            with _naming("refused the login; see [mail] user and SMTP_PASSWORD"):
                if self.user:
                    smtp.login(self.user, self.password)
            with _naming("gave no answer"):
                _expect(smtp.mail(self.sender), "the sender; see [mail] sender")
                _expect(smtp.rcpt(to), "a recipient; see [mail] to and alerts_to")
            try:
                _expect(smtp.data(data), "the message")
            except smtplib.SMTPDataError as error:
                _expect((error.smtp_code, error.smtp_error), "the message")
            except (smtplib.SMTPException, OSError) as error:
                raise UnansweredDelivery(
                    f"took the message and did not answer ({type(error).__name__}); it may have"
                    " been sent"
                ) from None

    def _connect(self, stack: contextlib.ExitStack) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=self.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        name = self.sender.rpartition("@")[2]  # not the name of this machine
        smtp: smtplib.SMTP
        if self.security == "tls":
            smtp = smtplib.SMTP_SSL(
                self.host, self.port, local_hostname=name, timeout=self.seconds, context=context
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, local_hostname=name, timeout=self.seconds)
        stack.callback(smtp.close)
        smtp.ehlo_or_helo_if_needed()
        if self.security != "tls":
            if not smtp.has_extn("starttls"):
                raise RefusedDelivery(
                    "offers no STARTTLS, so nothing was sent; use a server that does, or [mail]"
                    " security = tls"
                )
            smtp.starttls(context=context)
            smtp.ehlo()
        stack.callback(_quit, smtp)
        return smtp


def _quit(smtp: smtplib.SMTP) -> None:
    with contextlib.suppress(smtplib.SMTPException, OSError):  # the message was already accepted
        smtp.quit()


@contextlib.contextmanager
def _naming(step: str) -> Iterator[None]:
    """Turn faults before the handover into errors that do not quote the message."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise RefusedDelivery(
            f"its certificate is not accepted ({error.verify_message}); nothing was sent. See"
            " [mail] host and ca_file"
        ) from None
    except smtplib.SMTPResponseException as error:
        kind = TransientDelivery if 400 <= error.smtp_code < 500 else RefusedDelivery
        raise kind(f"{step} (it answered {error.smtp_code})") from None
    except UnicodeError:  # a host or a password; the error would show a part of it
        raise RefusedDelivery(f"{step} (it has characters that cannot be sent)") from None
    except (smtplib.SMTPException, OSError) as error:
        is_final = isinstance(error, smtplib.SMTPNotSupportedError)
        kind = RefusedDelivery if is_final else TransientDelivery
        raise kind(f"{step} ({type(error).__name__})") from None


def _expect(answer: tuple[int, bytes | str], what: str) -> None:
    code = answer[0]
    if not 200 <= code < 300:
        kind = TransientDelivery if 400 <= code < 500 else RefusedDelivery
        raise kind(f"refused {what} (it answered {code})")
