#!/bin/sh
# Asks whether a value is known to be bad. It ends with 3 if it is.
# Use: sh screen.sh VALUE
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

value=${1:?a value}
answer=$(ask -G --data-urlencode "value=$value" "$BONGSU_URL/screening/value")
printf '%s\n' "$answer"
case $answer in
    *'"result":"match"'* | *'"result":"past"'*) exit 3 ;;
    *'"result":"clear"'*) exit 0 ;;
esac
exit 1
