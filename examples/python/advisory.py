"""Downloads the advisory: what is under way, and what to do today."""
import pathlib

from node import arguments, ask

parser = arguments(__doc__)
parser.add_argument("file", type=pathlib.Path, help="its ending says the form: .pdf, .html, .txt or .eml")
parser.add_argument("--language", help="en, ko, fr, id or vi; your member's if it is not said")
given = parser.parse_args()

form = given.file.suffix
with ask(f"/d/advisory{form}" + (f"?lang={given.language}" if given.language else "")) as answer:
    given.file.write_bytes(answer.read())
print(given.file)
