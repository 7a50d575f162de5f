#!/bin/sh
# Tells a circle that an indicator was seen.
# Use: sh send-sighting.sh CIRCLE INDICATOR_ID
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

circle=${1:?the circle} indicator=${2:?the id of the indicator}
taxii='application/taxii+json;version=2.1'
now=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
id=sighting--$(cat /proc/sys/kernel/random/uuid)
sighting=$(printf '{"type":"sighting","spec_version":"2.1","id":"%s","created":"%s","modified":"%s","last_seen":"%s","count":1,"sighting_of_ref":"%s"}' \
    "$id" "$now" "$now" "$now" "$indicator")
status=$(ask -H "Content-Type: $taxii" -H "Accept: $taxii" --data-binary "{\"objects\":[$sighting]}" \
    "$BONGSU_URL/api/collections/$circle/objects/")
case $status in
    *'"failure_count":0'*) echo "$id" ;;
    *) printf '%s\n' "$status" >&2; exit 1 ;;
esac
