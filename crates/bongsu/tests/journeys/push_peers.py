"""Members' own systems: one that takes webhooks, checked by the library of the specification's authors, and one that reads
server-sent events.

    push_peers.py hook SECRET_FILE          prints its port, then a line of JSON for each request
    push_peers.py events URL USER TOKEN COUNT [ID]
                                            prints so many events as lines of JSON, then ends
"""
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
import sseclient
from standardwebhooks import Webhook, WebhookVerificationError


def say(line):
    # In one piece: several threads say something.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def hook(secret_file):
    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            told = {"path": self.path, "id": self.headers["webhook-id"], "body": json.loads(body)}
            try:
                Webhook(Path(secret_file).read_text().strip()).verify(body, dict(self.headers))
                told["verified"] = True
            except WebhookVerificationError as error:
                told["verified"] = str(error)
            fails = self.path == "/maybe" and Path(secret_file + ".fails").exists()
            told["status"] = 500 if fails else 302 if self.path == "/elsewhere" else 410 if self.path == "/gone" else 200
            say(told)
            if self.path == "/silent":
                time.sleep(120)
            self.send_response(told["status"])
            if told["status"] == 302:
                self.send_header("location", "/maybe")
            answer = b"x" * (10_000_000 if self.path == "/much" else 0)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self):
            say({"path": self.path, "id": None, "verified": "a GET", "status": 405})
            self.send_error(405)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    say(server.server_address[1])
    server.serve_forever()


def events(url, user, token, count, last=None):
    headers = {"accept": "text/event-stream"} | ({"last-event-id": last} if last else {})
    with requests.get(url, auth=(user, token), headers=headers, stream=True, timeout=60) as answer:
        if answer.status_code != 200:
            say({"status": answer.status_code, "text": answer.text})
            return
        if int(count) == 0:
            say({"status": 200})
        seen = 0
        for event in sseclient.SSEClient(answer).events():
            say({"event": event.event, "id": event.id, "data": json.loads(event.data)})
            seen += 1
            if seen == int(count):
                return


{"hook": hook, "events": events}[sys.argv[1]](*sys.argv[2:])
