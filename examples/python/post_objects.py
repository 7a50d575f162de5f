"""Adds the objects of a STIX bundle to a circle, and says what became of each."""
import argparse
import json
import sys

from node import arguments, ask_json

TAXII = "application/taxii+json;version=2.1"

parser = arguments(__doc__)
parser.add_argument("circle", help="the circle's handle or UUID")
parser.add_argument("file", type=argparse.FileType("r"), help="a bundle, an envelope, or one object")
given = parser.parse_args()

content = json.load(given.file)
objects = content.get("objects", [content])
path = f"/api/collections/{given.circle}/objects/"
status = ask_json(path, {"objects": objects}, {"Content-Type": TAXII, "Accept": TAXII})
for kind in ("successes", "pendings", "failures"):
    for one in status.get(kind, []):
        print(kind, one["id"], one.get("message", ""))
# What is called a success is on the node's disk; what is pending waits for somebody's decision.
sys.exit(1 if status["failure_count"] else 0)
