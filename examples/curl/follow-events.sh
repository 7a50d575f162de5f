#!/bin/sh
# Prints changes as they come, as server-sent events, for so many seconds; and the id to go on from.
# Use: sh follow-events.sh SECONDS [LAST_ID]
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

seconds=${1:?for how many seconds} last=${2:-}
# 28 says that the time is over, which is no fault here.
ask -N -m "$seconds" -H 'Accept: text/event-stream' ${last:+-H "Last-Event-ID: $last"} "$BONGSU_URL/d/events" || [ $? = 28 ]
