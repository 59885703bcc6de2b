import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { ToldPort } from "../../agent/cli/ports-text.ts";
import { portsText } from "../../agent/cli/ports-text.ts";
import { FAULTS } from "../../agent/fault/faults.table.ts";
import { readBody } from "../../config/bodies.ts";

const FTDI = { vendor: "0403", product: "6001", manufacturer: "FTDI", model: "FT232R USB UART" };
const port = (location: string, more: Partial<ToldPort> = {}): ToldPort => ({
  path: "/dev/ttyUSB0",
  location,
  hardware: true,
  facts: {},
  verdict: { is: "block", reasons: [`no rule for location ${location}`] },
  openIn: [],
  ...more,
});
const text = (
  told: readonly ToldPort[],
  by: "agent" | "file" | "nobody" = "agent",
  config?: string,
  refused: readonly string[] = [],
): string => portsText(told, { by, config, gateway: "gw-1", refused, drivers: ["nonin", "other"] });
/** The lines under the port's own. */
const under = (told: readonly ToldPort[], location: string): string => {
  const lines = text(told).split("\n");
  const from = lines.findIndex((line) => line.includes(`  ${location}  `)) + 1;
  const to = lines.findIndex((line, at) => at >= from && !line.startsWith(" "));
  return lines.slice(from, to).join("\n");
};

/** Whole lines, below those that are there. */
const pastedFrom = (said: string): string =>
  said
    .split("\n")
    .filter((line) => line.startsWith("  - "))
    .join("\n");
const readWith = (rules: string) => readBody("admissions", parse(`rules:\n  - { when: { location: other }, allow: false }\n${rules}\n`));

describe("the list of ports", () => {
  test("says for each in columns what is plugged where and whether it is used, and under it why", () => {
    const allow = { is: "allow", rule: 2, device: "dv-1", driver: "nonin", line: "9600 8N1", socket: "ICU-1/A", known: "socket" } as const;
    const told = text([
      port("usb-x-1:1.0", { facts: { ...FTDI, serial: "A1", driver: "ftdi_sio" }, verdict: allow, phase: "streaming" }),
      port("usb-x-1.10:1.0", { path: "/dev/ttyUSB12", verdict: { is: "reject", rule: 1, reasons: ["recalled"] } }),
    ]);
    expect(told).toBe(
      [
        "STATE    LOCATION        NODE           ADAPTER",
        "used     usb-x-1:1.0     /dev/ttyUSB0   FTDI FT232R USB UART  (0403:6001)  serial A1  ftdi_sio",
        "         rule 2: dv-1, driver nonin at 9600 8N1, socket ICU-1/A, is read",
        "refused  usb-x-1.10:1.0  /dev/ttyUSB12",
        "         because  recalled",
        "",
      ].join("\n"),
    );
  });

  test("gives for a port without a rule one to paste, as narrow as what is known, whatever the adapter says of itself", () => {
    const serial = `A"1': #{}, [x] & *y`;
    const pasted = pastedFrom(text([port("usb-0000:00:14.0-1.3:1.0", { facts: { ...FTDI, serial } })]));
    const read = readWith(pasted.replace("…", "dv-7").replace("…", "nonin").replace("…", "ICU-1/A"));
    expect("values" in read ? read.values.rules?.slice(1) : read.mistakes).toEqual([
      {
        when: { location: "usb-0000:00:14.0-1.3:1.0", vendor: "0403", product: "6001", serial },
        allow: true,
        device: "dv-7",
        driver: "nonin",
        socket: "ICU-1/A",
      },
    ]);
  });

  test("a rule that was pasted and not filled in is refused with its path", () => {
    const read = readWith(pastedFrom(text([port("bench-1")])));
    expect("mistakes" in read ? read.mistakes.map(({ path }) => path) : []).toEqual(["rules[1].device"]);
  });

  test("says what becomes of that rule: pushed to this gateway by its name, or signed and named in its file", () => {
    const said = text([port("bench-1")], "agent", "/etc/b.yaml");
    expect(said).toMatch(/^ {2}bedside-fleet push admissions\.yaml --kind admissions --key KEY --generation next .* gw-1$/m);
    expect(said).toContain("name it under  documents:\nin /etc/b.yaml, and restart the service.");
    expect(said).not.toMatch(/rules: {2}in (?:\/etc\/b\.yaml|the configuration file)/);
  });

  test("tells a port that is allowed and cannot be opened with number, fact, who has it, and what to do", () => {
    const allow = { is: "allow", rule: 1, device: "dv-1", driver: "nonin", line: "9600 8N1", socket: "ICU-1/A", known: "socket" } as const;
    const fault = { number: "BED-203", key: "port.in_use", text: "/dev/ttyUSB0 is in use by picocom (process 71)" } as const;
    const told = [port("usb-x-1:1.0", { verdict: allow, phase: "closed", fault, openIn: [{ pid: 71, name: "picocom" }] })];
    expect(text(told)).toMatch(/^allowed {2}usb-x-1:1\.0/m);
    expect(
      under(told, "usb-x-1:1.0")
        .split("\n")
        .map((line) => line.trim()),
    ).toEqual([
      "rule 1: dv-1, driver nonin at 9600 8N1, socket ICU-1/A, is tried again by itself",
      "BED-203  /dev/ttyUSB0 is in use by picocom (process 71)",
      `do       ${FAULTS["port.in_use"].next}`,
      "open in  picocom (process 71)",
    ]);
  });

  test("tells how a port differs from its twins: four ports of one adapter, equal serial numbers, none at all", () => {
    const quad = [0, 1, 10].map((number) => port(`usb-x-3:1.${number}`, { facts: { ...FTDI, serial: "Q" } }));
    expect(under(quad, "usb-x-3:1.10")).toContain("port 3 of 3 of one adapter");
    const twins = ["usb-x-1:1.0", "usb-x-2:1.0"].map((location) => port(location, { facts: { ...FTDI, serial: "0001" } }));
    expect(under(twins, "usb-x-1:1.0")).toContain("an adapter with the same serial number is at usb-x-2:1.0: only the location");
    const dumb = ["usb-x-1:1.0", "usb-x-2:1.0"].map((location) => port(location, { facts: FTDI }));
    expect(under(dumb, "usb-x-2:1.0")).toContain("an equal adapter without a serial number is at usb-x-1:1.0");
    const others = [port("usb-x-1:1.0", { facts: { ...FTDI, serial: "1" } }), port("usb-x-2:1.0", { facts: { ...FTDI, serial: "2" } })];
    expect(text(others)).not.toContain("note");
  });

  test("says whose verdicts these are, and what to look at where there is no port", () => {
    expect(text([port("a", { verdict: { is: "unknown" } })], "nobody")).toMatch(
      /^No agent answers, so nobody has judged these ports; give --config FILE/,
    );
    expect(text([port("a")], "file", "/etc/b.yaml", ["BED-627  x"])).toMatch(
      /^No agent answers\. This is what the documents that \/etc\/b\.yaml names .*; what was pushed .*\n\nBED-627 {2}x\n\nSTATE/,
    );
    expect(text([])).toBe("No serial port is seen. Is the adapter plugged in?\n");
  });
});
