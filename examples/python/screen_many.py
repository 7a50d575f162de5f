"""Asks about many values, one on each line of a file or of standard input. It ends with 3 if one is known to be bad."""
import argparse
import json
import sys

from node import arguments, ask

AT_ONCE = 10_000

parser = arguments(__doc__)
parser.add_argument("file", nargs="?", type=argparse.FileType("r"), default=sys.stdin)
given = parser.parse_args()

values, worst = [line.strip() for line in given.file if line.strip()], 0
for begin in range(0, len(values), AT_ONCE):
    part = values[begin : begin + AT_ONCE]
    headers = {"Content-Type": "text/plain; charset=utf-8", "Accept": "application/x-ndjson"}
    with ask("/screening/values", "\n".join(part).encode(), headers) as answer:
        next(answer)  # The first line says which lists were asked, and when.
        for line in answer:
            found = json.loads(line)
            print(found["result"], found["value"], sep="\t")
            worst = max(worst, {"clear": 0, "unreadable": 1}.get(found["result"], 3))
sys.exit(worst)
