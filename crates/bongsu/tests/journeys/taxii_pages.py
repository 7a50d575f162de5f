"""Pages through a collection with the OASIS taxii2-client and writes the SHA-256 of each object's own bytes, one a line.

Arguments: URL of the collection, user, password, objects per page. The client hands out parsed JSON, so the bytes are
taken from the responses that it received.
"""

import hashlib
import json
import sys

import requests
from taxii2client.v21 import Collection, as_pages

bodies = []
send = requests.Session.send


def listening(self, request, **kwargs):
    response = send(self, request, **kwargs)
    bodies.append(response.content.decode("utf-8"))
    return response


requests.Session.send = listening
url, user, password, per_request = sys.argv[1:5]
collection = Collection(url, user=user, password=password)
assert collection.can_read, "the collection can't be read"
bodies.clear()
decoder = json.JSONDecoder()
pages = 0
seen = 0
for envelope in as_pages(collection.get_objects, per_request=int(per_request)):
    pages += 1
    seen += len(envelope.get("objects", []))
for body in bodies:
    at = body.find('"objects":[')
    if at < 0:
        continue
    at += len('"objects":[')
    while body[at] != "]":
        if body[at] == ",":
            at += 1
        _, end = decoder.raw_decode(body, at)
        print(hashlib.sha256(body[at:end].encode("utf-8")).hexdigest())
        at = end
print(f"{pages} pages, {seen} objects", file=sys.stderr)
