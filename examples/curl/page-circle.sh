#!/bin/sh
# Prints every page of a circle that you may see.
# Use: sh page-circle.sh CIRCLE [OBJECTS_ON_A_PAGE]
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

circle=${1:?the circle} limit=${2:-1000}
next=
while :; do
    page=$(ask -H 'Accept: application/taxii+json;version=2.1' \
        "$BONGSU_URL/api/collections/$circle/objects/?limit=$limit${next:+&next=$next}")
    printf '%s\n' "$page"
    # An envelope says at its beginning whether there is more.
    next=$(printf '%s' "$page" | sed -n '1s/^{"more":true,"next":"\([^"]*\)".*/\1/p')
    [ -n "$next" ] || break
done
