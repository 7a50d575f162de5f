#!/bin/sh
# Finds objects in all your circles, the newest first.
# Use: sh search.sh WORDS...
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

: "${1:?words}"
ask -G --data-urlencode "q=$*" -d limit=100 "$BONGSU_URL/objects.json"
echo
