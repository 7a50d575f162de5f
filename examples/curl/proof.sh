#!/bin/sh
# Gets a circle's checkpoint, and the proof that an object stands in its log: bongsu audit proof FILE --key KEY checks it.
# Use: sh proof.sh CIRCLE OBJECT_ID FOLDER
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

circle=${1:?the handle of the circle} object=${2:?the id of the object} folder=${3:?where checkpoint and proof.json go}
# The circle's UUID, under which its log stands.
uuid=$(ask "$BONGSU_URL/log" | tr '{' '\n' | sed -n "s/.*\"circle\":\"\([^\"]*\)\",\"handle\":\"$circle\".*/\1/p")
[ -n "$uuid" ] || { echo "$circle is no circle of yours" >&2; exit 1; }
ask -o "$folder/checkpoint" "$BONGSU_URL/log/$uuid/checkpoint"
ask -o "$folder/proof.json" "$BONGSU_URL/objects/$circle/$object/proof.json"
echo "$folder/proof.json"
