"""A network between TUN devices that delays packets, loses some, and can be cut.

late_link.py DELAY LOSS DEVICE...: the device at place N has the address 10.99.0.(N+1). Says "ready" once the devices are there;
lines on standard input are "cut N" (nothing to or from the device at place N) and "heal".
"""

import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def device(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


delay, loss = float(sys.argv[1]), float(sys.argv[2])
devices = [device(name) for name in sys.argv[3:]]
chance, late, cut, count = random.Random(1), [], None, 0
print("ready", flush=True)
while True:
    wait = max(0.0, late[0][0] - time.monotonic()) if late else None
    readable, _, _ = select.select([*devices, sys.stdin], [], [], wait)
    if sys.stdin in readable:
        line = sys.stdin.readline()
        if not line:
            break
        cut = int(line.split()[1]) if line.startswith("cut") else None
    for place, fd in enumerate(devices):
        if fd not in readable:
            continue
        try:
            packet = os.read(fd, 65536)
        except OSError:
            continue
        if packet[0] >> 4 != 4 or chance.random() < loss:
            continue
        to = packet[19] - 1
        if 0 <= to < len(devices) and cut not in (place, to):
            count += 1
            heapq.heappush(late, (time.monotonic() + delay, count, to, packet))
    while late and late[0][0] <= time.monotonic():
        _, _, to, packet = heapq.heappop(late)
        try:
            os.write(devices[to], packet)
        except OSError:
            pass
