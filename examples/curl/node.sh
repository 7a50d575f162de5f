# What the examples with curl share: `ask` is curl with the token in BONGSU_TOKEN, and fails where the node refuses.
: "${BONGSU_URL:?the node, such as https://tower.example.org}" "${BONGSU_TOKEN:?the token of your member}"
# The token goes over a pipe: other users of this machine could see an argument. BONGSU_CA names authorities of your own.
ask() {
    printf 'header = "Authorization: Bearer %s"\n' "$BONGSU_TOKEN" |
        curl -sS --fail-with-body -K - ${BONGSU_CA:+--cacert "$BONGSU_CA"} "$@"
}
