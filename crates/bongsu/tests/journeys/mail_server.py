"""A mail server that prints each mail, parsed, as a line of JSON. Prints its port first.

    mail_server.py CERT KEY FAILS MODE

MODE is `starttls`, `implicit` (TLS from the first byte), or `plain` or `login`: STARTTLS, and a log-in as `bongsu` with the
password `right` by this mechanism alone. `refused@…` is refused for good, `later@…` as long as the file FAILS is there, and
`silent@…` is never answered. What is attached is put beside FAILS.
"""
import asyncio
import email
import email.policy
import json
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

cert, key, fails, mode = sys.argv[1:]
counted = 0


def attached(mail):
    """Where the documents of a mail were put."""
    global counted
    paths = []
    for part in mail.iter_attachments():
        counted += 1
        path = Path(fails).parent / f"{counted}-{part.get_filename()}"
        path.write_bytes(part.get_payload(decode=True))
        paths.append({"name": part.get_filename(), "type": part.get_content_type(), "path": str(path)})
    return paths


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 5.1.1 no such person"
        if address.startswith("later@") and Path(fails).exists():
            return "451 4.3.0 come back later"
        if address.startswith("silent@"):
            await asyncio.sleep(600)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            "to": envelope.rcpt_tos, "from": envelope.mail_from, "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": (session.auth_data.login.decode() if session.auth_data else None), "language": mail["content-language"],
            "subject": mail["subject"], "headers": mail.keys(), "id": mail["message-id"], "auto": mail["auto-submitted"],
            "date": mail["date"].datetime.isoformat(), "reply_to": mail["reply-to"], "type": mail.get_content_type(),
            "parts": [part.get_content_type() for part in mail.iter_parts()],
            "text": mail.get_body(("plain",)).get_content(), "html": mail.get_body(("html",)).get_content(),
            "attached": attached(mail), "defects": [str(defect) for part in mail.walk() for defect in part.defects],
        }), flush=True)
        return "250 OK"


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)


def authenticator(server, session, envelope, mechanism, data):
    is_right = data.login == b"bongsu" and data.password == b"right"
    # Not handled: the server says 535 by itself.
    return AuthResult(success=is_right, handled=False, auth_data=data)


def smtp():
    if mode == "implicit":
        return SMTP(Handler())
    if mode == "starttls":
        return SMTP(Handler(), tls_context=context, require_starttls=True)
    others = [name for name in ("PLAIN", "LOGIN") if name != mode.upper()]
    return SMTP(
        Handler(), tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticator,
        auth_exclude_mechanism=others,
    )


async def main():
    own = context if mode == "implicit" else None
    server = await asyncio.get_running_loop().create_server(smtp, host="127.0.0.1", port=0, ssl=own)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
