"""Runs medallion, the OASIS reference server, on a port of this machine: medallion_server.py CONFIG PORT."""

import sys

from medallion import load_app

load_app(sys.argv[1]).run(host="127.0.0.1", port=int(sys.argv[2]), threaded=True)
