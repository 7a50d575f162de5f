"""Fetches a list, a zone or a rule file into a file, only if it has changed."""
import os
import pathlib

from node import arguments, ask

parser = arguments(__doc__)
parser.add_argument("name", help="what stands behind /d/, such as list/domain.bare.txt, zone.rpz or suricata.rules")
parser.add_argument("file", type=pathlib.Path, help="where it goes; its entity tag goes beside it, into FILE.etag")
given = parser.parse_args()

tag = given.file.with_name(given.file.name + ".etag")
headers = {"If-None-Match": tag.read_text()} if tag.exists() and given.file.exists() else {}
with ask(f"/d/{given.name}", headers=headers) as answer:
    if answer.status == 304:
        print("unchanged")
    else:
        # In one step, so that whoever reads the file never reads half of it.
        new = given.file.with_name(given.file.name + ".new")
        new.write_bytes(answer.read())
        os.replace(new, given.file)
        tag.write_text(answer.headers["ETag"])
        print("new")
