"""Synchronises with a node as a MISP does: the requests of MISP 2.5's ServerSyncTool in its order, with its headers.

Arguments: the node's address, the pushing member's key, the pulling member's key, then files with MISP events. What was pushed
is pulled back and compared; what was passed is written to stdout, one step a line.
"""

import copy
import gzip
import json
import sys

import requests

url, push_key, pull_key, *files = sys.argv[1:]


class Sync:
    """One MISP that knows the node as a sync server."""

    def __init__(self, key):
        self.session = requests.Session()
        self.headers = {
            "Authorization": key,
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "MISP 2.5.24 - #0123456789",
        }
        self.info = self.get("/servers/getVersion")

    def get(self, path):
        response = self.session.get(url + path, headers=self.headers)
        assert response.ok, (path, response.status_code, response.text)
        return response.json()

    def head(self, path):
        return self.session.head(url + path, headers=self.headers).status_code

    def post(self, path, data, etag=None, status=200):
        headers = dict(self.headers)
        body = json.dumps(data).encode()
        if etag is not None:
            headers["If-None-Match"] = etag
        if len(body) > 1024 and "gzip" in self.info["request_encoding"]:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 1)
        response = self.session.post(url + path, data=body, headers=headers)
        assert response.status_code in (status, 304), (path, response.status_code, response.text[:2000])
        return response


def passed(step):
    print(step, flush=True)


# What runConnectionTest asks.
pusher = Sync(push_key)
assert pusher.info["version"].split(".")[:2] == ["2", "5"] and pusher.info["perm_sync"], pusher.info
told = pusher.post("/servers/postTest", {"testString": "a string with ümlauts and 한국어"}).json()
assert told["body"]["testString"] == "a string with ümlauts and 한국어", told
assert told["headers"]["Accept"] == told["headers"]["Content-type"] == "application/json", told
refused = requests.get(url + "/servers/getVersion", headers={"Authorization": "0" * 40})
assert refused.status_code == 403 and "Authentication failed" in refused.json()["message"], refused.text
passed("connection")

# push(): filterEventIdsForPush, HEAD, add or edit, then sightings and analyst data.
events = []
for name in files:
    with open(name, encoding="utf-8") as file:
        event = json.load(file)
    event["Event"].update(distribution="2", published=True, locked=True)
    event["Event"].setdefault("Orgc", {"name": "CIRCL", "uuid": "55f6ea5e-2c60-40e5-964f-47a8950d210f"})
    event["Event"].setdefault("publish_timestamp", event["Event"]["timestamp"])
    for attribute in event["Event"]["Attribute"] + [a for o in event["Event"].get("Object", []) for a in o["Attribute"]]:
        attribute.pop("data", None)
    events.append(event)
offers = [{"Event": {k: e["Event"][k] for k in ("uuid", "timestamp")}} for e in events]
wanted = pusher.post("/events/filterEventIdsForPush", offers).json()
assert set(wanted) == {e["Event"]["uuid"] for e in events}, wanted
for event in events:
    uuid = event["Event"]["uuid"]
    assert pusher.head(f"/events/view/{uuid}") == 404
    answer = pusher.post("/events/add/metadata:1", event).json()
    assert answer["Event"]["uuid"] == uuid and not answer["Event"].get("Attribute"), answer
    assert pusher.head(f"/events/view/{uuid}") == 200
assert pusher.post("/events/filterEventIdsForPush", offers).json() == []
passed("push new")

first = copy.deepcopy(events[0])
uuid = first["Event"]["uuid"]
stamp = str(int(first["Event"]["timestamp"]) + 60)
first["Event"].update(timestamp=stamp, info=first["Event"]["info"] + " (updated)")
changed = first["Event"]["Attribute"][0]
changed.update(timestamp=stamp, comment="changed at the source")
gone = first["Event"]["Attribute"][1]
gone.update(timestamp=stamp, deleted=True)
newer = [{"Event": {"uuid": uuid, "timestamp": stamp}}]
assert pusher.post("/events/filterEventIdsForPush", newer).json() == [uuid]
answer = pusher.post(f"/events/edit/{uuid}/metadata:1", first).json()
assert answer["Event"]["info"].endswith("(updated)"), answer
pusher.post(f"/events/edit/{uuid}/metadata:1", first, status=403)
passed("push changed")

seen = {
    "uuid": "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2301", "attribute_uuid": changed["uuid"], "date_sighting": "1700000000",
    "source": "sensor", "type": "0", "org_id": "0", "event_id": "7", "attribute_id": "8",
}
assert pusher.post(f"/sightings/filterSightingUuidsForPush/{uuid}", [seen["uuid"]]).json() == []
assert pusher.post(f"/sightings/bulkSaveSightings/{uuid}", [seen]).json()["saved"] is True
assert pusher.post(f"/sightings/bulkSaveSightings/{uuid}", [seen]).json()["saved"] is False
assert pusher.post(f"/sightings/filterSightingUuidsForPush/{uuid}", [seen["uuid"]]).json() == [seen["uuid"]]
pusher.post("/galaxies/pushCluster", [{"GalaxyCluster": {"id": "1"}}], status=403)
passed("push sightings")

note = {
    "uuid": "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2401", "object_uuid": uuid, "object_type": "Event", "authors": "analyst@partner.example",
    "orgc_uuid": "55f6ea5e-2c60-40e5-964f-47a8950d210f", "created": "2026-09-01 08:00:00", "modified": "2026-09-01 08:00:00",
    "distribution": "2", "note": "Matches what we saw in March.", "language": "en",
}
candidates = {"Note": {note["uuid"]: note["modified"]}}
assert pusher.post("/analyst_data/filterAnalystDataForPush", candidates).json() == {"Note": [note["uuid"]]}
pusher.post("/analyst_data/pushAnalystData", {"Note": note})
passed("push analyst data")

# pull(): version, clusters, index, events, proposals, sightings, analyst data.
puller = Sync(pull_key)
assert puller.post("/galaxy_clusters/restSearch", {"published": 1, "minimal": 1, "custom": 1}).json()["response"] == []
rules = {"minimal": 1, "published": 1}
answer = puller.post("/events/index", rules, etag='""')
index = answer.json()
assert {row["uuid"] for row in index} == {e["Event"]["uuid"] for e in events}, index
assert all(row["published"] and row["orgc_uuid"] for row in index), index
again = puller.post("/events/index", rules, etag=answer.headers["ETag"])
assert again.status_code == 304 and not again.content
filtered = puller.post("/events/index", {**rules, "org": ["!CIRCL"]}).json()
assert filtered == [] or all(row["uuid"] != uuid for row in filtered), filtered
passed("pull index")

params = "/deleted[]:0/deleted[]:1/excludeGalaxy:1/includeEventCorrelations:0/includeFeedCorrelations:0/includeWarninglistHits:0/excludeLocalTags:1"
pulled = {row["uuid"]: puller.get(f"/events/view/{row['uuid']}{params}")["Event"] for row in index}
me = puller.get("/users/view/me.json")
assert me["Role"]["perm_sync"] and me["User"]["org_id"] == me["Organisation"]["id"], me


def parts(event):
    """What matters of an event, however it travelled."""
    event = event.get("Event", event)
    flat = [(a, None) for a in event["Attribute"]]
    flat += [(a, o["uuid"]) for o in event.get("Object", []) for a in o["Attribute"] if not o.get("deleted")]
    attributes = {
        a["uuid"]: (o, a["type"], a["category"], a["value"], a.get("comment") or "", a["to_ids"] in (True, 1, "1"))
        for a, o in flat
        if a.get("deleted") not in (True, 1, "1")
    }
    objects = {o["uuid"]: o["name"] for o in event.get("Object", [])}
    return event["info"], attributes, objects


def difference(a, b):
    return {k: (a.get(k), b.get(k)) for k in a.keys() | b.keys() if a.get(k) != b.get(k)}


for event in [first] + events[1:]:
    (info, attributes, objects) = parts(event)
    (pulled_info, pulled_attributes, pulled_objects) = parts(pulled[event["Event"]["uuid"]])
    assert info == pulled_info
    assert attributes == pulled_attributes, difference(attributes, pulled_attributes)
    assert objects == pulled_objects, difference(objects, pulled_objects)
    tags = {t["name"] for t in event["Event"].get("Tag", [])}
    pulled_tags = {t["name"] for t in pulled[event["Event"]["uuid"]].get("Tag", [])}
    marks = lambda names: {n for n in names if not n.lower().startswith("tlp:")}
    assert marks(tags) <= pulled_tags, tags - pulled_tags
assert int(pulled[uuid]["timestamp"]) >= int(stamp)
# Who has pulled it before learns that it was taken back.
taken_back = [a for a in pulled[uuid]["Attribute"] if a["uuid"] == gone["uuid"]]
assert taken_back and taken_back[0]["deleted"] is True and gone["value"] not in json.dumps(taken_back), taken_back
assert all(e["distribution"] == "1" for e in pulled.values()), "it stays in the circle"
passed("pull events")

proposals = puller.get("/shadow_attributes/index/all:1/timestamp:1690000000/limit:1000/page:1/deleted[]:0/deleted[]:1.json")
assert isinstance(proposals, list)
sighted = [row["uuid"] for row in index if row["sighting_timestamp"] != "0"]
assert uuid in sighted, index
answer = puller.post("/sightings/restSearch/event", {"returnFormat": "json", "last": 0, "includeUuid": True, "uuid": sighted})
rows = [row["Sighting"] for row in answer.json()["response"]]
mine = [row for row in rows if row["uuid"] == seen["uuid"]]
assert len(mine) == 1 and mine[0]["event_uuid"] == uuid and mine[0]["attribute_uuid"] == changed["uuid"], rows
assert mine[0]["date_sighting"] == "1700000000" and mine[0]["source"] == "sensor", mine
passed("pull sightings")

known = puller.post("/analyst_data/indexMinimal", {}).json()
assert note["uuid"] in known["Note"], known
fetched = puller.get(f"/analyst_data/index/Note/uuid[]:{note['uuid']}.json")
assert fetched[0]["Note"]["note"] == note["note"], fetched
assert puller.get("/analyst_data/index/Opinion/uuid[]:5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2499.json") == []
passed("pull analyst data")
