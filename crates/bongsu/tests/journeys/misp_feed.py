"""Reads a node's feed as MISP does, and checks it with PyMISP's feed tools.

Arguments: the feed's address, user, password, a folder to fill. Manifest, hashes and events are fetched into the folder; then
PyMISP loads each event and makes manifest and hashes of its own from them, which must be the node's.
"""

import base64
import json
import pathlib
import sys

import requests
from pymisp import MISPEvent
from pymisp.tools.feed import feed_meta_generator

url, user, password, folder = sys.argv[1:5]
folder = pathlib.Path(folder)
session = requests.Session()
# As a feed's "headers" field in MISP has it.
session.headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def get(name, etag=None):
    response = session.get(f"{url}/{name}", headers={"If-None-Match": etag} if etag else {})
    assert response.status_code in (200, 304), (name, response.status_code, response.text)
    assert response.headers["ETag"] and response.headers["Last-Modified"].endswith(" GMT"), response.headers
    return response


answer = get("manifest.json")
manifest = answer.json()
assert get("manifest.json", answer.headers["ETag"]).status_code == 304
for uuid, row in manifest.items():
    answer = get(f"{uuid}.json")
    assert get(f"{uuid}.json", answer.headers["ETag"]).status_code == 304
    event = MISPEvent()
    event.load(answer.text)
    assert event.uuid == uuid and event.info == row["info"] and event.Orgc.name == row["Orgc"]["name"], row
    assert int(event.timestamp.timestamp()) == row["timestamp"], (event.timestamp, row)
    raw = answer.json()["Event"]
    local = {"id", "org_id", "orgc_id", "attribute_count", "event_creator_email"} & raw.keys()
    assert not local, local
    (folder / f"{uuid}.json").write_text(answer.text)
hashes = get("hashes.csv").text
feed_meta_generator(folder)
theirs = json.loads((folder / "manifest.json").read_text())
assert theirs.keys() == manifest.keys()
for uuid, row in theirs.items():
    own = manifest[uuid]
    assert {k: str(row[k]) for k in ("info", "date", "analysis", "threat_level_id", "timestamp")} == {
        k: str(own[k]) for k in ("info", "date", "analysis", "threat_level_id", "timestamp")
    }, (row, own)
    assert [t["name"] for t in row["Tag"]] == [t["name"] for t in own["Tag"]], (row["Tag"], own["Tag"])
    assert row["Orgc"]["uuid"] == own["Orgc"]["uuid"]
assert sorted(hashes.splitlines()) == sorted((folder / "hashes.csv").read_text().splitlines())
for wrong in ("5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2199.json", "../manifest.json", "x.json", "manifest"):
    assert session.get(f"{url}/{wrong}").status_code == 404, wrong
nobody = requests.get(f"{url}/manifest.json")
assert nobody.status_code == 401 and "www-authenticate" in nobody.headers
print(len(manifest), len(hashes.splitlines()))
