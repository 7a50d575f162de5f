"""Gets a circle's checkpoint and the proof that an object stands in its log, and checks that the proof leads to the checkpoint.

The signatures are not looked at here: `bongsu audit proof FILE --key KEY` does that too, and asks nobody."""
import base64
import hashlib
import json
import pathlib
import sys

from node import arguments, ask, ask_json


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(index, size, leaf, path):
    """The root to which a leaf leads. Source: RFC 9162, section 2.1.3.2."""
    fn, sn, root = index, size - 1, leaf
    for sibling in path:
        if fn % 2 or fn == sn:
            root = sha256(b"\x01", sibling, root)
            while not fn % 2 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = sha256(b"\x01", root, sibling)
        fn, sn = fn >> 1, sn >> 1
    return root if sn == 0 else None


parser = arguments(__doc__)
parser.add_argument("circle", help="the circle's handle")
parser.add_argument("object", help="the object's id")
parser.add_argument("folder", type=pathlib.Path, help="where `checkpoint` and `proof.json` go")
given = parser.parse_args()

logs = ask_json("/log")["logs"]
circle = next((log["circle"] for log in logs if log["handle"] == given.circle), None)
if circle is None:
    sys.exit(f"{given.circle} is no circle of yours")
with ask(f"/log/{circle}/checkpoint") as answer:
    (given.folder / "checkpoint").write_bytes(answer.read())
with ask(f"/objects/{given.circle}/{given.object}/proof.json") as answer:
    text = answer.read()
(given.folder / "proof.json").write_bytes(text)

proof = json.loads(text)
record = proof["record"]
when_salt, about, content = (base64.b64decode(record[name]) for name in ("when_salt", "about", "content"))
if "content_salt" in record:
    salt = base64.b64decode(record["content_salt"])
    if sha256(salt, sha256(proof["object"].encode())) != content:
        sys.exit("the object is not the one that the log has")
when = sha256(when_salt, record["added_us"].to_bytes(8, "big", signed=True))
leaf = sha256(b"\x00\x02", when, about, content)
_, size, root = proof["checkpoint"].split("\n")[:3]
path = [base64.b64decode(one) for one in proof["inclusion"]]
if root_of(record["number"] - 1, int(size), leaf, path) != base64.b64decode(root):
    sys.exit("the proof does not lead to the checkpoint")
print(f"{given.object} is record {record['number']} of {size}")
