"""Fetches events from a node as one who uses PyMISP does: filtered, in pages, or those that changed since a time.

Arguments: the node's address, a key, `filtered`, `pages` or `since`, for the last a time in seconds. The UUIDs of what came are
written to stdout, one a line; `add` and a title adds an event and writes its time.
"""

import sys
import warnings

from pymisp import MISPEvent, PyMISP

warnings.filterwarnings("ignore")
url, key, what, *more = sys.argv[1:]
misp = PyMISP(url, key)


def fetched(**filters):
    events = misp.search(controller="events", pythonify=True, **filters)
    assert isinstance(events, list), events
    for event in events:
        print(event.uuid)
    return events


if what == "add":
    event = MISPEvent()
    event.info = more[0]
    event.distribution = 1
    event.published = True
    event.add_tag("tlp:green")
    event.add_attribute("domain", f"{more[0]}-k3.top", to_ids=True)
    added = misp.add_event(event, pythonify=True)
    assert isinstance(added, MISPEvent), added
    print(int(added.timestamp.timestamp()))
elif what == "filtered":
    fetched(value="one-k3.top")
elif what == "pages":
    page = 1
    while fetched(limit=1, page=page):
        page += 1
else:
    fetched(timestamp=more[0])
