#!/usr/bin/env python3
"""Reads what a subscriber received, without any of our own code: an independent opinion for tests and the demo.

    /usr/bin/python3 test/support/decode.py FOLDER FILE

FOLDER receives what protoc makes of proto/bedside/v1 (Debian: protobuf-compiler, python3-protobuf). FILE holds messages one after
the other, each as u32 length of topic, topic, u32 length of payload, payload (little endian); "-" is standard input. Prints JSON,
one line per record, presence, health, reported state or desired document; a message that cannot be read gives {"error": ...} and
exit code 1. Numbers above 2^53 are printed as text: run always, and every measured value, with all its digits.
"""

import json
import pathlib
import re
import struct
import subprocess
import sys

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
STREAM_OF_LEAF = {"alerts": "alert", "events": "event", "reports": "report", "waves": "wave"}


def generated(folder):
    sources = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "bedside" / "v1").glob("*.proto"))
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    subprocess.run(["protoc", f"-I{PROTO}", f"--python_out={folder}", *sources], check=True)
    sys.path.insert(0, str(folder))
    from bedside.v1 import config_pb2, record_pb2, state_pb2

    return record_pb2, state_pb2, config_pb2


def messages(file):
    """(topic, payload) of each message; a file that ends inside one raises EOFError."""

    def exactly(count, first=False):
        piece = file.read(count)
        if first and piece == b"":
            return None
        if len(piece) != count:
            raise EOFError(f"the file ends inside a message: {len(piece)} of {count} bytes")
        return piece

    while (prefix := exactly(4, first=True)) is not None:
        topic = exactly(struct.unpack("<I", prefix)[0]).decode("utf-8")
        yield topic, exactly(struct.unpack("<I", exactly(4))[0])


def decimal_text(decimal):
    """Every digit the device gave: 3700 and -2 is 37.00, 37 and 0 is 37, 5 and 2 is 500."""
    mantissa, exponent = decimal.mantissa, decimal.exponent
    if exponent >= 0:
        return str(mantissa * 10**exponent)
    digits = str(abs(mantissa)).rjust(1 - exponent, "0")
    return ("-" if mantissa < 0 else "") + digits[:exponent] + "." + digits[exponent:]


def word(enum, number):
    """VALIDITY_NOT_AVAILABLE as "not_available"; a number that this version does not know stays a number."""
    value = enum.values_by_number.get(number)
    if value is None:
        return number
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper() + "_"
    return value.name.removeprefix(prefix).lower()


def plain(message):
    """Any message as JSON: enumerations as words, bytes as hexadecimal, run as text, decimals as printed, absent things left out."""
    if message.DESCRIPTOR.name == "Decimal":
        return decimal_text(message)
    out = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        is_list = field.label == field.LABEL_REPEATED
        if is_list and field.message_type and field.message_type.GetOptions().map_entry:
            if value:
                out[field.name] = dict(value)
        elif is_list:
            if value:
                out[field.name] = [scalar(field, item) for item in value]
        elif field.has_presence:
            if message.HasField(field.name):
                out[field.name] = scalar(field, value)
        else:
            out[field.name] = scalar(field, value)
    return out


def scalar(field, value):
    if field.message_type:
        return plain(value)
    if field.enum_type:
        return word(field.enum_type, value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if field.name == "run" else value


def metric_of(metrics, number):
    metric = metrics.get(number)
    if metric is None:
        raise ValueError(f"metric {number} is not in the batch")
    return {key: value for key, value in plain(metric).items() if key != "id" and value not in ("", 0, "unspecified")}


def observation(metrics, told):
    kind = told.WhichOneof("value")
    out = {**metric_of(metrics, told.metric), "kind": kind or "absent", "validity": word(VALIDITY, told.validity)}
    if kind == "compound":
        out["parts"] = [observation(metrics, part) for part in told.compound.parts]
    else:
        out["value"] = decimal_text(told.decimal) if kind == "decimal" else told.text if kind == "text" else None
    for name in ("reason", "word_code", "demo", "stored"):
        if getattr(told, name):
            out[name] = getattr(told, name)
    if told.qualifiers:
        out["qualifiers"] = list(told.qualifiers)
    return out


def body_of(metrics, record):
    kind = record.WhichOneof("body")
    if kind == "report":
        return {
            "observations": [observation(metrics, told) for told in record.report.observations],
            "unreadable": [plain(told) for told in record.report.unreadable],
        }
    if kind == "wave":
        samples, raw = [], 0
        for step in record.wave.steps:
            raw += step
            samples.append(raw)
        told = {key: value for key, value in plain(record.wave).items() if key not in ("metric", "steps")}
        return {**metric_of(metrics, record.wave.metric), **told, "samples": samples}
    if kind == "alert":
        return {**metric_of(metrics, record.alert.metric), **{k: v for k, v in plain(record.alert).items() if k != "metric"}}
    if kind == "event":
        what = record.event.WhichOneof("what")
        return {"what": what, **(plain(getattr(record.event, what)) if what else {})}
    return {}


def records(topic, batch):
    """One line per record, in the order of the batch."""
    parts = topic.split("/")
    stream = word(batch.head.DESCRIPTOR.fields_by_name["stream"].enum_type, batch.head.stream)
    if batch.head.gateway != parts[2]:
        raise ValueError(f"the head names gateway {batch.head.gateway!r}")
    if stream != STREAM_OF_LEAF[parts[4]]:
        raise ValueError(f"the head names stream {stream!r}")
    devices = {device.epoch: device for device in batch.devices}
    metrics = {metric.id: metric for metric in batch.metrics}
    for record in batch.records:
        device = devices.get(record.epoch)
        if device is None and record.epoch != 0:
            raise ValueError(f"epoch {record.epoch} is not in the batch")
        yield {
            "topic": topic,
            "gateway": batch.head.gateway,
            "run": str(batch.head.run),
            "device": device.device if device else "",
            "socket": device.socket if device else "",
            "node": list(device.node) if device else [],
            "mode": word(MODE, device.mode) if device else "unspecified",
            "identity": word(IDENTITY, device.identity) if device else "unspecified",
            "contested": bool(device and device.contested),
            "epoch": record.epoch,
            "stream": stream,
            "n": record.n,
            "at_us": batch.head.clock.mono_us + record.at_us,
            "utc_us": batch.head.clock.utc_us + record.at_us,
            "clock": word(CLOCK_QUALITY, batch.head.clock.quality),
            "boot_id": batch.head.boot_id.hex(),
            "device_time": record.device_time,
            "kind": record.WhichOneof("body"),
            "body": body_of(metrics, record),
        }


def lines(topic, payload):
    parts = topic.split("/")
    if parts[:2] != ["bedside", "v1"] or len(parts) < 5 or parts[3] not in ("up", "down"):
        raise ValueError("not a topic of bedside")
    leaf = parts[4]
    if payload == b"":
        yield {"topic": topic, "kind": "empty"}
    elif leaf in STREAM_OF_LEAF:
        yield from records(topic, RECORD.Batch.FromString(payload))
    elif leaf == "birth":
        presence = STATE.Presence.FromString(payload)
        yield {"topic": topic, "kind": presence.WhichOneof("state"), **plain(presence)}
    elif leaf == "health":
        yield {"topic": topic, "kind": "health", **plain(STATE.Health.FromString(payload))}
    elif leaf == "reported":
        reported = plain(CONFIG.Reported.FromString(payload))
        yield {"topic": topic, "kind": "reported", "document": reported.pop("kind"), **reported}
    elif leaf == "desired":
        yield {"topic": topic, "kind": "desired", **plain(CONFIG.SignedDocument.FromString(payload))}
    else:
        raise ValueError("an unknown leaf")


def main(folder, name):
    global RECORD, STATE, CONFIG, VALIDITY, MODE, IDENTITY, CLOCK_QUALITY
    RECORD, STATE, CONFIG = generated(folder)
    VALIDITY, MODE = RECORD.DESCRIPTOR.enum_types_by_name["Validity"], RECORD.DESCRIPTOR.enum_types_by_name["Mode"]
    IDENTITY = RECORD.DESCRIPTOR.enum_types_by_name["Identity"]
    CLOCK_QUALITY = RECORD.DESCRIPTOR.enum_types_by_name["ClockQuality"]
    unread = 0
    with sys.stdin.buffer if name == "-" else open(name, "rb") as file:
        source, topic = messages(file), None
        while True:
            try:
                topic, payload = next(source)
                for line in lines(topic, payload):
                    print(json.dumps(line, ensure_ascii=False))
            except StopIteration:
                break
            except Exception as refused:  # whatever a message has wrong, the others are still read
                unread += 1
                print(json.dumps({"error": f"{type(refused).__name__}: {refused}", "topic": topic}, ensure_ascii=False))
                if isinstance(refused, EOFError):
                    break
            sys.stdout.flush()
    return 1 if unread else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
