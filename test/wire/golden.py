#!/usr/bin/env python3
"""Reads the golden messages with Python's own protobuf, sharing nothing with ours.

    /usr/bin/python3 test/wire/golden.py FOLDER < LINES

FOLDER receives what protoc makes of proto/bedside/v1. Standard input: a JSON array of {name, message, text, hex}. Prints one JSON object:
`read`: of each name what its bytes say, field by field, `same`: whether text and bytes are the same message, and `hex` of this very
message as Python writes it; `all`: every field ("Batch.head") and every word of an enumeration ("MODE_REAL") that the .proto files have;
`used`: those that a golden has.
"""

import importlib
import json
import pathlib
import subprocess
import sys

from google.protobuf import text_format

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"


def modules(folder):
    sources = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "bedside" / "v1").glob("*.proto"))
    subprocess.run(["protoc", f"-I{PROTO}", f"--python_out={folder}", *sources], check=True)
    sys.path.insert(0, folder)
    return [importlib.import_module(source.removesuffix(".proto").replace("/", ".") + "_pb2") for source in sources]


def every(files):
    """Names of all fields and words; the 0 of an enumeration says nothing by itself and is left out where it is never sent."""
    for file in files:
        messages = list(file.DESCRIPTOR.message_types_by_name.values())
        for message in messages:
            yield from (f"{message.name}.{field.name}" for field in message.fields)
        for enum in file.DESCRIPTOR.enum_types_by_name.values():
            yield from (value.name for value in enum.values if value.number != 0)


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def plain(message, used):
    """Fields by their names as ours has them: what is there and is not its zero."""
    out = {}
    for field, value in message.ListFields():
        used.add(f"{message.DESCRIPTOR.name}.{field.name}")
        if is_map(field):
            out[field.camelcase_name] = dict(sorted(value.items()))
        elif field.label == field.LABEL_REPEATED:
            out[field.camelcase_name] = [scalar(field, one, used) for one in value]
        else:
            out[field.camelcase_name] = scalar(field, value, used)
    return out


def scalar(field, value, used):
    if field.message_type:
        return plain(value, used)
    if field.enum_type:
        if value in field.enum_type.values_by_number:
            used.add(field.enum_type.values_by_number[value].name)
        return str(value)
    return value.hex() if isinstance(value, bytes) else value if isinstance(value, (str, bool)) else str(value)


def main(folder):
    files = modules(folder)
    types = {name: getattr(file, name) for file in files for name in file.DESCRIPTOR.message_types_by_name}
    used, read = set(), {}
    for golden in json.load(sys.stdin):
        kind = types[golden["message"]]
        message = kind.FromString(bytes.fromhex(golden["hex"]))
        written = text_format.Parse(golden["text"], kind())
        read[golden["name"]] = {
            "says": plain(message, used),
            "same": message == written,
            "hex": written.SerializeToString(deterministic=True).hex(),
        }
    print(json.dumps({"read": read, "all": sorted(every(files)), "used": sorted(used)}))


if __name__ == "__main__":
    main(sys.argv[1])
