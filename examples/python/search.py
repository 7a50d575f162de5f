"""Finds objects in all your circles, the newest first."""
from urllib.parse import urlencode

from node import arguments, ask_json

parser = arguments(__doc__)
parser.add_argument("words", nargs="*", help="words that must all be there")
parser.add_argument("--type", help="types, with commas between them")
parser.add_argument("--value", help="a value that a text of it names, whole")
parser.add_argument("--most", type=int, default=100, help="most objects")
given = parser.parse_args()

# A space at the end makes the last word a whole word.
asked = {"q": " ".join(given.words) + " ", "type": given.type, "value": given.value, "limit": min(given.most, 1000)}
path, left = "/objects.json?" + urlencode({name: value for name, value in asked.items() if value}), given.most
while path and left:
    page = ask_json(path)
    for one in page["objects"][:left]:
        print(one["added"], one["tlp"], one["type"], one["id"], one["name"], sep="\t")
    left -= min(left, len(page["objects"]))
    path = page["next"]
