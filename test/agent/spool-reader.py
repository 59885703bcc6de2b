#!/usr/bin/env python3
"""A second reader of what the spool leaves on its disk, written from agent/spool/FORMAT.md alone. It changes nothing.
spool-reader.py STATE_DIR [--runtime RUNTIME_DIR] prints JSON; what the paper leaves no room for is listed as "odd"."""
import argparse, base64, hashlib, json, os, re, struct, sys, zlib

sys.dont_write_bytecode = True
from aes_gcm import Seal

LANES = ("alert", "event", "report", "wave")
SEGMENT, HEADER, FIRST_UNIT = 1 << 20, 64, 64
BACK = SEGMENT - HEADER
UNIT_HEADER, BLOCK_HEADER, BLOCK_MAX = 32, 24, 64 << 10
RING_STEP, RING_HEADER, RELEASED = 64, 24, 2


# ── A block ──

def varint(data, at):
    value = 0
    for place in range(10):
        if at + place >= len(data):
            return None
        value |= (data[at + place] & 0x7F) << 7 * place
        if data[at + place] < 0x80:
            return value, at + place + 1
    return None


def fields(data):
    """Yields (field, value, where it begins) up to the first that cannot be read; the value of a varint or of a fixed32 is a number."""
    at = 0
    while at < len(data):
        begin, tag = at, varint(data, at)
        if tag is None or tag[0] >> 3 == 0:
            return
        number, kind, at = tag[0] >> 3, tag[0] & 7, tag[1]
        length = {1: 8, 5: 4}.get(kind)
        if kind in (0, 2):
            told = varint(data, at)
            if told is None:
                return
            value, at = told
            length = value if kind == 2 else 0
        if length is None or at + length > len(data):
            return
        if kind in (1, 5):
            value = int.from_bytes(data[at:at + length], "little")
        elif kind == 2:
            value = data[at:at + length]
        at += length
        yield number, value, begin, at


def read_block(data, name):
    """The records of a block as [epoch, n], and its length: up to its last check that holds."""
    run, lane, number = name
    seed = zlib.crc32(struct.pack("<QBI", run, lane, number))
    held, length, records = [], 0, []
    for field, value, begin, end in fields(data):
        if field == 15:
            if value != zlib.crc32(data[:begin], seed):
                break
            held, length = list(records), end
        elif field == 4:
            told = {number: value for number, value, _, _ in fields(value) if number in (1, 2)}
            records.append([told.get(1, 0), told.get(2, 0)])
        elif field not in (1, 2, 3):
            break
    return held, length


def block_found(name, data):
    records, length = read_block(data, name)
    return {"run": str(name[0]), "number": name[2], "records": records}, length


# ── A segment ──

def segment_header(data):
    magic, lane, nothing, generation, order, check = struct.unpack("<4sB3sQII", data[:24])
    if magic != b"BSG1" or check != zlib.crc32(data[:20]) or lane >= len(LANES):
        return None
    return {"lane": lane, "generation": generation, "order": order, "blank": not any(nothing) and not any(data[24:HEADER])}


class Segment:
    """One file of the spool. What is free has no header; `damage` and `units` come of reading what is not."""

    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        with open(path, "rb") as file:
            self.data = file.read()
        front, back = (self.data[at:at + HEADER].ljust(HEADER, b"\0") for at in (0, BACK))
        told = [segment_header(end) for end in (front, back)]
        self.header = told[0] or told[1]
        self.unknown = told[0] is None and any(front)
        self.ends = [end for end, one in zip(("front", "back"), told) if one is not None]

    def unit_at(self, at, key_id, seal):
        """The unit that holds here, if one does: its check, and under our key its tag too. `body` is None under another key."""
        if at + UNIT_HEADER > BACK or self.data[at:at + 4] != b"BUN2":
            return None
        length, blocks, records, generation, check = struct.unpack("<IIIQI", self.data[at + 4:at + 28])
        begin, end = at + UNIT_HEADER, at + UNIT_HEADER + length
        if generation != self.header["generation"] or end > BACK:
            return None
        if check != zlib.crc32(self.data[at + 28:end], zlib.crc32(self.data[at:at + 24])):
            return None
        body, ours = None, self.data[at + 28:begin] == key_id
        if ours:
            nonce = struct.pack("<QI", generation, at)
            body = seal.open(nonce, self.data[at:at + 24] + self.data[at + 28:begin], self.data[begin:end])
        return None if ours and body is None else {"at": at, "end": end, "blocks": blocks, "records": records, "body": body}

    def units(self, key_id, seal):
        """Every unit that holds, in their order, and the places between them that were passed over."""
        found, damage, at, next_at = [], [], FIRST_UNIT, FIRST_UNIT
        while next_at >= 0:
            unit = self.unit_at(next_at, key_id, seal)
            if unit is None:
                next_at = self.data.find(b"BUN2", next_at + 1, BACK)
                continue
            if next_at > at:
                damage.append({"segment": self.name, "offset": at, "bytes": next_at - at})
            found.append(unit)
            at = next_at = unit["end"]
        return found, damage


class Spool:
    """What all segments hold together."""

    def __init__(self, state):
        self.odd, self.damage, self.sealed, self.lanes = [], [], [], {lane: [] for lane in LANES}
        self.seen, self.twice = set(), []
        self.key_from, key = key_of(state)
        self.key_id, self.seal = (None, None) if key is None else (hashlib.sha256(key).digest()[:4], Seal(key))
        folder = os.path.join(state, "spool")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        segments = [Segment(os.path.join(folder, name)) for name in names if re.fullmatch(r"(%s)-\d+\.seg" % "|".join(LANES), name)]
        self.cursors = cursors_of(folder)
        self.free = sorted(one.name for one in segments if one.header is None)
        self.unknown = sorted(one.name for one in segments if one.unknown)
        self.one_ended = {one.name: one.ends[0] for one in segments if len(one.ends) == 1}
        self.damage += [{"segment": name, "offset": 0, "bytes": HEADER} for name in self.unknown]
        for segment in sorted((one for one in segments if one.header is not None), key=lambda one: one.header["order"]):
            self.read(segment)

    def read(self, segment):
        lane = LANES[segment.header["lane"]]
        self.expect(segment.name.startswith(f"{lane}-"), f"{segment.name}: its header names lane {lane}")
        self.expect(segment.header["blank"], f"{segment.name}: its header is not blank where it should be")
        self.expect(len(segment.data) == SEGMENT, f"{segment.name}: {len(segment.data)} bytes")
        units, damage = segment.units(self.key_id, self.seal)
        self.damage += damage
        cursor = self.cursors.get((segment.name, segment.header["generation"]), 0)
        for unit in units:
            self.read_unit(segment, unit, cursor)

    def read_unit(self, segment, unit, cursor):
        where = f"{segment.name} at {unit['at']}"
        body = unit["body"]
        if body is None:
            told = {"segment": segment.name, "offset": unit["at"], "bytes": unit["end"] - unit["at"], "records": unit["records"]}
            self.sealed.append(told | {"delivered": unit["end"] <= cursor})
            return
        at, blocks = 0, []
        while at + BLOCK_HEADER <= len(body):
            run, number, length, records, lane, nothing = struct.unpack("<QIIIB3s", body[at:at + BLOCK_HEADER])
            at += BLOCK_HEADER
            block, held = block_found((run, lane, number), body[at:at + length])
            at += length
            self.expect(lane == segment.header["lane"] and not any(nothing), f"{where}: a block of lane {lane}")
            self.expect(held == length, f"{where}: of {length} bytes of a block {held} hold")
            self.expect(len(block["records"]) == records, f"{where}: {records} records told, {len(block['records'])} read")
            self.expect(length <= BLOCK_MAX, f"{where}: a block of {length} bytes")
            blocks.append(block | {"delivered": unit["end"] <= cursor, "segment": segment.name, "offset": unit["at"]})
        self.expect(at == len(body), f"{where}: the blocks end at {at} of {len(body)}")
        self.expect(len(blocks) == unit["blocks"], f"{where}: {unit['blocks']} blocks told, {len(blocks)} read")
        self.expect(sum(len(one["records"]) for one in blocks) == unit["records"], f"{where}: {unit['records']} records told")
        lane = LANES[segment.header["lane"]]
        for one in blocks:
            name = (lane, one["run"], one["number"])
            if name in self.seen:
                self.twice.append(f"{where}: {name[1]}/{name[2]}")
            else:
                self.lanes[lane].append(one)
            self.seen.add(name)

    def expect(self, holds, otherwise):
        if not holds:
            self.odd.append(otherwise)


def key_of(state):
    """The name of the first file that holds, and the key in it."""
    for name in ("spool.key", "spool.key.copy"):
        try:
            with open(os.path.join(state, name), "rb") as file:
                told = re.fullmatch(rb"1 ([A-Za-z0-9+/]{43}=) (\d{1,10})\n", file.read())
        except OSError:
            continue
        key = told and base64.b64decode(told[1], validate=True)
        if key and zlib.crc32(key) == int(told[2]):
            return name, key
    return None, None


def cursors_of(folder):
    try:
        with open(os.path.join(folder, "cursors.json"), encoding="utf-8") as file:
            listed = json.load(file)
        return {(os.path.basename(one["path"]), int(one["generation"])): int(one["cursor"]) for one in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


# ── A ring ──

def read_ring(path, lane):
    with open(path, "rb") as file:
        data = file.read()
    at, found = 0, []
    while at + RING_HEADER <= len(data):
        magic, header_lane, state, nothing, run, number, check = struct.unpack("<4sBBHQII", data[at:at + RING_HEADER])
        named = bytearray(data[at:at + 20])
        named[5] = 0
        length = 0
        if magic == b"BRK1" and header_lane == lane and check == zlib.crc32(named):
            body = data[at + RING_HEADER:at + RING_HEADER + BLOCK_MAX]
            block, length = block_found((run, lane, number), body)
            found.append(block | {"released": state == RELEASED, "offset": at})
        at += RING_STEP if length == 0 else -(-(RING_HEADER + length) // RING_STEP) * RING_STEP
    return sorted(found, key=lambda one: (int(one["run"]), one["number"]))


def rings_of(runtime):
    """Of each file that is a ring of any kind: what it holds."""
    paths = {f"{name}.{kind}": at for at, name in enumerate(LANES) for kind in ("ring", "old", "new")}
    return {name: read_ring(os.path.join(runtime, name), lane) for name, lane in paths.items()
            if os.path.isfile(os.path.join(runtime, name))}


def waiting(lanes, rings):
    """Of each lane, by Recovery 2 and 3: the blocks that the next start finds undelivered, in their order."""
    found = {}
    for lane, blocks in lanes.items():
        highest = {}
        for block in blocks:
            highest[block["run"]] = max(highest.get(block["run"], 0), block["number"])
        live = [one for one in rings.get(f"{lane}.ring", []) if not one["released"] and one["number"] > highest.get(one["run"], 0)]
        found[lane] = [one for one in blocks if not one["delivered"]] + live
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("state")
    parser.add_argument("--runtime")
    asked = parser.parse_args()
    spool, rings = Spool(asked.state), rings_of(asked.runtime) if asked.runtime else {}
    print(json.dumps({
        "key": spool.key_from, "lanes": spool.lanes, "damage": spool.damage, "sealed": spool.sealed, "free": spool.free,
        "unknown": spool.unknown, "twice": spool.twice, "oneEnded": spool.one_ended, "odd": spool.odd, "rings": rings, "waiting": waiting(spool.lanes, rings)}))
