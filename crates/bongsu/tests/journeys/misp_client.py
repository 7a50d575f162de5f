"""Uses a node as a MISP, with PyMISP: add, edit, search, see, tag, delete.

Arguments: the node's address, the owner's key, another member's key. Each step asserts what MISP would have answered; the
names of the steps that were passed are written to stdout, one a line.
"""

import sys
import warnings

from pymisp import MISPAttribute, MISPEvent, MISPObject, MISPSighting, PyMISP

warnings.filterwarnings("ignore")
url, owner_key, other_key = sys.argv[1:4]
owner = PyMISP(url, owner_key)
other = PyMISP(url, other_key, http_auth_header_name="X-MISP-AUTH")


def passed(step):
    print(step, flush=True)


# Who and what: the constructor has asked for version, user and types already.
assert owner.misp_instance_version["version"].startswith("2.5."), owner.misp_instance_version
assert owner._current_role.perm_sync and owner._current_user.email.startswith("source@")
assert "ip-dst|port" in owner.types and "Network activity" in owner.categories
assert owner.describe_types_remote["sane_defaults"] == owner.describe_types_local["sane_defaults"]
passed("constructor")

# Add.
event = MISPEvent()
event.info = "Paper Lantern: forged log-in pages"
event.distribution = 1
event.threat_level_id = 2
event.analysis = 1
event.add_tag("tlp:green")
event.add_tag("misp-galaxy:threat-actor=\"Lazarus Group\"")
event.add_attribute("domain", "evil-login-k3.top", comment="seen in mail", to_ids=True)
event.add_attribute("ip-dst", "198.51.100.77", to_ids=True)
event.add_attribute("sha256", "ab" * 32, to_ids=True)
event.add_attribute("text", "what the mail said", to_ids=False)
event.attributes[0].add_tag("phase:delivery")
thing = MISPObject("file", standalone=False)
thing.add_attribute("filename", value="invoice.exe")
thing.add_attribute("md5", value="cd" * 16)
event.add_object(thing)
added = owner.add_event(event, pythonify=True)
assert isinstance(added, MISPEvent), added
assert added.uuid == event.uuid and added.info == event.info and int(added.id) > 0, added.to_json()
assert {a.value for a in added.attributes} == {a.value for a in event.attributes}, added.to_json()
assert {a.uuid for a in added.attributes} == {a.uuid for a in event.attributes}
assert added.objects[0].uuid == thing.uuid and len(added.objects[0].attributes) == 2, added.to_json()
assert not added.published and added.analysis == 1 and added.threat_level_id == 2, added.to_json()
again = owner.add_event(event)
assert again["errors"][0] == 404, again
passed("add")

# View, by UUID and by number, and whether it is there.
assert owner.event_exists(event.uuid) and owner.event_exists(int(added.id))
assert not owner.event_exists("5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2199")
seen = owner.get_event(int(added.id), pythonify=True)
assert seen.uuid == event.uuid
missing = owner.get_event("5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2199")
assert missing["errors"][0] == 404, missing
domain = next(a for a in added.attributes if a.type == "domain")
assert owner.get_attribute(int(domain.id), pythonify=True).value == "evil-login-k3.top"
assert owner.attribute_exists(domain.uuid) and not owner.attribute_exists("5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2198")
passed("view")

# Edit: the title and one attribute change, the others stay.
seen.info = "Paper Lantern: forged log-in pages, second wave"
next(a for a in seen.attributes if a.type == "domain").comment = "seen in two mails"
seen.add_attribute("url", "http://evil-login-k3.top/gate.php", to_ids=True)
edited = owner.update_event(seen, pythonify=True)
assert isinstance(edited, MISPEvent), edited
assert edited.info.endswith("second wave") and len(edited.attributes) == 5, edited.to_json()
by_type = {a.type: a for a in edited.attributes}
assert by_type["domain"].comment == "seen in two mails" and by_type["ip-dst"].comment == ""
assert edited.timestamp >= added.timestamp
passed("edit")

# Attributes and objects by themselves.
one = owner.add_attribute(event.uuid, {"type": "hostname", "value": "c2.evil-login-k3.top", "to_ids": True}, pythonify=True)
assert isinstance(one, MISPAttribute) and one.event_id == added.id and one.category == "Network activity", one
twice = owner.add_attribute(event.uuid, {"type": "hostname", "value": "c2.evil-login-k3.top", "to_ids": True})
assert twice["errors"][0] == 403, twice
many = owner.add_attribute(event.uuid, [{"type": "md5", "value": "01" * 16}, {"type": "md5", "value": "02" * 16}], pythonify=True)
assert len(many["attributes"]) == 2, many
one.comment = "resolves to the same address"
changed = owner.update_attribute(one, pythonify=True)
assert changed.comment == "resolves to the same address" and changed.uuid == one.uuid, changed
added_object = MISPObject("domain-ip", standalone=False)
added_object.add_attribute("domain", value="second-k3.top")
added_object.add_attribute("ip", value="198.51.100.78")
added_object = owner.add_object(event.uuid, added_object, pythonify=True)
assert isinstance(added_object, MISPObject) and len(added_object.attributes) == 2, added_object
assert owner.get_object(added_object.uuid, pythonify=True).name == "domain-ip"
gone = owner.delete_attribute(many["attributes"][0].uuid)
assert gone.get("message") == "Attribute deleted.", gone
values = {a.value for a in owner.get_event(event.uuid, pythonify=True).attributes}
assert "01" * 16 not in values and "02" * 16 in values, values
taken_back = owner.get_event(event.uuid, deleted=True, pythonify=True).attributes
assert [a.uuid for a in taken_back if a.deleted] == [many["attributes"][0].uuid], taken_back
assert not any(a.deleted for a in owner.get_event(event.uuid, pythonify=True).attributes)
passed("parts")

# Publish, then others find it.
assert owner.publish(event.uuid).get("saved"), "publish"
published = owner.get_event(event.uuid, pythonify=True)
assert published.published and len(published.attributes) == len(values), published.to_json()
passed("publish")


def events(**filters):
    found = other.search(controller="events", pythonify=True, **filters)
    assert isinstance(found, list), found
    return {e.uuid for e in found}


def attributes(**filters):
    found = other.search(controller="attributes", pythonify=True, **filters)
    assert isinstance(found, list), found
    return {a.value for a in found}


assert events(value="evil-login-k3.top") == {event.uuid}
assert events(value="%login-k3%") == {event.uuid} and events(value="nothing.example") == set()
assert events(tags=["tlp:green"]) == {event.uuid} and events(tags=["!tlp:green"]) == set()
assert events(tags=other.build_complex_query(and_parameters=["tlp:green", "phase:delivery"])) == {event.uuid}
assert events(eventinfo="%second wave%") == {event.uuid} and events(eventinfo="first%") == set()
assert events(uuid=event.uuid) == {event.uuid} == events(eventid=int(added.id))
assert events(org="source") == {event.uuid} and events(org="!source") == set()
assert events(published=True) == {event.uuid} and events(published=False) == set()
assert events(timestamp="1d") == {event.uuid} and events(publish_timestamp="2d") == {event.uuid}
assert events(date_from="2000-01-01", date_to="2001-01-01") == set()
assert events(limit=1, page=1) == {event.uuid} and events(limit=1, page=2) == set()
assert events(searchall="%paper lantern%") == {event.uuid}
metadata = other.search(controller="events", metadata=True, pythonify=True)
assert len(metadata) == 1 and not metadata[0].attributes and not metadata[0].objects
wrong = other.search(controller="events", timestamp="yesterdayish")
assert wrong["errors"][0] == 400, wrong
unknown = other.search(controller="events", colour="red")
assert unknown["errors"][0] == 400, unknown
passed("search events")

assert attributes(type_attribute="domain") == {"evil-login-k3.top", "second-k3.top"}
assert attributes(type_attribute=["ip-dst", "hostname"]) >= {"198.51.100.77", "c2.evil-login-k3.top"}
assert "evil-login-k3.top" not in attributes(type_attribute="!domain")
assert attributes(category="Network activity", to_ids=1) >= {"evil-login-k3.top", "198.51.100.77"}
assert attributes(to_ids=0) >= {"what the mail said"} and "what the mail said" not in attributes(to_ids=1)
assert attributes(tags="phase:delivery") == {"evil-login-k3.top"} == attributes(tags="PHASE:%", value="%login-k3.top", type_attribute="domain")
assert attributes(uuid=domain.uuid) == {"evil-login-k3.top"}
assert attributes(object_name="file") == {"invoice.exe", "cd" * 16}
assert len(attributes(limit=3)) == 3
assert len(other.search(controller="attributes", deleted=1, pythonify=True)) == 1
assert len(attributes(deleted=[0, 1])) == len(attributes()) + 1
context = other.search(controller="attributes", value="evil-login-k3.top", include_context=True, include_event_tags=True, pythonify=True)[0]
assert context.Event.info.endswith("second wave") and "tlp:green" in {t.name for t in context.tags}, context.to_json()
table = other.search(controller="attributes", return_format="csv", type_attribute="domain", pythonify=True)
assert {row["value"] for row in table} == {"evil-login-k3.top", "second-k3.top"}, table
plain = other.search(controller="attributes", return_format="text", type_attribute="ip-dst")
assert "198.51.100.77" in str(plain), plain
bundle = other.search(controller="events", return_format="stix2")
assert {o["type"] for o in bundle["objects"]} >= {"report", "indicator"}, bundle
rules = other.search(controller="events", return_format="suricata")
assert rules["errors"][0] == 400 and "/d/suricata.rules" in str(rules), rules
index = other.search_index(eventinfo="second wave", pythonify=True)
assert [e.uuid for e in index] == [event.uuid], index
assert other.search_index(tags="tlp:red") == [] and len(other.search_index(minimal=True)) == 1
passed("search attributes")

# Sightings: another member has seen it.
sighting = MISPSighting()
sighting.from_dict(source="resolver", type="0")
saw = other.add_sighting(sighting, domain.uuid, pythonify=True)
assert isinstance(saw, MISPSighting), saw
by_value = other.add_sighting({"value": "198.51.100.77", "source": "firewall"})
assert "Sighting" in by_value, by_value
with_sightings = owner.get_event(event.uuid, pythonify=True)
sightings = [s for a in with_sightings.attributes for s in a.sightings]
assert len(sightings) == 2 and "resolver" in {s.source for s in sightings}, [s.to_json() for s in sightings]
found = owner.search_sightings(context="attribute", context_id=int(domain.id), include_attribute=True, include_event_meta=True, pythonify=True)
assert len(found) == 1 and found[0]["attribute"].value == "evil-login-k3.top", found
assert len(owner.search_sightings(publish_timestamp="1d")) == 2
assert len(owner.sightings(with_sightings, pythonify=True)) == 2
assert other.delete_sighting(saw.uuid).get("saved"), "its own"
assert owner.delete_sighting(by_value["Sighting"]["uuid"])["errors"][0] == 403, "another's"
passed("sightings")

# Tags.
assert owner.tag(event.uuid, "campaign:paper-lantern").get("saved")
assert owner.tag(domain.uuid, "confidence:high").get("saved")
tagged = other.get_event(event.uuid, pythonify=True)
assert "campaign:paper-lantern" in {t.name for t in tagged.tags}
assert "confidence:high" in {t.name for t in next(a for a in tagged.attributes if a.uuid == domain.uuid).tags}
assert owner.untag(event.uuid, "campaign:paper-lantern").get("saved")
assert "campaign:paper-lantern" not in {t.name for t in other.get_event(event.uuid, pythonify=True).tags}
assert any(t.name == "confidence:high" for t in other.tags(pythonify=True))
assert other.tag(event.uuid, "mine")["errors"][0] == 403, "another's event"
passed("tags")

# Proposals: the owner's, accepted and discarded; another can't make any.
proposed = owner.add_attribute_proposal(event.uuid, {"type": "domain", "value": "maybe-k3.top", "comment": "from a partner"}, pythonify=True)
assert proposed.value == "maybe-k3.top" and proposed.category == "Network activity" and int(proposed.old_id) == 0, proposed
change = owner.update_attribute_proposal(domain.uuid, {"comment": "seen in three mails"}, pythonify=True)
assert change.value == domain.value and int(change.old_id) == int(domain.id) and change.uuid == domain.uuid, change
going = owner.delete_attribute_proposal(one.uuid)
assert going.get("saved"), going
listed = other.attribute_proposals(event.uuid, pythonify=True)
assert {(p.value, bool(p.proposal_to_delete)) for p in listed} == {
    ("maybe-k3.top", False), (domain.value, False), (one.value, True)}, [p.to_json() for p in listed]
assert len(other.attribute_proposals()) == 3
assert other.get_attribute_proposal(int(change.id), pythonify=True).comment == "seen in three mails"
assert other.get_attribute_proposal(7)["errors"][0] == 404
assert "maybe-k3.top" not in {a.value for a in owner.get_event(event.uuid, pythonify=True).attributes}
assert other.add_attribute_proposal(event.uuid, {"type": "domain", "value": "x-k3.top"})["errors"][0] == 403
assert other.accept_attribute_proposal(int(proposed.id))["errors"][0] == 403
for proposal in (proposed, change):
    assert owner.accept_attribute_proposal(int(proposal.id)).get("saved"), proposal
assert owner.discard_attribute_proposal(one.uuid).get("saved")
with_all = owner.get_event(event.uuid, pythonify=True)
comments = {a.value: a.comment for a in with_all.attributes}
assert comments["maybe-k3.top"] == "from a partner" and comments[domain.value] == "seen in three mails", comments
assert one.value in comments and owner.attribute_proposals(event.uuid) == []
passed("proposals")

# What is another's stays another's.
theirs = other.get_event(event.uuid, pythonify=True)
theirs.info = "changed by somebody else"
refused = other.update_event(theirs)
assert refused["errors"][0] == 403, refused
assert other.delete_event(event.uuid)["errors"][0] == 403
assert other.delete_attribute(domain.uuid)["errors"][0] in (403, 404)
assert owner.get_event(event.uuid, pythonify=True).info.endswith("second wave")
passed("another's")

# Who there is, and the warning lists.
groups = owner.sharing_groups(pythonify=True)
assert [g.name for g in groups] == ["region"], groups
assert owner.get_sharing_group(groups[0].uuid, pythonify=True).uuid == groups[0].uuid
names = {o.name for o in owner.organisations(pythonify=True)}
assert {"source", "exchange"} <= names, names
assert owner.get_organisation(owner._current_user.org_id, pythonify=True).name == "source"
hits = owner.values_in_warninglist(["8.8.8.8", "evil-login-k3.top"])
assert "8.8.8.8" in hits and "evil-login-k3.top" not in hits, hits
shared = MISPEvent()
shared.info = "For the group"
shared.distribution = 4
shared.sharing_group_id = groups[0].id
shared.add_attribute("domain", "group-k3.top")
shared = owner.add_event(shared, pythonify=True)
assert isinstance(shared, MISPEvent) and int(shared.distribution) == 4, shared
private = MISPEvent()
private.info = "For nobody else"
private.distribution = 0
private.add_attribute("domain", "private-k3.top")
refused = owner.add_event(private)
assert refused["errors"][0] == 403 and "ceiling" in str(refused), refused
passed("parties")

# Clusters: one that stands in an event, by UUID and by number.
cluster = {"uuid": "5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2142", "type": "threat-actor", "value": "Paper Lantern", "default": False,
           "description": "Forged log-in pages", "meta": {"country": ["KP"]}, "tag_name": "misp-galaxy:threat-actor=\"Paper Lantern\""}
galaxy = {"uuid": "698774c7-8022-42c4-917f-8d6e4f06ada3", "name": "Threat Actor", "type": "threat-actor", "GalaxyCluster": [cluster]}
carrier = owner.add_event({"info": "By a new actor", "distribution": 1, "Galaxy": [galaxy],
                           "Attribute": [{"type": "domain", "value": "lantern-k3.top"}]})
assert "Event" in carrier, carrier
own = other.get_galaxy_cluster(cluster["uuid"], pythonify=True)
assert own.value == "Paper Lantern" and own.Galaxy.name == "Threat Actor" and not own.default, own.to_json()
assert other.get_galaxy_cluster(int(own.id), pythonify=True).uuid == cluster["uuid"]
assert other.get_galaxy_cluster("5f3e7f7c-1c5c-4d8b-9a53-4b8f950d2143")["errors"][0] == 404
passed("clusters")

# Delete.
assert owner.delete_event(event.uuid).get("message") == "Event deleted."
assert not other.event_exists(event.uuid) and attributes(value="evil-login-k3.top") == set()
passed("delete")
