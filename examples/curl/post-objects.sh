#!/bin/sh
# Adds the objects of an envelope ({"objects": [...]}) to a circle.
# Use: sh post-objects.sh CIRCLE FILE
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

circle=${1:?the circle} file=${2:?a file with an envelope}
taxii='application/taxii+json;version=2.1'
ask -H "Content-Type: $taxii" -H "Accept: $taxii" --data-binary "@$file" "$BONGSU_URL/api/collections/$circle/objects/"
