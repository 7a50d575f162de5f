"""A mail server that speaks STARTTLS and prints each mail, parsed, as a line of JSON. Prints its port first.

    mail_server.py CERT KEY FAILS

`refused@…` is refused for good, `later@…` as long as the file FAILS is there, and `silent@…` is never answered.
"""
import asyncio
import email
import email.policy
import json
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP

cert, key, fails = sys.argv[1:]


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
            "to": envelope.rcpt_tos, "from": envelope.mail_from, "tls": session.ssl is not None,
            "subject": mail["subject"], "id": mail["message-id"], "auto": mail["auto-submitted"],
            "date": mail["date"].datetime.isoformat(), "reply_to": mail["reply-to"], "type": mail.get_content_type(),
            "parts": [part.get_content_type() for part in mail.iter_parts()],
            "text": mail.get_body(("plain",)).get_content(), "html": mail.get_body(("html",)).get_content(),
            "defects": [str(defect) for defect in mail.defects],
        }), flush=True)
        return "250 OK"


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)


async def main():
    make = lambda: SMTP(Handler(), tls_context=context, require_starttls=True)
    server = await asyncio.get_running_loop().create_server(make, host="127.0.0.1", port=0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
