"""Prints every object of a circle that you may see, one on each line, page by page."""
import json
from urllib.parse import urlencode

from node import arguments, ask_json

TAXII = "application/taxii+json;version=2.1"

parser = arguments(__doc__)
parser.add_argument("circle", help="the circle's handle or UUID")
parser.add_argument("--type", help="types, with commas between them")
parser.add_argument("--limit", type=int, default=1000, help="objects on a page")
given = parser.parse_args()

query = {"limit": given.limit}
if given.type:
    query["match[type]"] = given.type
while True:
    page = ask_json(f"/api/collections/{given.circle}/objects/?{urlencode(query)}", headers={"Accept": TAXII})
    for one in page.get("objects", []):
        print(json.dumps(one, ensure_ascii=False))
    if not page.get("more"):
        break
    # With the same filters as before.
    query["next"] = page["next"]
