"""Prints what has come to a circle since the last time. The first time that is everything."""
import json
import pathlib
from urllib.parse import urlencode

from node import arguments, ask

TAXII = "application/taxii+json;version=2.1"

parser = arguments(__doc__)
parser.add_argument("circle", help="the circle's handle or UUID")
parser.add_argument("state", type=pathlib.Path, help="a file that keeps how far it has read")
given = parser.parse_args()

query = {"limit": 1000}
if given.state.exists():
    query["added_after"] = given.state.read_text().strip()
while True:
    with ask(f"/api/collections/{given.circle}/objects/?{urlencode(query)}", headers={"Accept": TAXII}) as answer:
        page, last = json.load(answer), answer.headers["X-TAXII-Date-Added-Last"]
    for one in page.get("objects", []):
        print(json.dumps(one, ensure_ascii=False), flush=True)
    if last:
        # No two objects of a circle are added at one time, so nothing is missed and nothing comes twice. It is kept once the
        # page is through; a real reader keeps it in the same transaction as the objects.
        given.state.write_text(last + "\n")
    if not page.get("more"):
        break
    query["next"] = page["next"]
