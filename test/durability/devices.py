#!/usr/bin/env python3
"""Oximeters on pseudo-terminals that write down what they sent: the sender's ledger, made without any of our own code.

    devices.py [--speed N] LEDGER LINK...

Each LINK becomes a line on which a Nonin sends format 2, three packets a second (N times as many). What a packet says is drawn from
its device and its number, so that no two say the same. LEDGER grows by a line for each packet and each look, fields by tabs:

    S device number left_ns taken report wave battery   its last piece left just after; taken 0: the line refused a part of it
    R device number ns                                  then nothing up to this packet was left unread in the line

Times are CLOCK_MONOTONIC. `report` and `wave` are hashes of what must arrive (content_of). Prints "ready"; "pause" and "resume" on
standard input are obeyed and answered, its end ends the devices. The protocol: drivers/nonin/README.md, source S1.
"""
import argparse, array, fcntl, hashlib, os, select, sys, termios, time, tty

FRAMES, PIECES, PACKET_NS = 25, 5, 333_333_333
TIMERS = 1 << 14
STATUS_ALWAYS, STATUS_SYNC, BATTERY_LOW = 0x80, 0x01, 0x01
BATTERY_PACKETS = 15  # an alert every five seconds


def content_of(*told):
    """The hash of what a record says: its words in order, as text."""
    return hashlib.sha256("|".join(map(str, told)).encode()).hexdigest()[:20]


def packet_of(device, number):
    """The 125 bytes, and the ledger's words for them."""
    drawn = hashlib.sha512(f"{device}/{number}".encode()).digest()
    saturation, rate, pleth = 1 + drawn[0] % 100, 20 + int.from_bytes(drawn[1:3], "big") % 300, drawn[3:3 + FRAMES]
    timer, battery = number % TIMERS, number // BATTERY_PACKETS % 2
    floats = [0] * FRAMES
    floats[5], floats[6] = timer >> 7, timer & 0x7F
    floats[7] = BATTERY_LOW * battery
    floats[8] = saturation
    floats[19], floats[20] = rate >> 7, rate & 0x7F
    data = bytearray()
    for at in range(FRAMES):
        frame = (0x01, STATUS_ALWAYS | (STATUS_SYNC if at == 0 else 0), pleth[at], floats[at])
        data += bytes((*frame, sum(frame) & 0xFF))
    return bytes(data), content_of(timer, saturation, rate, "off", "normal"), content_of(*pleth), battery


class Device:
    def __init__(self, index, link, ledger, begin, packet_ns):
        self.name, self.ledger, self.packet_ns = f"device-{index}", ledger, packet_ns
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        if os.path.islink(link):
            os.unlink(link)
        os.symlink(os.ttyname(self.slave), link)
        self.number, self.piece, self.taken, self.unread = 0, 0, True, None
        self.due, self.packet = begin, packet_of(self.name, 0)

    def step(self):
        """Looks whether the line is empty, then sends the next piece."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self.slave, termios.FIONREAD, waiting)
        if waiting[0] == 0 and self.unread is not None:
            self.ledger.write(f"R\t{self.name}\t{self.unread}\t{time.monotonic_ns()}\n")
            self.unread = None
        data, report, wave, battery = self.packet
        size, left = len(data) // PIECES, time.monotonic_ns()
        try:
            self.taken &= os.write(self.master, data[self.piece * size:(self.piece + 1) * size]) == size
        except BlockingIOError:
            self.taken = False
        self.piece += 1
        self.due += self.packet_ns // PIECES
        if self.piece == PIECES:
            self.ledger.write(f"S\t{self.name}\t{self.number}\t{left}\t{int(self.taken)}\t{report}\t{wave}\t{battery}\n")
            self.unread = self.number
            self.number, self.piece, self.taken = self.number + 1, 0, True
            self.packet = packet_of(self.name, self.number)

    def wait_until(self, begin):
        """What was under way is not finished: the next packet is a new one."""
        self.number += 1 if self.piece else 0
        self.piece, self.taken, self.due, self.packet = 0, True, begin, packet_of(self.name, self.number)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--speed", type=float, default=1)
    parser.add_argument("ledger")
    parser.add_argument("links", nargs="+")
    words = parser.parse_args()
    packet_ns, paused, told = int(PACKET_NS / words.speed), False, b""
    with open(words.ledger, "a", buffering=1, encoding="ascii") as ledger:
        spread = packet_ns // len(words.links)
        now = time.monotonic_ns()
        devices = [Device(at, link, ledger, now + at * spread, packet_ns) for at, link in enumerate(words.links)]
        print("ready", flush=True)
        while True:
            first = min(devices, key=lambda one: one.due)
            idle = None if paused else max(0, first.due - time.monotonic_ns()) / 1e9
            if select.select([sys.stdin.buffer], [], [], idle)[0]:
                more = os.read(0, 4096)
                if more == b"":
                    break
                told += more
                while b"\n" in told:
                    line, _, told = told.partition(b"\n")
                    paused = line == b"pause"
                    for at, one in enumerate(devices):
                        one.wait_until(time.monotonic_ns() + at * spread)
                    print(line.decode(), flush=True)
            elif not paused:
                first.step()
    for link in words.links:
        os.unlink(link)


if __name__ == "__main__":
    main()
