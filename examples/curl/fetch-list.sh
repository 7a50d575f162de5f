#!/bin/sh
# Fetches a list, a zone or a rule file into a file, only if it has changed.
# Use: sh fetch-list.sh list/domain.bare.txt FILE
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
. "$(dirname "$0")/node.sh"

name=${1:?what stands behind /d/} file=${2:?where it goes}
code=$(ask --compressed --etag-compare "$file.etag" --etag-save "$file.etag" -o "$file.new" -w '%{http_code}' "$BONGSU_URL/d/$name")
if [ "$code" = 304 ]; then
    echo unchanged
else
    # In one step, so that whoever reads the file never reads half of it.
    mv "$file.new" "$file"
    echo new
fi
