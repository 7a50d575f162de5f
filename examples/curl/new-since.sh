#!/bin/sh
# Prints what has come to a circle since the last time. The first time that is everything.
# Use: sh new-since.sh CIRCLE STATE_FILE
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

circle=${1:?the circle} state=${2:?a file that keeps how far it has read}
heads=$(mktemp)
trap 'rm -f "$heads"' EXIT
while :; do
    after=$(cat "$state" 2>/dev/null || true)
    page=$(ask -D "$heads" -G -d limit=1000 ${after:+--data-urlencode "added_after=$after"} \
        -H 'Accept: application/taxii+json;version=2.1' "$BONGSU_URL/api/collections/$circle/objects/")
    last=$(tr -d '\r' <"$heads" | sed -n 's/^x-taxii-date-added-last: //Ip')
    # Nothing came.
    [ -n "$last" ] || break
    printf '%s\n' "$page"
    # No two objects of a circle are added at one time, so nothing is missed and nothing comes twice.
    printf '%s\n' "$last" >"$state"
done
