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

def told_end(data):
    """How far a segment is filled: its generation and the place, where this holds."""
    generation, end, check = struct.unpack("<QII", data[:16])
    return (generation, end) if check == zlib.crc32(data[:12]) and FIRST_UNIT <= end <= BACK else None


def segment_header(data):
    magic, lane, nothing, generation, order, check = struct.unpack("<4sB3sQII", data[:24])
    if magic != b"BSG1" or check != zlib.crc32(data[:20]) or lane >= len(LANES):
        return None
    before = told_end(data[24:40])
    blank = not any(nothing) and not any(data[24 if before is None else 40:HEADER])
    return {"lane": lane, "generation": generation, "order": order, "blank": blank, "before": before}


class Segment:
    """One file of the spool. What is free has no header; `damage` and `units` come of reading what is not."""

    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        with open(path, "rb") as file:
            self.data = file.read()
        front, back = (self.data[at:at + HEADER].ljust(HEADER, b"\0") for at in (0, BACK))
        told = [segment_header(end) for end in (front, back)]
        self.header = told[0] or told[1]
        # Bytes of a header that is lost, or of the whole where nothing says what it was.
        self.lost = HEADER if told[0] is None and any(front) else 0
        if self.header is None and any(front):
            self.header = self.header_of_units()
            if self.header is None:
                self.lost = len(self.data.rstrip(b"\0"))
        self.ends = [end for end, one in zip(("front", "back"), told) if one is not None]

    def header_of_units(self):
        """Of the generation of the first unit whose check holds, in the lane of the file's name."""
        at = self.data.find(b"BUN2", FIRST_UNIT)
        while at >= 0:
            length, generation, check = struct.unpack("<4xI8xQI", self.data[at:at + 28].ljust(28, b"\0"))
            end = at + UNIT_HEADER + length
            if end <= len(self.data) and check == zlib.crc32(self.data[at + 28:end], zlib.crc32(self.data[at:at + 24])):
                lane = LANES.index(self.name.split("-")[0])
                return {"lane": lane, "generation": generation, "order": 0, "blank": True, "before": None}
            at = self.data.find(b"BUN2", at + 1)
        return None

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

    def units(self, key_id, seal, filled):
        """Every unit that holds, in their order, and the places between them, or before where it was filled to, that were passed over."""
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
        if filled > at:
            damage.append({"segment": self.name, "offset": at, "bytes": filled - at})
        return found, damage


class Spool:
    """What all segments hold together."""

    def __init__(self, state, noted=()):
        self.odd, self.damage, self.sealed, self.lanes = [], [], [], {lane: [] for lane in LANES}
        self.seen, self.twice = set(), []
        self.key_from, key = key_of(state)
        self.key_id, self.seal = (None, None) if key is None else (hashlib.sha256(key).digest()[:4], Seal(key))
        folder = os.path.join(state, "spool")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        segments = [Segment(os.path.join(folder, name)) for name in names if re.fullmatch(r"(%s)-\d+\.seg" % "|".join(LANES), name)]
        self.cursors, told = cursors_of(folder)
        told += list(noted) + [one.header["before"] for one in segments if one.header is not None and one.header["before"] is not None]
        self.filled = {generation: max(end for which, end in told if which == generation) for generation, _ in told}
        self.free = sorted(one.name for one in segments if one.header is None)
        self.unknown = sorted(one.name for one in segments if one.header is None and one.lost > 0)
        self.one_ended = {one.name: one.ends[0] for one in segments if len(one.ends) == 1}
        self.damage += [{"segment": one.name, "offset": 0, "bytes": one.lost} for one in segments if one.lost > 0]
        for segment in sorted((one for one in segments if one.header is not None), key=lambda one: one.header["order"]):
            self.read(segment)

    def read(self, segment):
        self.expect(segment.header["blank"], f"{segment.name}: its header is not blank where it should be")
        self.expect(len(segment.data) == SEGMENT, f"{segment.name}: {len(segment.data)} bytes")
        units, damage = segment.units(self.key_id, self.seal, self.filled.get(segment.header["generation"], 0))
        self.damage += damage
        cursor = self.cursors.get(segment.header["generation"], 0)
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
    """By generation how far it is delivered; and how far segments were filled."""
    try:
        with open(os.path.join(folder, "cursors.json"), encoding="utf-8") as file:
            listed = json.load(file)
        told = [(int(one["generation"]), one["end"]) for one in listed if "end" in one and one["end"] <= BACK]
        return {int(one["generation"]): int(one["cursor"]) for one in listed}, told
    except (OSError, ValueError, KeyError, TypeError):
        return {}, []


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


def noted_in(runtime):
    """How far segments were filled, as the first 64 bytes of rings say."""
    told = []
    for name in (f"{lane}.{kind}" for lane in LANES for kind in ("ring", "old")):
        path = os.path.join(runtime, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                begin = file.read(RING_STEP)
            if len(begin) == RING_STEP and begin[:4] == b"BRE1":
                told.append(told_end(begin[4:20]))
    return [one for one in told if one is not None]


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
    noted, rings = (noted_in(asked.runtime), rings_of(asked.runtime)) if asked.runtime else ([], {})
    spool = Spool(asked.state, noted)
    print(json.dumps({
        "key": spool.key_from, "lanes": spool.lanes, "damage": spool.damage, "sealed": spool.sealed, "free": spool.free,
        "unknown": spool.unknown, "twice": spool.twice, "oneEnded": spool.one_ended, "odd": spool.odd, "rings": rings, "waiting": waiting(spool.lanes, rings)}))
