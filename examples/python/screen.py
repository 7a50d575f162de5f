"""Asks whether a value is known to be bad: a domain, an address, a hash, a wallet, a name. It ends with 3 if it is."""
import sys
from urllib.parse import urlencode

from node import arguments, ask_json

parser = arguments(__doc__)
parser.add_argument("value", help="in any spelling, defanged too")
parser.add_argument("--kind", help="what it is meant to be, if its form does not say so")
given = parser.parse_args()

query = {"value": given.value, **({"kind": given.kind} if given.kind else {})}
found = ask_json(f"/screening/value?{urlencode(query)}")["results"][0]
print(found["value"], found["result"])
for match in found.get("matches", []):
    print("  ", match["kind"], match["value"], match["by"], match["tlp"], match["do"]["say"])
# What can't be read is no value that is clean.
sys.exit({"clear": 0, "unreadable": 1}.get(found["result"], 3))
