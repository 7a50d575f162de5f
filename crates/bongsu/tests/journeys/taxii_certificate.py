"""Reads a collection with taxii2-client: taxii_certificate.py URL CA [CERT KEY]. Prints how many objects it got."""

import sys

from taxii2client.v21 import Collection

url, authority, *own = sys.argv[1:]
collection = Collection(url, verify=authority, cert=tuple(own) or None)
print(len(collection.get_objects().get("objects", [])), collection.can_read, collection.can_write)
