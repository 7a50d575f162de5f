#!/bin/sh
# Checks the signature of a message that a node posted to a webhook: its body in a file, and what stood in its header.
# Use: sh check-webhook.sh BODY_FILE WEBHOOK_ID WEBHOOK_TIMESTAMP WEBHOOK_SIGNATURE
[ "${1:-}" != --help ] || { sed -n "2,/^[^#]/{/^#/p}" "$0"; exit 0; }
set -eu
: "${BONGSU_WEBHOOK_SECRET:?whsec_..., as bongsu member webhook printed it}"
body=${1:?the body, in a file} id=${2:?webhook-id} stamp=${3:?webhook-timestamp} signature=${4:?webhook-signature}
# What is older than five minutes, or newer, may have been posted by somebody else.
age=$(($(date +%s) - stamp))
[ "$age" -lt 300 ] && [ "$age" -gt -300 ] || { echo "it is of another time" >&2; exit 1; }
# A key as an argument can be seen by other users of this machine: run this where there are none, or check in a program.
key=$(printf '%s' "${BONGSU_WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
made=$( { printf '%s.%s.' "$id" "$stamp"; cat "$body"; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
for one in $signature; do
    [ "$one" != "v1,$made" ] || { echo "it is the node's"; exit 0; }
done
echo "it is not the node's" >&2
exit 1
