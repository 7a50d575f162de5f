#!/bin/sh
# Asks about many values, one on each line of a file. It ends with 3 if one is known to be bad.
# Use: sh screen-many.sh FILE
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

file=${1:?a file, with a value on each line}
# Up to 10,000 at once; split(1) makes parts of longer files. The first line of the answer says which lists were asked.
answer=$(ask -H 'Content-Type: text/plain; charset=utf-8' -H 'Accept: application/x-ndjson' --data-binary "@$file" \
    "$BONGSU_URL/screening/values")
printf '%s\n' "$answer" | tail -n +2
case $answer in
    *'"result":"match"'* | *'"result":"past"'*) exit 3 ;;
    *'"result":"unreadable"'*) exit 1 ;;
esac
