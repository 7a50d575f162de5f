"""Prints every object of a circle that you may see, with taxii2-client (pip install taxii2-client)."""
import json
import os
import sys

from taxii2client.v21 import Server, as_pages

from node import arguments

parser = arguments(__doc__)
parser.add_argument("circle", help="the circle's handle")
parser.add_argument("--user", required=True, help="your member's handle: with the token, HTTP Basic")
parser.add_argument("--limit", type=int, default=1000, help="objects on a page")
given = parser.parse_args()

url = os.environ["BONGSU_URL"].rstrip("/") + "/taxii2/"
verify = os.environ.get("BONGSU_CA", True)
server = Server(url, user=given.user, password=os.environ["BONGSU_TOKEN"], verify=verify)
found = [one for root in server.api_roots for one in root.collections if given.circle in (one.id, one.alias)]
if not found:
    sys.exit(f"{given.circle} is no circle of yours; or your level has no collections")
for page in as_pages(found[0].get_objects, per_request=given.limit):
    for one in page.get("objects", []):
        print(json.dumps(one, ensure_ascii=False))
