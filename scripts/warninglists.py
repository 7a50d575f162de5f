#!/usr/bin/env python3
"""Packs a choice of MISP warning lists for `crates/watch`.

    scripts/warninglists.py FOLDER > crates/watch/data/warninglists.jsonl.gz

FOLDER is `lists/` of github.com/MISP/misp-warninglists. One list a line, in MISP's own JSON, so that the
reader for lists given at run time reads these too. The same input gives the same bytes.
"""

import gzip
import json
import pathlib
import sys

# The first list that holds a value is the one that is named, so the telling ones stand first.
CHOSEN = """
empty-hashes eicar.com common-ioc-false-positive ti-falsepositives
rfc6761 tlds
public-dns-v4 public-dns-v6 crl-ip crl-hostname captive-portals
umbrella-blockpage-hostname umbrella-blockpage-v4 umbrella-blockpage-v6 sinkholes parking-domain parking-domain-ns
google microsoft wikimedia googlebot google-gmail-sending-ips
bank-website university_domains security-provider-blogpost automated-malware-analysis
cisco_top1000 alexa tranco10k cloudflare-top10k cisco_top5k
whats-my-ip findip-host url-shortener link-in-bio dynamic-dns
cloudflare akamai fastly stackpath zscaler ovh-cluster openai-gptbot censys-scanning shodan-scanning
amazon-aws google-gcp microsoft-azure-china microsoft-azure-germany microsoft-azure-us-gov
""".split()


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    lines = []
    for name in CHOSEN:
        found = json.loads((folder / name / "list.json").read_text(encoding="utf-8"))
        kept = {"slug": name, "name": found["name"], "type": found["type"], "version": found["version"],
                "list": found["list"]}
        lines.append(json.dumps(kept, ensure_ascii=False, separators=(",", ":")))
    text = "\n".join(lines) + "\n"
    sys.stdout.buffer.write(gzip.compress(text.encode(), 9, mtime=0))


main()
