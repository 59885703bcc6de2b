#!/usr/bin/env python3
"""The receiver's ledger, and the verdict over all ledgers. None of our own code is in it: mosquitto_sub, protoc and this file.

    verifier.py receive LEDGER --port P --ca F --cert F --key F [--client-id ID]
    verifier.py judge FOLDER [--slack-ms N] [--json]

`receive` writes each message with the time at which it came, prints "run GATEWAY RUN MONO_NS" for the first record of every run, and
obeys lines on standard input: "drain SECONDS" answers "drained RECORDS" when nothing new has come for so long. Its end ends it.

`judge` reads FOLDER/received.tsv, sent-GATEWAY.tsv of each gateway (devices.py) and lives.tsv, in which whoever starts and ends agents
writes "gateway  began_ns  ended_ns  how" (kill, stop), and away.tsv, "from_ns  to_ns" of each time at which the broker did not answer, and
prints one line of JSON: the verdict. Exit code 1 where it is not clean.
"""
import argparse, bisect, collections, hashlib, itertools, json, os, select, signal, subprocess, sys, tempfile, time
from google.protobuf import message

from devices import content_of

HERE = os.path.dirname(os.path.abspath(__file__))
with tempfile.TemporaryDirectory() as folder:
    proto = os.path.join(HERE, "../../proto")
    subprocess.run(["protoc", f"-I{proto}", f"--python_out={folder}", "bedside/v1/record.proto", "bedside/v1/state.proto"], check=True)
    sys.path.insert(0, folder)
    from bedside.v1 import record_pb2 as rec, state_pb2 as state

LEAVES = {"alerts": rec.STREAM_ALERT, "events": rec.STREAM_EVENT, "reports": rec.STREAM_REPORT, "waves": rec.STREAM_WAVE}
REPORTED = ("MDC_PULS_OXIM_SAT_O2", "MDC_PULS_OXIM_PULS_RATE", "nonin.artefact", "nonin.perfusion")
BATTERY, WAVE = "MDC_EVT_BATT_LO", "MDC_PULS_OXIM_PLETH"
READ_WITHIN_NS = 20_000_000_000  # a line holds no more than that of a device
EARLY_NS = 5_000_000_000  # the stamp is the beginning of a tick; a busy machine may stop the agent between it and the read
FIRST_WITHIN_NS = 5_000_000_000  # an agent that lives so long has read something
AGAIN_S, NAMED_MAX = 0.2, 10


# ── The receiver ──

def receive(words):
    command = ["mosquitto_sub", "-V", "5", "-h", "localhost", "-p", words.port, "--cafile", words.ca, "--cert", words.cert,
               "--key", words.key, "-i", words.client_id, "-c", "-x", "86400", "-q", "1", "-F", r"%t\t%x\t%r\t%P",
               "-t", "bedside/v1/+/up/#"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    names, runs, last, drain, told = set(), set(), time.monotonic(), None, {"in": b"", "out": b""}

    def heard(line, ledger):
        nonlocal last
        now = time.monotonic_ns()
        ledger.write(f"{now}\t{line}\n")
        topic, payload = line.split("\t")[:2]
        gateway, _, leaf = topic.removeprefix("bedside/v1/").partition("/up/")
        batch = batch_of(leaf, payload)
        if batch is None:
            return
        if (gateway, batch.head.run) not in runs:
            runs.add((gateway, batch.head.run))
            print(f"run {gateway} {batch.head.run} {now}", flush=True)
        before = len(names)
        names.update((batch.head.run, one.epoch, batch.head.stream, one.n) for one in batch.records)
        last = time.monotonic() if len(names) > before else last

    def lines(which, source):
        more = os.read(source.fileno(), 1 << 20)
        *whole, told[which] = (told[which] + more).split(b"\n")
        return more == b"", [line.decode() for line in whole]

    with open(words.ledger, "a", buffering=1, encoding="utf8") as ledger:
        print("ready", flush=True)
        while True:
            for source in select.select([sys.stdin.buffer, child.stdout], [], [], 0.2)[0]:
                ended, whole = lines("in" if source is sys.stdin.buffer else "out", source)
                for line in whole:
                    if source is child.stdout:
                        heard(line, ledger)
                    else:
                        drain, last = float(line.split()[1]), time.monotonic()
                if ended and source is sys.stdin.buffer:
                    child.terminate()
                    return child.wait() and 0
                if ended:  # it gives up where a broker ends in the midst of a handshake; its session stays there
                    child.wait()
                    time.sleep(AGAIN_S)
                    child, told["out"] = subprocess.Popen(command, stdout=subprocess.PIPE), b""
            if drain is not None and time.monotonic() - last > drain:
                print(f"drained {len(names)}", flush=True)
                drain = None


def batch_of(leaf, payload):
    """The batch, None where the leaf carries none; one that cannot be decoded is empty."""
    if leaf not in LEAVES:
        return None
    try:
        return rec.Batch.FromString(bytes.fromhex(payload))
    except (message.DecodeError, ValueError):
        return rec.Batch()


# ── The ledgers ──

class Sent:
    """What a device sent: packets by number, and up to which one the line was seen empty, and when."""

    def __init__(self):
        self.packets, self.reports, self.waves, self.looks = {}, {}, {}, []

    def line(self, kind, number, at, *more):
        if kind == "R":
            self.looks.append((int(at), int(number)))
            return
        taken, report, wave, battery = more
        self.packets[int(number)] = {"left": int(at), "taken": taken == "1", "battery": battery == "1"}
        self.reports[report] = self.waves[wave] = int(number)

    def read_until(self, at):
        """The last packet of which it is known that all of it had been read at that time."""
        place = bisect.bisect_right(self.looks, (at, 1 << 60))
        return self.looks[place - 1][1] if place else -1


def read_sent(place):
    sent = {}
    for name in os.listdir(place):
        if name.startswith("sent-") and name.endswith(".tsv"):
            with open(os.path.join(place, name), encoding="ascii") as file:
                for line in file:
                    kind, device, *fields = line.rstrip("\n").split("\t")
                    sent.setdefault((name[5:-4], device), Sent()).line(kind, *fields)
    return sent


class Received:
    """What came: records by name, and what gateways said of themselves."""

    def __init__(self):
        self.records, self.contents, self.first = {}, {}, {}
        self.gaps, self.last, self.safe, self.how = collections.defaultdict(list), {}, {}, {}
        self.duplicates, self.volatile, self.agents, self.mappings = 0, 0, 0, 0
        self.broken, self.conflicting, self.disordered = [], [], []
        self.clocks, self.order, self.connection, self.ends = collections.Counter(), {}, collections.Counter(), collections.Counter()

    def line(self, text):
        at, topic, payload, _, properties = text.rstrip("\n").split("\t")
        gateway, _, leaf = topic.removeprefix("bedside/v1/").partition("/up/")
        if leaf == "birth":
            self.connection[gateway] += 1
        elif leaf == "health":
            self.agents = max(self.agents, state.Health.FromString(bytes.fromhex(payload)).ledger.unexplained)
        batch = batch_of(leaf, payload)
        if batch is None:
            return
        if batch.head.gateway != gateway or batch.head.stream != LEAVES[leaf]:
            self.broken.append(f"{topic} at {at}: cannot be decoded, or is of another gateway or stream")
            return
        self.batch(batch, int(at), dict(one.split(":", 1) for one in properties.split() if ":" in one))

    def batch(self, batch, at, properties):
        head, metrics = batch.head, {one.id: one.refid for one in batch.metrics}
        devices = {one.epoch: one.device for one in batch.devices}
        self.first.setdefault((head.gateway, head.run), at)
        said = head.SerializeToString(deterministic=True)
        for record in batch.records:
            name = (head.gateway, head.run, record.epoch, head.stream, record.n)
            content = hashlib.sha256(said + record.SerializeToString(deterministic=True)).digest()
            if name in self.contents:
                self.duplicates += 1
                if self.contents[name] != content:
                    self.conflicting.append(name)
                continue
            self.contents[name] = content
            range_ = (*name[:4], properties.get("range"), self.connection[head.gateway])
            if self.order.get(range_, -1) >= record.n:
                self.disordered.append(name)
            self.order[range_] = record.n
            self.volatile += properties.get("volatile") == "true"
            if record.epoch not in devices:
                self.broken.append(f"{name} came without its device")
            self.keep(name, record, {"at": (head.clock.mono_us + record.at_us) * 1000, "device": devices.get(record.epoch, ""), "came": at},
                      metrics, head.clock.quality)

    def keep(self, name, record, told, metrics, quality):
        body, report = record.WhichOneof("body"), record.report
        if body == "report" and len(report.observations) > 0:
            values = {metrics.get(one.metric): one for one in report.observations}
            words = [text_of(values.get(refid)) for refid in REPORTED]
            told |= {"kind": "report", "content": content_of(record.device_time, *words)}
            self.clocks[rec.ClockQuality.Name(quality)[14:].lower()] += 1
        elif body == "wave":
            told |= {"kind": "wave", "content": content_of(*itertools.accumulate(record.wave.steps))}
        elif body == "alert" and metrics.get(record.alert.metric) == BATTERY:
            told |= {"kind": "battery", "onset": record.alert.edge == rec.EDGE_ONSET, "clear": record.alert.edge == rec.EDGE_CLEAR}
        elif body == "event":
            self.event(name, record.event)
        self.records[name] = told

    def event(self, name, event):
        gateway, run, gap, ended = *name[:2], event.gap, event.run_ended
        if event.HasField("gap"):
            self.gaps[gateway, gap.run, gap.epoch, gap.stream].append((gap.n_first, gap.n_last, gap.reason))
        for of, one in [*((run, one) for one in event.epoch_ended.last), *((ended.run, one) for one in ended.last)]:
            key = (gateway, of, one.epoch, one.stream)
            self.last[key] = max(one.n, self.last.get(key, -1))
        if event.HasField("run_ended"):
            self.how[gateway, ended.run] = rec.RunEnd.Name(ended.how)[8:].lower()
            self.ends[self.how[gateway, ended.run]] += 1
            self.safe |= {(gateway, ended.run, one.epoch, one.stream): one.n for one in ended.last}
        self.mappings += event.HasField("clock_mapping")


def text_of(observation):
    """A value as the device had it; what is not plainly valid is no value."""
    if observation is None or observation.validity != rec.VALIDITY_VALID:
        return ""
    if observation.WhichOneof("value") == "text":
        return observation.text
    told = observation.decimal
    return str(told.mantissa) if told.exponent == 0 else f"{told.mantissa}E{told.exponent}"


# ── The verdict ──

def numbers_of(received, sent):
    """What each record says was sent: {(gateway, device): {run: {number: record}}}; and records of which nothing was."""
    told, invented, twice = collections.defaultdict(lambda: collections.defaultdict(dict)), [], 0
    seen = set()
    for name, one in received.records.items():
        if one.get("kind") not in ("report", "wave"):
            continue
        of = sent.get((name[0], one["device"]))
        number = None if of is None else (of.reports if one["kind"] == "report" else of.waves).get(one["content"])
        packet = None if number is None else of.packets[number]
        if packet is None or not packet["taken"] or not -EARLY_NS <= one["at"] - packet["left"] <= READ_WITHIN_NS:
            invented.append(name)
            continue
        key = (name[0], one["device"], number, one["kind"])
        twice += key in seen
        seen.add(key)
        told[name[0], one["device"]][name[1]].setdefault(number, {})[one["kind"]] = name
    return told, invented, twice


def holes_of(received):
    """Of each stream: names that must exist, did not come, and are not named by a gap."""
    seen, holes = collections.defaultdict(set), []
    for name in received.records:
        seen[name[:4]].add(name[4])
    for key in {*seen, *received.gaps, *received.last}:
        known, gaps = seen[key], received.gaps[key]
        top = max([received.last.get(key, -1), *known, *(last for _, last, _ in gaps)])
        power = received.how.get(key[:2]) == "power"
        for n in range(top + 1):
            if n in known or any(first <= n <= last for first, last, _ in gaps):
                continue
            if not (power and n > received.safe.get(key, -1)):
                holes.append((*key, n))
    return holes


def owed(sent, run_told, life, slack):
    """The packets that this life of an agent owes: from the first it told to the last that it had read when it ended."""
    until = sent.read_until(life["ended"] - slack)
    if run_told:
        first = min(run_told)
    else:
        late = [number for number, one in sent.packets.items() if one["left"] > life["began"] + FIRST_WITHIN_NS]
        first = min(late, default=until + 1)
    return [number for number in range(first, until + 1) if sent.packets.get(number, {}).get("taken")]


def rows_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="ascii") as file:
        return [line.rstrip("\n").split("\t") for line in file]


def quantiles(values, digits=0):
    last, values = len(values) - 1, sorted(values)
    shares = (("p50", 0.5), ("p99", 0.99), ("max", 1))
    return {name: round(values[min(last, int(len(values) * share))], digits) for name, share in shares} if values else {}


def judge(place, slack):
    received, sent = Received(), read_sent(place)
    with open(os.path.join(place, "received.tsv"), encoding="utf8") as file:
        for line in file:
            received.line(line)
    lives = [{"gateway": gateway, "began": int(began), "ended": int(ended), "how": how}
             for gateway, began, ended, how in rows_of(os.path.join(place, "lives.tsv"))]
    away = [tuple(map(int, row)) for row in rows_of(os.path.join(place, "away.tsv"))]
    stamps = collections.defaultdict(lambda: 1 << 62)
    for (gateway, run, *_), one in received.records.items():
        stamps[gateway, run] = min(stamps[gateway, run], one["at"])
    told, invented, twice = numbers_of(received, sent)
    holes, lost, ready, owed_packets = holes_of(received), [], [], 0
    edges = {(name[0], name[1], name[2], one["at"]) for name, one in received.records.items() if one.get("kind") == "battery"}
    for life in lives:
        of = [run for (gateway, run), at in stamps.items() if gateway == life["gateway"] and life["began"] <= at <= life["ended"]]
        life["runs"] = len(of)
        first = min((received.first[life["gateway"], run] for run in of), default=None)
        if first is not None and not any(begin < first and life["began"] < end for begin, end in away):
            ready.append((first - life["began"]) / 1e9)
        for (gateway, device), one in sent.items():
            if gateway != life["gateway"]:
                continue
            run_told = told[gateway, device].get(of[0], {}) if of else {}
            for number in owed(one, run_told, life, slack):
                owed_packets += 1
                if set(run_told.get(number, {})) != {"report", "wave"}:
                    lost.append((gateway, device, number))
                    continue
                before, name = run_told.get(number - 1, {}).get("report"), run_told[number]["report"]
                edge = before is not None and before[2] == name[2] and one.packets[number]["battery"] != one.packets[number - 1]["battery"]
                if edge and (gateway, name[1], name[2], received.records[name]["at"]) not in edges:
                    lost.append((gateway, device, f"{number} battery"))
    gaps = collections.Counter(gap[2] for all_ in received.gaps.values() for gap in all_)
    verdict = {
        "lost": len(lost), "invented": len(invented) + twice, "conflicting": len(received.conflicting),
        "disordered": len(received.disordered), "unexplained": len(holes) + received.agents, "broken": len(received.broken)}
    of_start = [one for one in lives if one["runs"] > 1]
    return {
        "clean": not any(verdict.values()) and not of_start, **verdict, "duplicates": received.duplicates, "records": len(received.records),
        "packets": sum(len(numbers) for one in told.values() for numbers in one.values()), "owed": owed_packets,
        "lives": len(lives), "heard": sum(one["runs"] > 0 for one in lives), "ends": dict(received.ends),
        "ready": quantiles(ready, 3),
        "gaps": dict(gaps), "volatile": received.volatile, "clocks": dict(received.clocks), "mappings": received.mappings,
        "examples": {name: list(map(str, one[:NAMED_MAX])) for name, one in {
            "lost": lost, "invented": invented, "conflicting": received.conflicting, "disordered": received.disordered,
            "holes": holes, "broken": received.broken}.items() if one}}


def main():
    parser = argparse.ArgumentParser(description="The receiver's ledger and the verdict.")
    parser.add_argument("verb", choices=("receive", "judge"))
    parser.add_argument("ledger")
    parser.add_argument("--slack-ms", type=int, default=500)
    for name, default in {"port": "8883", "ca": "ca.crt", "cert": "own.crt", "key": "own.key", "client-id": "consumer"}.items():
        parser.add_argument(f"--{name}", default=default)
    words = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if words.verb == "receive":
        sys.exit(receive(words))
    verdict = judge(words.ledger, words.slack_ms * 1_000_000)
    print(json.dumps(verdict))
    sys.exit(0 if verdict["clean"] else 1)


if __name__ == "__main__":
    main()
