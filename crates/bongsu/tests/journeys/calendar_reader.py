"""Reads an iCalendar feed with the icalendar package and prints its events as lines of JSON, then ends.

    calendar_reader.py FILE
"""
import json
import sys
from pathlib import Path

from icalendar import Calendar

raw = Path(sys.argv[1]).read_bytes()
calendar = Calendar.from_ical(raw)
print(json.dumps({
    "version": str(calendar["version"]), "product": str(calendar["prodid"]), "errors": [str(error) for error in calendar.errors],
    # Source: RFC 5545, section 3.1.
    "longest": max(len(line) for line in raw.split(b"\r\n")), "bare": raw.replace(b"\r\n", b"").count(b"\n"),
}))
for event in calendar.walk("VEVENT"):
    print(json.dumps({
        "uid": str(event["uid"]), "summary": str(event["summary"]), "description": str(event["description"]),
        "location": str(event.get("location", "")), "status": str(event["status"]), "sequence": int(event["sequence"]),
        "begins": event["dtstart"].dt.isoformat(), "ends": event["dtend"].dt.isoformat(), "stamp": event["dtstamp"].dt.isoformat(),
        "errors": [str(error) for error in event.errors],
    }))
