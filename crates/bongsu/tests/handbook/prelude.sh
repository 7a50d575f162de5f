# What worlds may use in `begin` and `before`. W is the world's folder; commands begin in $W/here.
shopt -s expand_aliases

awaits() { # FILE TEXT: until the text stands in the file
    for _ in $(seq 600); do
        if grep -qs -- "$2" "$1"; then return 0; fi
        sleep 0.1
    done
    echo "waited in vain for $2 in $1:"
    cat "$1"
    return 1
}
serves() { # starts the node
    rm -f "$W/serving"
    bongsu serve > "$W/serving" 2>&1 < /dev/null &
    awaits "$W/serving" Serving
}
stops() { # ends whichever process has the data folder, and waits until it has let go
    local pid
    pid=$(grep -oE '[0-9]+' "$BONGSU_DATA/node.lock" | head -n 1)
    kill -TERM "$pid"
    for _ in $(seq 600); do
        if ! kill -0 "$pid" 2> /dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}
mails() { # a mail server that takes what the node sends; each mail is a line in $W/mails
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
        -addext basicConstraints=critical,CA:FALSE -keyout "$W/mail.key" -out "$W/mail.pem"
    "$PEERS/venv/bin/python" "$TESTS/journeys/mail_server.py" "$W/mail.pem" "$W/mail.key" "$W/fails" starttls > "$W/mails" &
    awaits "$W/mails" '^[0-9]'
    export BONGSU__MAIL__HOST=127.0.0.1 BONGSU__MAIL__CA_FILE="$W/mail.pem" BONGSU__MAIL__FROM=tower@tower.example
    export BONGSU__MAIL__PORT=$(head -n 1 "$W/mails")
}
json() { # EXPRESSION: a value of the JSON on standard input; the expression is Python's, of `it`
    python3 -c 'import json, sys; it = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}
token() { # MEMBER: makes another token of it
    bongsu --json member token "$1" | json 'it["token"]["token"]'
}
member() { # HANDLE LEVEL: adds a member; its token is in $W/HANDLE.token
    bongsu --json member add "$1" --level "$2" --clearance "${3:-amber}" | json 'it["token"]["token"]' > "$W/$1.token"
}
region() { # the node, the members and the circle of docs/operate.md
    bongsu init --name tower.example.org
    member cert exchange
    member ministry block
    member exchange-desk list
    member office read
    bongsu circle add region --title "Regional early warning" --ceiling amber \
        --member cert --member ministry --member exchange-desk --member office
}
indicator() { # NUMBER DOMAIN [MODIFIED]: an indicator in STIX 2.1; MORE may hold more of its properties
    printf '{"type":"indicator","spec_version":"2.1","id":"indicator--7e0d2f0a-2222-4d5a-9a5e-0d8c0b7c1a%02d",' "$1"
    printf '"created":"2026-09-01T00:00:00.000Z","modified":"%s","name":"%s","confidence":90,' "${3:-2026-09-01T00:00:00.000Z}" "$2"
    printf '"pattern":"[domain-name:value = '"'%s'"']","pattern_type":"stix"%s' "$2" "${MORE-}"
    if [ "${4-}" != broken ]; then printf ',"valid_from":"2026-09-01T00:00:00Z"'; fi
    printf '}'
}
bundle() { # FILE OBJECT…: a bundle of objects
    local file=$1
    shift
    printf '{"type":"bundle","id":"bundle--7e0d2f0a-1111-4d5a-9a5e-0d8c0b7c1a01","objects":[' > "$file"
    (IFS=,; printf '%s' "$*") >> "$file"
    printf ']}\n' >> "$file"
}
netrc() { # MEMBER FILE: what curl logs in with
    mkdir -p "$(dirname "$2")"
    printf 'machine 127.0.0.1\n  login %s\n  password %s\n' "$1" "$(cat "$W/$1.token")" > "$2"
}
