"""Plays a replay of Unbound's against a real Unbound whose policy zones are files given here.

    rpz_replay.py REPLAY FOLDER NAME=FILE … -- STEP …

It runs in a network of its own (`unshare -Urn`): the addresses of the replay's upstream servers are put on the loopback interface,
and each answers as the replay says. The queries of the steps named are asked, and for each a line of JSON is printed: the step,
what the replay states (status, answers) and what came.
"""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "TXT": 16, "AAAA": 28}


def name_bytes(name):
    labels = [label.encode() for label in name.strip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(line):
    words = re.findall(r'"[^"]*"|\S+', line)
    words = [word for at, word in enumerate(words) if at == 0 or (word != "IN" and not word.isdigit())]
    owner, kind, data = words[0], words[1], words[2]
    return owner.strip(".").lower(), kind, data.strip(".").strip('"')


def record_bytes(item):
    owner, kind, data = item
    if kind == "A":
        body = socket.inet_aton(data)
    elif kind in ("NS", "CNAME"):
        body = name_bytes(data)
    else:
        body = bytes([len(data)]) + data.encode()
    return name_bytes(owner) + struct.pack("!HHIH", TYPES[kind], 1, 60, len(body)) + body


def entry(lines):
    """One ENTRY: its question, its sections and its reply flags."""
    found = {"QUESTION": [], "ANSWER": [], "AUTHORITY": [], "ADDITIONAL": [], "flags": []}
    section = None
    for line in lines:
        if line.startswith("REPLY"):
            found["flags"] = line.split()[1:]
        elif line.startswith("SECTION"):
            section = line.split()[1]
        elif section:
            words = line.split()
            if section == "QUESTION":
                found["QUESTION"] = (words[0].strip(".").lower(), words[-1])
            else:
                found[section].append(record(line))
    return found


def read(path):
    """What upstream servers say, by their address, and the steps: a query and the answer that is checked after it."""
    lines = [line.split(";")[0].strip() for line in open(path, encoding="utf-8")]
    lines = [line for line in lines if line]
    lines = lines[next(at for at, line in enumerate(lines) if line.startswith("SCENARIO_BEGIN")) :]
    servers, steps, address, step, body = {}, {}, None, None, None
    for line in lines:
        if line.startswith("ADDRESS"):
            address = line.split()[1]
            servers.setdefault(address, {})
        elif line == "RANGE_END":
            address = None
        elif line.startswith("STEP"):
            step = line.split()[1:3]
        elif line == "ENTRY_BEGIN":
            body = []
        elif line == "ENTRY_END":
            found = entry(body)
            if address:
                servers[address][found["QUESTION"]] = found
            elif step[1] == "QUERY":
                query = (int(step[0]), found["QUESTION"])
            else:
                steps[query[0]] = (query[1], found)
            body = None
        elif body is not None:
            body.append(line)
    return servers, steps


def question_of(message):
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode().lower())
        at += 1 + message[at]
    kind = struct.unpack("!H", message[at + 1 : at + 3])[0]
    names = {number: name for name, number in TYPES.items()}
    return (".".join(labels), names.get(kind, "")), message[12 : at + 5]


def serve(address, says):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    while True:
        message, peer = server.recvfrom(4096)
        asked, question = question_of(message)
        found = says.get(asked)
        sections = [found[name] if found else [] for name in ("ANSWER", "AUTHORITY", "ADDITIONAL")]
        flags = 0x8000 | (0x0400 if found and "AA" in found["flags"] else 0)
        header = message[:2] + struct.pack("!HHHHH", flags, 1, *map(len, sections))
        server.sendto(header + question + b"".join(record_bytes(item) for part in sections for item in part), peer)


def ask(question):
    name, kind = question
    command = ["dig", "@127.0.0.1", "-p", "5300", "+tries=1", "+time=3", "+noedns", name + ".", kind]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    status = re.search(r"status: (\w+)", text)
    answers, inside = [], False
    for line in text.splitlines():
        inside = line.startswith(";; ANSWER") or (inside and not line.startswith(";;"))
        if inside and line and not line.startswith(";"):
            answers.append(list(record(line)))
    return [status.group(1) if status else "no answer", sorted(answers)]


def main():
    replay, folder, *rest = sys.argv[1:]
    cut = rest.index("--")
    zones, wanted = rest[:cut], [int(step) for step in rest[cut + 1 :]]
    servers, steps = read(replay)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address, says in servers.items():
        subprocess.run(["ip", "addr", "add", address + "/32", "dev", "lo"], check=True)
        threading.Thread(target=serve, args=(address, says), daemon=True).start()
    text = open(replay, encoding="utf-8").read().split("CONFIG_END")[0]
    stubs = re.findall(r'stub-zone:\s+name: "([^"]+)"\s+stub-addr: (\S+)', text)
    config = [
        "server:",
        f'  directory: "{folder}"\n  chroot: ""\n  username: ""\n  pidfile: "{folder}/unbound.pid"',
        "  interface: 127.0.0.1@5300\n  do-daemonize: no\n  use-syslog: no\n  verbosity: 1",
        # As the replay has it, but for the validator: nothing is signed.
        '  module-config: "respip iterator"\n  target-fetch-policy: "0 0 0 0 0"\n  qname-minimisation: no',
    ]
    for zone in zones:
        name, path = zone.split("=")
        config.append(f'rpz:\n  name: "{name}"\n  zonefile: "{path}"')
    config += [f'stub-zone:\n  name: "{name}"\n  stub-addr: {address}' for name, address in stubs]
    with open(os.path.join(folder, "unbound.conf"), "w", encoding="utf-8") as file:
        file.write("\n".join(config) + "\n")
    log = open(os.path.join(folder, "unbound.log"), "w", encoding="utf-8")
    unbound = subprocess.Popen(["/usr/sbin/unbound", "-d", "-c", file.name], stderr=log, stdout=log)
    try:
        until = time.time() + 20
        while ask(("localhost", "A"))[0] == "no answer" and time.time() < until and unbound.poll() is None:
            time.sleep(0.2)
        for step in wanted:
            question, stated = steps[step]
            status = next(flag for flag in stated["flags"] if flag in ("NOERROR", "NXDOMAIN", "SERVFAIL"))
            answers = sorted(list(item) for item in stated["ANSWER"])
            print(json.dumps({"step": step, "stated": [status, answers], "came": ask(question)}))
    finally:
        unbound.kill()
        unbound.wait()


main()
