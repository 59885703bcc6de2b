#!/usr/bin/python3
"""Reads what Bedside gateways say, as ../README.md tells it: names, holes, times and every value. How to run it: README.md here."""
import argparse, collections, csv, datetime, decimal, functools, itertools, json, os, signal, subprocess, sys, tempfile, time
sys.dont_write_bytecode = True
import mqtt
from google.protobuf import json_format, message

ESCAPED = str.maketrans({"\0": "\u2400", "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})  # for COPY, which has no place for a NUL
HERE = os.path.dirname(os.path.abspath(__file__))
with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["protoc", f"-I{HERE}/..", f"--python_out={folder}", "bedside/v1/record.proto", "bedside/v1/state.proto"], check=True)
    sys.path.insert(0, folder)
    from bedside.v1 import record_pb2 as rec, state_pb2 as state

COLUMNS = ("gateway run epoch stream n part kind metric code unit ucum name confidence unit_refid unit_confidence category"
           " value validity reason chart why_not demo"
           " test stored contested volatile range device socket node identity device_time mono_us boot_id believed_utc_us believed_clock"
           " detail").split()
as_dict = functools.partial(json_format.MessageToDict, preserving_proto_field_name=True)
LEAVES = {"alerts": rec.STREAM_ALERT, "events": rec.STREAM_EVENT, "reports": rec.STREAM_REPORT, "waves": rec.STREAM_WAVE}
USABLE, CLOCKS = ("valid", "validated"), {"holdover": 1, "synced": 2}  # the other clocks tell no time of day
HEARD_S, LONGEST_EXPONENT, LAST_UTC_US = 30, 40, 253_000_000_000_000_000  # a longer one is written with an E; year 9987

def word(enum, number):
    """The word of a number, without the enumeration's name; a number that nobody knows yet is usable for nothing."""
    if number not in enum.values():
        return f"unknown_{number}"
    common = os.path.commonprefix([name for name in enum.keys() if not name.endswith("UNSPECIFIED")])
    return enum.Name(number)[common.rfind("_") + 1:].lower()

def decimal_text(told):
    exact = decimal.Decimal((told.mantissa < 0, tuple(map(int, str(abs(told.mantissa)))), told.exponent))
    return format(exact, "f") if abs(told.exponent) <= LONGEST_EXPONENT else f"{told.mantissa}E{told.exponent}"

def holes_of(spans, top):
    """What of 0 to top is in none of the spans (first, last)."""
    holes, at = [], 0
    for first, last in sorted(spans):
        holes += [(at, first - 1)] if first > at else []
        at = max(at, last + 1)
    return holes + ([(at, top)] if at <= top else [])

def rows_of(head, device, metrics, record, properties):
    """One record as rows: one for each value."""
    common = dict.fromkeys(COLUMNS) | dict(
        gateway=head.gateway, run=head.run, epoch=record.epoch, stream=word(rec.Stream, head.stream), n=record.n, demo=False, stored=False,
        test=device.mode == rec.MODE_TEST, contested=device.contested, volatile=properties.get("volatile") == "true",
        range=properties.get("range", ""), device=device.device, socket=device.socket, node=" / ".join(device.node),
        identity=word(rec.Identity, device.identity), device_time=record.device_time, mono_us=head.clock.mono_us + record.at_us,
        boot_id=head.boot_id.hex(), believed_utc_us=head.clock.utc_us + record.at_us,
        believed_clock=word(rec.ClockQuality, head.clock.quality))

    def row(part, kind, why_not, metric, detail, **told):
        if metric is not None:
            measured = metrics.get(metric, rec.Metric(refid=f"not_in_batch_{metric}"))
            told |= {name: getattr(measured, name) for name in ("code", "unit", "ucum", "name", "unit_refid")} | {
                "metric": measured.refid, "confidence": word(rec.Confidence, measured.confidence),
                "unit_confidence": word(rec.Confidence, measured.unit_confidence),
                "category": word(rec.Category, measured.category)}
        told = common | told | {"part": part, "kind": kind, "detail": json.dumps(detail, sort_keys=True)}
        why_not = [*why_not, *(flag for flag in ("demo", "stored") if told[flag]), *({told["validity"]} - {None, *USABLE})]
        why_not += [name for name in ("confidence", "unit_confidence", "category", "identity") if str(told[name]).startswith("unknown_")]
        why_not += [] if device.mode == rec.MODE_REAL else [f"mode_{word(rec.Mode, device.mode)}"]
        return told | {"chart": not why_not, "why_not": " ".join(why_not)}

    def observation(part, one, demo=False, stored=False, why_not=()):
        kind, validity, demo, stored = one.WhichOneof("value"), word(rec.Validity, one.validity), demo or one.demo, stored or one.stored
        value = decimal_text(one.decimal) if kind == "decimal" else one.text if kind == "text" else None
        detail = {"type": kind or "absent", "word_code": one.word_code, "qualifiers": list(one.qualifiers)}
        yield row(part, "value", [*why_not, *([] if kind else ["absent"])], one.metric, detail, value=value, validity=validity,
                  reason=one.reason, demo=demo, stored=stored)
        whole = why_not if validity in USABLE else [f"whole_{validity}"]  # what is said of the whole holds for its parts
        for at, inner in enumerate(one.compound.parts):
            yield from observation(f"{part}.{at}", inner, demo, stored, whole)
    body, report, block, alert = record.WhichOneof("body"), record.report, record.wave, record.alert
    for at, one in enumerate(report.observations):
        yield from observation(str(at), one)
    for at, lost in enumerate(report.unreadable):
        yield row(f"u{at}", "unreadable", ["unreadable"], None, {"bytes": lost.bytes, "about": lost.about}, reason=lost.reason)
    if body == "wave":
        samples, metric = list(itertools.accumulate(block.steps)), as_dict(metrics.get(block.metric, rec.Metric()))
        detail = {name: told for name, told in as_dict(block).items() if name != "steps"} | {"count": len(samples) or block.absent}
        detail |= {name: metric[name] for name in ("rate_samples", "rate_seconds", "scale") if name in metric}
        yield row("0", body, [] if samples else ["absent"], block.metric, detail, value=" ".join(map(str, samples)) or None,
                  validity=word(rec.Validity, block.validity), reason=block.reason, demo=block.demo)
    elif body == "alert":
        detail = as_dict(alert)
        unknown = [f"{name}_unknown" for name in ("edge", "cause", "nature", "priority") if isinstance(detail.get(name), int)]
        yield row("0", body, unknown, alert.metric, detail, value=alert.word, demo=alert.demo)
    elif body != "report":
        what = record.event.WhichOneof("what")
        yield row("0", body or "unknown", [body or "unknown"], None, as_dict(record.event), value=what)

class Consumer:
    def __init__(self, stores):
        self.stores = stores  # each takes the rows of a message
        self.seen, self.gaps, self.last, self.kept = {}, {}, {}, {}  # by (gateway, run, epoch, stream)
        self.power, self.mappings, self.presence, self.broken = set(), {}, {}, []
        self.health = collections.defaultdict(lambda: (-HEARD_S, state.Health(), collections.defaultdict(set)))
        self.duplicates, self.late_wills = collections.Counter(), collections.Counter()

    def take(self, line, now=-HEARD_S):
        """One message: topic, payload, whether it is an old message that the broker retained, user properties."""
        topic, payload, retained, properties = line.rstrip("\n").split("\t")
        gateway, _, leaf = topic.removeprefix("bedside/v1/").partition("/up/")
        kind = rec.Batch if leaf in LEAVES else {"birth": state.Presence, "health": state.Health}.get(leaf)
        if kind is None:
            return
        try:
            told = kind.FromString(bytes.fromhex(payload))
        except message.DecodeError:
            told = kind()
        head = told.head if leaf in LEAVES else told
        if head.gateway != gateway or leaf in LEAVES and head.stream != LEAVES[leaf]:
            self.broken.append(f"{topic}: cannot be decoded, or is of another gateway or stream")
        elif leaf in LEAVES:
            self.batch(told, dict(one.split(":", 1) for one in properties.split() if ":" in one))
        elif leaf == "health":
            self.health[gateway] = (-HEARD_S if retained == "1" else now, told, collections.defaultdict(set))
        else:
            known = self.presence.get(gateway, state.Presence())
            late = (told.start_count, told.connection) < (known.start_count, known.connection)
            self.late_wills[gateway] += late
            self.presence[gateway] = known if late else told

    def batch(self, batch, properties):
        head, rows = batch.head, []
        devices, metrics = {one.epoch: one for one in batch.devices}, {one.id: one for one in batch.metrics}
        for record in batch.records:
            key = (head.gateway, head.run, record.epoch, head.stream)
            seen, device = self.seen.setdefault(key, {}), devices.get(record.epoch, rec.Device())
            _, health, arrived = self.health[head.gateway]  # a record that is older than the last health was waiting then
            if head.run != health.run or head.clock.mono_us + record.at_us <= health.clock.mono_us:
                arrived[head.stream].add((key, record.n))
            content = hash(head.SerializeToString() + record.SerializeToString(deterministic=True))
            self.duplicates[key] += record.n in seen
            if record.n not in seen:
                self.event(key, head, record.event)
                rows += rows_of(head, device, metrics, record, properties)
            if seen.setdefault(record.n, content) != content or device.epoch != record.epoch:
                self.broken.append(f"{key} n {record.n} came with two contents, or without its device")
        for store in self.stores:
            store(rows)

    def event(self, key, head, event):
        (gateway, run, *_), gap, ended, mapping = key, event.gap, event.run_ended, event.clock_mapping
        if event.HasField("gap"):
            self.gaps.setdefault((gateway, gap.run, gap.epoch, gap.stream), []).append((gap.n_first, gap.n_last, gap.reason))
        for of, one in [*((run, one) for one in event.epoch_ended.last), *((ended.run, one) for one in ended.last)]:
            named = (gateway, of, one.epoch, one.stream)
            self.last[named] = max(one.n, self.last.get(named, 0))
        self.kept |= {(gateway, ended.run, one.epoch, one.stream): one.n for one in ended.last}
        if event.HasField("run_ended") and ended.how not in (rec.RUN_END_CLEAN, rec.RUN_END_KILLED):
            self.power.add((gateway, ended.run))
        if event.HasField("clock_mapping"):
            told = (mapping.mono_us, mapping.utc_us, word(rec.ClockQuality, mapping.quality))
            self.mappings.setdefault((gateway, head.boot_id.hex()), []).append(told)

    def best_time(self, row):
        """(utc, clock, corrected): what the gateway believed, unless a mapping of that boot comes from a better clock."""
        told = [(CLOCKS.get(row["believed_clock"], 0), 0, row["believed_utc_us"], row["believed_clock"], "")]
        for mono, utc, clock in self.mappings.get((row["gateway"], row["boot_id"]), []):
            told.append((CLOCKS.get(clock, 0), -1 - abs(row["mono_us"] - mono), utc + row["mono_us"] - mono, clock, "true"))
        rank, _, utc, clock, corrected = max(told)
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=max(0, min(utc, LAST_UTC_US)))
        return (moment.isoformat(timespec="microseconds") + "Z", clock, corrected) if rank else ("", clock, "")

    def ledger(self, key):
        """How many records of one stream came, and what is known of those that did not."""
        def size(spans):
            return sum(max(0, last - first + 1) for first, last in spans)
        seen, gaps = [(n, n) for n in self.seen.get(key, ())], self.gaps.get(key, [])
        top = max(last for _, last, *_ in [(0, self.last.get(key, -1)), *seen, *gaps])
        holes = holes_of(seen + [gap[:2] for gap in gaps], top)
        heard = any(0 in self.seen.get((*key[:2], epoch, rec.STREAM_EVENT), ()) for epoch in (0, key[2]))
        begin = 0 if heard else min(seen)[0] if seen else top + 1  # where nobody was there to hear the beginning
        safe = self.kept.get(key, self.last.get(key, -1)) if key[:2] in self.power else top
        before, power = size((a, min(b, begin - 1)) for a, b in holes), size((max(a, safe + 1, begin), b) for a, b in holes)
        return {"received": len(seen), "duplicates": self.duplicates[key], "gap": size(holes_of(seen, top)) - size(holes),
                "why": sorted({gap[2] for gap in gaps}), "before": before, "power": power, "missing": size(holes) - before - power}

    def report(self):
        keys, gateways = sorted({*self.seen, *self.gaps, *self.last}), {}
        streams = [dict(gateway=key[0], run=str(key[1]), epoch=key[2], stream=word(rec.Stream, key[3]), **self.ledger(key)) for key in keys]
        for gateway in sorted({key[0] for key in keys} | {*self.presence, *self.health}):
            at, health, arrived = self.health[gateway]
            told, missing = self.presence.get(gateway, state.Presence()), collections.Counter()
            for one in streams:
                missing[one["stream"]] += one["missing"] * (one["gateway"] == gateway)
            awaited = sum(min(missing[word(rec.Stream, one.stream)], max(0, one.waiting - len(arrived[one.stream])))
                          for one in health.ledger.streams)
            late = told.HasField("death") and (health.start_count, health.connection) > (told.start_count, told.connection)
            gateways[gateway] = {
                "presence": "birth" if late else told.WhichOneof("state"), "death": word(state.DeathCause, told.death.cause),
                "late_wills": self.late_wills[gateway] + late, "heard": time.monotonic() - at < HEARD_S, "health": as_dict(health),
                "awaited": awaited, "unexplained": sum(missing.values()) - awaited}
        return {"streams": streams, "gateways": gateways, "broken": self.broken,
                "unexplained": sum(one["unexplained"] for one in gateways.values())}

def open_database(place):
    """One psql, a transaction per message."""
    psql = subprocess.Popen(["psql", "-Xqv", "ON_ERROR_STOP=1", "-f", f"{HERE}/schema.sql", "-f", "-", place],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf8")

    def send(text):
        print(text + "\\echo stored", file=psql.stdin, flush=True)
        if psql.stdout.readline() != "stored\n":
            sys.exit("psql did not store what it was given")

    def store(rows):
        fields = (("\\N" if row[name] is None else str(row[name]).translate(ESCAPED) for name in COLUMNS) for row in rows)
        lines = "".join("\t".join(line) + "\n" for line in fields)
        send(f"BEGIN;\nCOPY incoming FROM STDIN;\n{lines}\\.\n"
             "INSERT INTO observation SELECT * FROM incoming ON CONFLICT DO NOTHING;\nCOMMIT;\n")
    send("CREATE TEMP TABLE incoming (LIKE observation) ON COMMIT DELETE ROWS;\n")
    return store

def lines_of(words):
    """Messages of a live broker, until SIGINT or SIGTERM. What is given out here is acknowledged when the next one is asked for."""
    ended = []
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.append(name))
    try:
        yield from (line for line in mqtt.messages(words, f"bedside/v1/{words.gateway}/up/#", lambda: ended) if line is not None)
    except (OSError, mqtt.Refused) as refused:
        sys.exit(f"cannot read from {words.broker}:{words.port}: {refused}")

def main():
    parser = argparse.ArgumentParser(description="Reads what Bedside gateways say over MQTT. README.md here tells the words.")
    for name, default in {"read": os.devnull, "broker": None, "port": "8883", "ca": "ca.crt", "cert": "own.crt", "key": "own.key",
                          "client-id": "consumer", "gateway": "+", "record": os.devnull, "csv": None, "sql": None}.items():
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--json", action="store_true")
    words, rows = parser.parse_args(), []
    consumer = Consumer(([rows.extend] if words.csv else []) + ([open_database(words.sql)] if words.sql else []))
    record = open(words.record, "a+", encoding="utf8")
    record.seek(0)
    for line in [*open(words.read, encoding="utf8"), *record]:
        consumer.take(line)
    for line in lines_of(words) if words.broker else ():
        print(line, end="", file=record, flush=True)
        if words.record != os.devnull:
            os.fsync(record.fileno())
        consumer.take(line, time.monotonic())
    if words.csv:
        with open(words.csv, "w", newline="", encoding="utf8") if words.csv != "-" else sys.stdout as file:
            lines = [[*map(row.get, COLUMNS), *consumer.best_time(row)] for row in rows]
            csv.writer(file).writerows([[*COLUMNS, "utc", "clock", "corrected"], *sorted(lines, key=lambda line: line[:6])])
    report, out = consumer.report(), sys.stderr if words.csv == "-" else sys.stdout
    lines = [*report["streams"], *report["gateways"].items(), *report["broken"], f"unexplained: {report['unexplained']}"]
    print(json.dumps(report, indent=1) if words.json else "\n".join(map(str, lines)), file=out)
    sys.exit(1 if report["unexplained"] or report["broken"] else 0)

if __name__ == "__main__":
    main()
