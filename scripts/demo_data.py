#!/usr/bin/env python3
"""Makes the demo's data out of published sources: `scripts/demo_data.py DATA OUT`.

DATA holds copies of the sources under the paths named below; OUT is `crates/bongsu/demo-data`. The same input gives
the same bytes. What each file is, where from and under which licence: OUT/SOURCE.md.
"""

import csv
import gzip
import io
import json
import pathlib
import re
import sys

GROUPS = ["G0032", "G0067", "G0082", "G0086", "G0094", "G0138", "G1036", "G1049", "G1052"]
MALTRAIL = [  # list, name, most values (the newest stand last)
    ("apt_lazarus", "Lazarus Group", 2500),
    ("apt_kimsuky", "Kimsuky", 2500),
    ("apt_bluenoroff", "BlueNoroff", 1500),
    ("apt_37", "APT37", 1000),
    ("apt_unc2970", "UNC2970", 500),
    ("apt_unc4899", "UNC4899", 500),
]
MALTRAIL_DATE = "2026-08-23T00:00:00Z"  # of the commit that the lists were taken from
OFAC_DATE = "2023-11-09T00:00:00Z"  # of the list
COINS = ("XBT", "ETH", "XMR", "LTC", "TRX", "USDT")


def attack(data: pathlib.Path) -> bytes:
    """The groups, what they use, how that is mitigated, and the relationships between these."""
    text = gzip.open(data / "stix/attack/enterprise-attack-20.json.gz", "rt", encoding="utf-8").read()
    objects = json.loads(text)["objects"]
    by_id = {found["id"]: found for found in objects}
    alive = lambda found: not found.get("revoked") and not found.get("x_mitre_deprecated")
    links = [found for found in objects if found["type"] == "relationship" and alive(found)]

    def number(found):
        return next((ref.get("external_id") for ref in found.get("external_references", [])
                     if ref.get("source_name") == "mitre-attack"), None)

    kept = {found["id"] for found in objects if found["type"] == "intrusion-set" and number(found) in GROUPS and alive(found)}
    kept |= {link["source_ref"] for link in links
             if link["relationship_type"] == "attributed-to" and link["target_ref"] in kept}
    kept |= {link["target_ref"] for link in links
             if link["relationship_type"] == "uses" and link["source_ref"] in kept}
    kept |= {link["target_ref"] for link in links
             if link["relationship_type"] == "subtechnique-of" and link["source_ref"] in kept}
    # What the software does beyond what a group is known for would bring in most of ATT&CK; only links inside stay.
    kept |= {link["source_ref"] for link in links
             if link["relationship_type"] == "mitigates" and link["target_ref"] in kept}
    wanted = {"uses", "attributed-to", "subtechnique-of", "mitigates"}
    kept |= {link["id"] for link in links if link["relationship_type"] in wanted
             and link["source_ref"] in kept and link["target_ref"] in kept}
    kept |= {found["id"] for found in objects if found["type"] in ("identity", "marking-definition", "x-mitre-tactic")}

    order = ["marking-definition", "identity", "intrusion-set", "campaign"]
    chosen = sorted((by_id[one] for one in kept if alive(by_id[one])),
                    key=lambda found: (order.index(found["type"]) if found["type"] in order else
                                       9 if found["type"] == "relationship" else 5, found["type"], found["id"]))
    lines = []
    for found in chosen:
        # STIX 2.0 to 2.1: the version stands on the object, and malware says whether it is a family.
        found = {"type": found.pop("type"), "spec_version": "2.1", **found}
        if found["type"] == "malware":
            found.setdefault("is_family", True)
        lines.append(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    head = '{"type":"bundle","id":"bundle--6d0a4c1e-8f57-4d1b-9c2e-b0195000d001","objects":[\n'
    return gzip.compress((head + ",\n".join(lines) + "\n]}\n").encode(), 9, mtime=0)


def maltrail(data: pathlib.Path) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["value", "first_seen", "confidence", "actor", "reference"])
    for name, actor, most in MALTRAIL:
        reference, seen, rows = "", set(), []
        for line in (data / f"geo/c2/maltrail/{name}.txt").read_text(encoding="utf-8").splitlines():
            if found := re.match(r"# Reference: (\S+)", line):
                reference = found[1]
            value = line.split("#")[0].strip()
            # Mere paths are no indicators by themselves.
            if not value or value.startswith("/") or value in seen:
                continue
            seen.add(value)
            rows.append([value, MALTRAIL_DATE, 75, actor, reference])
        table.writerows(rows[-most:])
    return gzip.compress(out.getvalue().encode(), 9, mtime=0)


def wallets(data: pathlib.Path) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["wallet", "first_seen", "confidence", "name", "tags"])
    seen = set()
    for line in (data / "personas/ofac-dprk/entries.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["type"] != "entity":  # a demo names organisations only
            continue
        for coin, address in re.findall(r"Digital Currency Address - (\w+) (\w+)", json.dumps(entry)):
            if coin in COINS and address not in seen:
                seen.add(address)
                table.writerow([address, OFAC_DATE, 95, entry["name"], f"ofac-sdn,DPRK,{coin}"])
    return out.getvalue().encode()


def main() -> None:
    data, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    (out / "attack-dprk.json.gz").write_bytes(attack(data))
    (out / "maltrail-dprk.csv.gz").write_bytes(maltrail(data))
    (out / "threatfox-dprk.csv").write_bytes((data / "geo/c2/threatfox-dprk/iocs.csv").read_bytes())
    (out / "ofac-wallets.csv").write_bytes(wallets(data))


main()
