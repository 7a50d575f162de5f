"""Tells a circle that an indicator was seen."""
import datetime
import sys
import uuid

from node import arguments, ask_json

TAXII = "application/taxii+json;version=2.1"

parser = arguments(__doc__)
parser.add_argument("circle", help="the circle's handle or UUID")
parser.add_argument("indicator", help="the indicator's id")
parser.add_argument("--count", type=int, default=1, help="how often it was seen")
given = parser.parse_args()

now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
sighting = {
    "type": "sighting",
    "spec_version": "2.1",
    "id": f"sighting--{uuid.uuid4()}",
    "created": now,
    "modified": now,
    "last_seen": now,
    "count": given.count,
    "sighting_of_ref": given.indicator,
}
path = f"/api/collections/{given.circle}/objects/"
status = ask_json(path, {"objects": [sighting]}, {"Content-Type": TAXII, "Accept": TAXII})
if status["failure_count"]:
    sys.exit(status["failures"][0]["message"])
print(sighting["id"])
