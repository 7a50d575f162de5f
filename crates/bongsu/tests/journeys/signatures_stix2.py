"""Reads a bundle of signed objects with the OASIS library and writes it anew; checks each signature with OpenSSL.

Usage: signatures_stix2.py JWKS < BUNDLE. Prints {"bundle": TEXT, "verified": [ID, …]}. Nothing here is Bongsu's: the canonical form is
made with Python's own JSON (the test's objects hold no numbers but whole ones, for which that is RFC 8785's form).
"""

import base64
import json
import subprocess
import sys
import tempfile

import stix2

EXTENSION = "extension-definition--beb520cd-41c7-478c-8041-05a831e26b54"
# The head of a SubjectPublicKeyInfo for Ed25519 (RFC 8410, section 4).
SPKI = bytes.fromhex("302a300506032b6570032100")


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def verifies(item, keys):
    item = json.loads(json.dumps(item))
    header, empty, signature = item["extensions"].pop(EXTENSION)["jws"].split(".")
    if not item["extensions"]:
        del item["extensions"]
    assert empty == ""
    said = json.loads(decoded(header))
    assert said["alg"] in ("Ed25519", "EdDSA") and "crit" not in said
    form = json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in [
            ("key", SPKI + decoded(keys[said["kid"]]["x"])),
            ("data", f"{header}.{encoded(form.encode())}".encode()),
            ("signature", decoded(signature)),
        ]:
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content)
        command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in data -sigfile signature"
        return subprocess.run(command.split(), cwd=folder, capture_output=True).returncode == 0


def main():
    with open(sys.argv[1]) as file:
        keys = {key["kid"]: key for key in json.load(file)["keys"]}
    bundle = stix2.parse(sys.stdin.read(), allow_custom=False)
    text = bundle.serialize(pretty=True)
    items = json.loads(text)["objects"]
    verified = [item["id"] for item in items if verifies(item, keys)]
    json.dump({"bundle": text, "verified": verified}, sys.stdout)


main()
