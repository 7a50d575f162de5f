#!/bin/sh
# Downloads the advisory: what is under way, and what to do today.
# Use: sh advisory.sh FILE.pdf [LANGUAGE]
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

file=${1:?a file; its ending says the form: .pdf, .html, .txt or .eml} language=${2:-}
ask -o "$file" "$BONGSU_URL/d/advisory.${file##*.}${language:+?lang=$language}"
echo "$file"
