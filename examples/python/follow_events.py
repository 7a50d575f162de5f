"""Prints each change as it comes, as a line of JSON, and comes back where it was when the connection ends."""
import http.client
import json
import pathlib
import time

from node import arguments, ask

parser = arguments(__doc__)
parser.add_argument("--state", type=pathlib.Path, help="a file that keeps where it was, for the next start")
parser.add_argument("--count", type=int, default=0, help="end after so many events; 0 for never")
given = parser.parse_args()

last = given.state.read_text().strip() if given.state and given.state.exists() else ""
seen = 0
while True:
    name, data = "message", []
    with ask("/d/events", headers={"Accept": "text/event-stream", "Last-Event-ID": last}) as stream:
        try:
            for line in stream:
                field, _, value = line.decode().rstrip("\r\n").partition(":")
                value = value.removeprefix(" ")
                if field == "id":
                    last = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif not field and not value and not line.strip():
                    # An empty line ends an event.
                    if data:
                        print(json.dumps({"event": name, **json.loads("\n".join(data))}), flush=True)
                        seen += 1
                    name, data = "message", []
                    if given.state and last:
                        given.state.write_text(last + "\n")
                    if given.count and seen >= given.count:
                        raise SystemExit
        except (OSError, http.client.HTTPException):
            # Something comes every 20 seconds: whoever hears nothing for a minute has lost the connection.
            pass
    time.sleep(2)
