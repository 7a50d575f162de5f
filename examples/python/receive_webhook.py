"""Takes what a node posts to a webhook, checks its signature, and prints each message once, as a line of JSON.

Put it behind a server that speaks TLS: nodes post to https:// addresses, or to a host that their operators name."""
import base64
import hashlib
import hmac
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from node import arguments

TOLERANCE_S = 300
BYTES_MAX = 4 * 1024 * 1024

parser = arguments(__doc__)
parser.add_argument("--port", type=int, default=8080)
parser.add_argument("--count", type=int, default=0, help="end after so many messages; 0 for never")
given = parser.parse_args()

# As `bongsu member webhook HANDLE --url URL` printed it, once.
secret = os.environ.get("BONGSU_WEBHOOK_SECRET", "")
if not secret.startswith("whsec_"):
    sys.exit("BONGSU_WEBHOOK_SECRET is no secret of a webhook: it begins with whsec_")
key = base64.b64decode(secret.removeprefix("whsec_"))
seen = set()


def is_signed(identity, stamp, body, signatures):
    """Whether a message is the node's, and new. Source: Standard Webhooks."""
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE_S:
        return False
    made = hmac.digest(key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256)
    expected = b"v1," + base64.b64encode(made)
    return any(hmac.compare_digest(expected, one.encode()) for one in signatures.split(" "))


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > BYTES_MAX:
            return self.answer(413)
        body = self.rfile.read(int(length))
        identity, stamp, signatures = (
            self.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
        )
        if not is_signed(identity, stamp, body, signatures):
            return self.answer(401)
        # A message may be posted twice under one id: keep ids where they outlive this process.
        if identity not in seen:
            seen.add(identity)
            print(body.decode(), flush=True)
        self.answer(204)
        if given.count and len(seen) >= given.count:
            os._exit(0)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()
        self.wfile.flush()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", given.port), Receiver)
print(f"listening on port {server.server_address[1]}", file=sys.stderr, flush=True)
server.serve_forever()
