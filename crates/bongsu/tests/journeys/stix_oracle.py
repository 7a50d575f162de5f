"""Reads what a node publishes as the strictest partner would: every object through stix2 in strict mode and through
stix2-validator, and all of them together as one bundle that refers to nothing outside.

Arguments: URL of the collection, user, password, and the validator's recommended checks that do not count, or `all`.
Prints one JSON object: how many objects of each type were read, and for each that one of the two refuses, its id and why.
"""

import json
import sys
from collections import Counter

import stix2
from stix2validator import ValidationOptions, validate_parsed_json
from taxii2client.v21 import Collection, as_pages

url, user, password, disabled = sys.argv[1:5]
collection = Collection(url, user=user, password=password)
# What only SHOULD be so counts as an error too, but for the checks that are disabled.
options = ValidationOptions(version="2.1", strict=True, disabled=disabled)
together = ValidationOptions(version="2.1", disabled="all", enforce_refs=True)
objects, refused = [], []
for envelope in as_pages(collection.get_objects, per_request=1000):
    for thing in envelope.get("objects", []):
        objects.append(thing)
        try:
            # Bytes that are left in place of a version are parsed with everything unknown refused.
            stix2.parse(json.dumps(thing), allow_custom=False, version="2.1")
        except Exception as error:  # the library has no base class of its own for all of them
            refused.append({"id": thing.get("id"), "by": "stix2", "why": str(error)[:500]})
        result = validate_parsed_json(thing, options)
        if not result.is_valid:
            why = "; ".join(str(error) for error in [*result.errors, *result.warnings])
            refused.append({"id": thing.get("id"), "by": "stix2-validator", "why": why[:500]})
whole = {"type": "bundle", "id": "bundle--0d3c4e0a-6f0b-4b39-9c0e-4f3f4d2b7a11", "objects": objects}
result = validate_parsed_json(whole, together)
if not result.is_valid:
    refused.append({"id": whole["id"], "by": "stix2-validator", "why": "; ".join(map(str, result.errors))[:2000]})
types = Counter(thing["type"] for thing in objects)
print(json.dumps({"objects": len(objects), "types": types, "refused": refused}))
