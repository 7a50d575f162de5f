"""Reads what a node publishes as the strictest partner would: every object through stix2 in strict mode and through
stix2-validator.

Arguments: URL of the collection, user, password. Prints one JSON object: how many objects were read, and for each that one
of the two refuses, its id and why.
"""

import json
import sys

import stix2
from stix2validator import ValidationOptions, validate_parsed_json
from taxii2client.v21 import Collection, as_pages

url, user, password = sys.argv[1:4]
collection = Collection(url, user=user, password=password)
options = ValidationOptions(version="2.1", disabled="all")
objects, refused = 0, []
for envelope in as_pages(collection.get_objects, per_request=1000):
    for thing in envelope.get("objects", []):
        objects += 1
        try:
            # Bytes that are left in place of a version are parsed with everything unknown refused.
            stix2.parse(json.dumps(thing), allow_custom=False, version="2.1")
        except Exception as error:  # the library has no base class of its own for all of them
            refused.append({"id": thing.get("id"), "by": "stix2", "why": str(error)[:500]})
        result = validate_parsed_json(thing, options)
        if not result.is_valid:
            why = "; ".join(str(error) for error in result.errors)
            refused.append({"id": thing.get("id"), "by": "stix2-validator", "why": why[:500]})
print(json.dumps({"objects": objects, "refused": refused}))
