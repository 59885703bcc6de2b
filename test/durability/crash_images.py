#!/usr/bin/env python3
"""Power cuts on a real ext4: makes the disk as a cut would have left it, lets the kernel recover it, and asks what is still there.

    crash_images.py judge LOG BASE LEDGERS --images N --seed S [--window-ms 250] [--slack-ms N] [--starts K --out FOLDER]
    crash_images.py starts LEDGERS AFTER FOLDER

`judge`: LOG is block_disk.py's of the disk BASE, on which an agent lived whose ledgers lie in LEDGERS. An image is all that was written
before the last flush before the cut, and of what was written behind it none, all, some writes, or some sectors of some. The kernel mounts
it and replays its journal; ../agent/spool-reader.py, written from FORMAT.md, reads the spool. What an agent had read a window and the
slack before the cut (or before its own end) must have come to the subscriber by then, or lie there. Of K images, drawn, a copy is left in
FOLDER for a real start, with the names that it must deliver.

`starts`: AFTER is the ledger of another subscriber that heard what agents delivered who were started on these images at the times of
FOLDER/starts.tsv ("image began_ns ended_ns"). Each prints one line of JSON; exit code 1 where it is not clean.
"""
import argparse, collections, functools, importlib.util, json, os, random, struct, subprocess, sys, tempfile

import verifier

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../agent"))
found = importlib.util.spec_from_file_location("spool_reader", os.path.join(HERE, "../agent/spool-reader.py"))
reader = importlib.util.module_from_spec(found)
found.loader.exec_module(reader)

STEP, SECTOR, WRITTEN = struct.Struct("<BQQI"), 512, 1
WAYS = ("none", "all", "some", "torn")
# A record that the broker answered for just before the cut is under way to the subscriber.
UNDER_WAY_NS = 300_000_000
NAMED_MAX = 10


def once(function):
    """Images of one disk hold the same units and blocks: each is opened and read once."""
    return functools.lru_cache(maxsize=None)(function)


class Opened:
    def __init__(self, key):
        self.open = OPENERS(key)


Seal, reader.Seal = reader.Seal, Opened
OPENERS = once(lambda key: once(Seal(key).open))
reader.block_found = once(reader.block_found)


# ── Images ──

def steps_of(path):
    with open(path, "rb") as file:
        while len(head := file.read(STEP.size)) == STEP.size:
            kind, at, offset, length = STEP.unpack(head)
            yield kind, at, offset, file.read(length)


def cut(pending, way, dice):
    """What of the writes that no flush has confirmed is on the disk."""
    if way == "none":
        return
    for offset, data in pending:
        if way == "all":
            yield offset, data
        elif dice.random() < 0.5:
            continue
        elif way == "some":
            yield offset, data
        else:
            for at in range(0, len(data), SECTOR):
                if dice.random() < 0.7:
                    yield offset + at, data[at:at + SECTOR]


def images_of(log, base, count, dice, span):
    """Yields (time of the cut, way, bytes of the disk) in the order of time, which lies in the span."""
    begin, end = span
    steps = list(steps_of(log))
    after = [step[1] for step in steps if step[1] >= begin]
    points = -(-count // len(WAYS))
    # Half of the cuts come with a write or a flush, where most goes wrong; half at any time, which costs most.
    cuts = sorted([dice.choice(after) for _ in range(points // 2)] + [dice.randint(begin, end) for _ in range(points - points // 2)])
    with open(base, "rb") as file:
        durable = bytearray(file.read())
    pending, at = [], 0
    for index, (when, way) in enumerate((when, way) for when in cuts for way in WAYS):
        if index == count:
            return
        while at < len(steps) and steps[at][1] <= when:
            kind, _, offset, data = steps[at]
            pending.append((offset, data))
            at += 1
            if kind != WRITTEN:
                for offset, data in pending:
                    durable[offset:offset + len(data)] = data
                pending = []
        image = bytearray(durable)
        for offset, data in cut(pending, way, dice):
            image[offset:offset + len(data)] = data
        yield when, way, image


# ── What an agent owed ──

def owed_names(place):
    """Of each life: (began, ended, [(when it was read, name)] in order), and when each name came."""
    received, sent = verifier.Received(), verifier.read_sent(place)
    with open(os.path.join(place, "received.tsv"), encoding="utf8") as file:
        for line in file:
            received.line(line)
    told, invented, _ = verifier.numbers_of(received, sent)
    alerts = collections.defaultdict(list)
    for name, one in received.records.items():
        if one.get("kind") == "battery":
            alerts[name[1], name[2], one["at"]].append(name)
    lives = []
    for gateway, began, ended, _ in verifier.rows_of(os.path.join(place, "lives.tsv")):
        began, ended, owed = int(began), int(ended), []
        for (of, device), runs in told.items():
            for run, numbers in runs.items():
                first = next(iter(numbers.values()))
                if of != gateway or not began <= received.records[next(iter(first.values()))]["at"] <= ended:
                    continue
                for when, number in reads(sent[of, device], numbers):
                    names = list(numbers[number].values())
                    names += alerts[names[0][1], names[0][2], received.records[names[0]]["at"]]
                    owed += [(when, name) for name in names]
        lives.append((began, ended, sorted(owed)))
    return lives, {name: one["came"] for name, one in received.records.items()}, invented


def reads(sent, numbers):
    """(when the line was first seen empty behind it, number) of each packet that was told."""
    looks, at = sorted(sent.looks), 0
    for number in sorted(numbers):
        while at < len(looks) and looks[at][1] < number:
            at += 1
        if at < len(looks):
            yield looks[at][0], number


# ── The verdict ──

class Mount:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="bedside-images-", dir="/dev/shm")
        self.image, self.place = (os.path.join(self.folder, name) for name in ("image", "mounted"))
        os.mkdir(self.place)
        self.repaired = 0

    def mounted(self):
        return subprocess.run(["mount", "-o", "loop,noatime", self.image, self.place], capture_output=True).returncode == 0

    def spool(self, image):
        """None where the kernel cannot mount it, also not after the repair that every boot makes (a torn superblock needs it)."""
        with open(self.image, "wb") as file:
            file.write(image)
        if not self.mounted():
            self.repaired += 1
            subprocess.run(["e2fsck", "-fy", self.image], capture_output=True)
            if not self.mounted():
                return None
        try:
            return reader.Spool(self.place)
        finally:
            subprocess.run(["umount", self.place], check=True)

    def close(self):
        for name in (self.image, os.path.join(self.folder, "mounted")):
            if os.path.isdir(name):
                os.rmdir(name)
            elif os.path.exists(name):
                os.unlink(name)
        os.rmdir(self.folder)


def names_in(spool, gateway):
    blocks = ((lane, block) for lane, found in reader.waiting(spool.lanes, {}).items() for block in found)
    return {(gateway, int(block["run"]), epoch, 1 + reader.LANES.index(lane), n) for lane, block in blocks for epoch, n in block["records"]}


def judge(words):
    dice, mount = random.Random(words.seed), Mount()
    lives, came, _ = owed_names(words.ledgers)
    gateway = verifier.rows_of(os.path.join(words.ledgers, "lives.tsv"))[0][0]
    span = min(began for began, *_ in lives), max(ended for _, ended, _ in lives)
    window, slack = words.window_ms * 1_000_000, words.slack_ms * 1_000_000
    starts = set(dice.sample(range(words.images), min(words.starts, words.images)))
    told = collections.Counter()
    ages, lost, odd, unknown, unmounted, owing = [], [], [], [], 0, 0
    try:
        for index, (when, way, image) in enumerate(images_of(words.log, words.base, words.images, dice, span)):
            told[way] += 1
            spool = mount.spool(image)
            if spool is None:
                unmounted += 1
                continue
            there = names_in(spool, gateway)
            odd += [f"image {index}: {what}" for what in spool.odd]
            unknown += [f"image {index} holds {name}" for name in there if name not in came]
            for began, ended, owed in lives:
                end = min(when, ended)
                for read, name in owed if began < when else ():
                    if read > end:
                        break
                    owing += came[name] > when + UNDER_WAY_NS
                    if came[name] > when + UNDER_WAY_NS and name not in there:
                        ages.append((end - read) / 1e6)
                        if read <= end - window - slack:
                            lost.append(f"image {index}, {way}: {name} was read {ages[-1]:.0f} ms before the end")
            if index in starts:
                keep(words.out, index, image, there)
    finally:
        mount.close()
    share = verifier.quantiles(ages)
    return {"clean": not (lost or odd or unmounted), "images": sum(told.values()), "ways": dict(told), "owed": owing, "lost": len(lost),
            "odd": len(odd), "unmountable": unmounted, "repaired": mount.repaired, "unknown": len(unknown), "within": len(ages) - len(lost),
            "age_ms": share, "examples": (lost + odd + unknown)[:NAMED_MAX]}


def keep(folder, index, image, names):
    with open(os.path.join(folder, f"{index}.img"), "wb") as file:
        file.write(image)
    with open(os.path.join(folder, f"{index}.json"), "w", encoding="ascii") as file:
        json.dump(sorted(names), file)


def check_starts(words):
    before, after = verifier.Received(), verifier.Received()
    for received, place in ((before, words.ledgers), (after, words.after)):
        with open(os.path.join(place, "received.tsv"), encoding="utf8") as file:
            lines = list(file)
        for line in lines:
            received.line(line)
    arrivals = collections.defaultdict(list)
    for line in lines:
        at, topic, payload, *_ = line.split("\t")
        batch = verifier.batch_of(topic.rpartition("/")[2], payload)
        for record in batch.records if batch else ():
            arrivals[batch.head.gateway, batch.head.run, record.epoch, batch.head.stream, record.n].append(int(at))
    missing, names = [], 0
    for index, began, ended in verifier.rows_of(os.path.join(words.folder, "starts.tsv")):
        with open(os.path.join(words.folder, f"{index}.json"), encoding="ascii") as file:
            must = [tuple(name) for name in json.load(file)]
        names += len(must)
        missing += [f"image {index}: {name}" for name in must if not any(int(began) <= at <= int(ended) for at in arrivals[name])]
    differ = [name for name, content in after.contents.items() if before.contents.get(name, content) != content]
    # A run that had ended before the cut may be told of again; every other one ended with it.
    wrong = [f"{run} ended {how}" for run, how in after.how.items() if how not in ("power", before.how.get(run))]
    verdict = {"missing": len(missing), "conflicting": len(differ) + len(after.conflicting), "broken": len(after.broken),
               "unexplained": after.agents, "wrong": len(wrong)}
    examples = (missing + wrong + list(map(str, differ + after.conflicting)) + after.broken)[:NAMED_MAX]
    return {"clean": not any(verdict.values()), "names": names, **verdict, "ends": dict(after.ends), "examples": examples}


def main():
    parser = argparse.ArgumentParser(description="Power cuts on a real ext4.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    judged, started = verbs.add_parser("judge"), verbs.add_parser("starts")
    for verb, names in ((judged, ("log", "base", "ledgers")), (started, ("ledgers", "after", "folder"))):
        for name in names:
            verb.add_argument(name)
    for name, default in {"images": 150, "seed": 1, "window-ms": 250, "slack-ms": 1000, "starts": 0}.items():
        judged.add_argument(f"--{name}", type=int, default=default)
    judged.add_argument("--out", default="")
    words = parser.parse_args()
    verdict = judge(words) if words.verb == "judge" else check_starts(words)
    print(json.dumps(verdict))
    sys.exit(0 if verdict["clean"] else 1)


if __name__ == "__main__":
    main()
