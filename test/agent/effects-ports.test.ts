import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodePorts } from "../../agent/effects/node/ports.ts";
import { usbPlace } from "../../agent/effects/node/usb-place.ts";
import { type Adapter, type Bus, type FakeHost, openFakeHost } from "../support/fake-sysfs.ts";

let root: string;
let host: FakeHost;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bedside-sysfs-"));
  host = openFakeHost(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const ports = (declared: readonly { path: string; location: string }[] = [], on = host) =>
  nodePorts({ sysRoot: on.sysRoot, devRoot: "/dev", declared });
const adapter = (at: string, more: Partial<Adapter> = {}): Adapter => ({ at, lines: ["/dev/null"], ...more });
const locations = async (seen = ports()): Promise<readonly (readonly [string, string])[]> =>
  (await seen.list()).map(({ location, path }) => [location, path]);

describe("a USB adapter", () => {
  test("is located by its place in the topology and described by what it says", async () => {
    host.plug(adapter("1-1.3", { serial: "A50285BI", manufacturer: "FTDI", model: "FT232R USB UART" }));
    expect(await ports().list()).toEqual([
      {
        path: "/dev/ttyUSB0",
        location: "usb-0000:00:14.0-1.3:1.0",
        hardware: true,
        attachment: expect.stringMatching(/1-1\.3:1\.0\/ttyUSB0 2 \d+$/),
        facts: {
          vendor: "0403",
          product: "6001",
          serial: "A50285BI",
          manufacturer: "FTDI",
          model: "FT232R USB UART",
          interface: "00",
          driver: "ftdi_sio",
          controller: "0000:00:14.0",
        },
      },
    ]);
  });

  test("that is a CDC-ACM device is located by its own interface", async () => {
    host.plug(adapter("1-2", { names: "ttyACM", driver: "cdc_acm" }));
    expect(await ports().list()).toMatchObject([
      { path: "/dev/ttyACM0", location: "usb-0000:00:14.0-2:1.0", facts: { driver: "cdc_acm" } },
    ]);
  });

  test("that is plugged in again keeps its location under another tty number, and another one there is read anew", async () => {
    const seen = ports();
    const first = host.plug(adapter("1-1.3", { serial: "ONE" }));
    expect(await seen.list()).toHaveLength(1);
    host.unplug(first, "held");
    expect(await seen.list()).toEqual([]);
    const second = host.plug(adapter("1-1.3", { serial: "ONE" }));
    expect(await seen.list()).toMatchObject([{ path: "/dev/ttyUSB1", location: "usb-0000:00:14.0-1.3:1.0", facts: { serial: "ONE" } }]);
    host.unplug(second);
    host.plug(adapter("1-1.3", { serial: "TWO" }));
    expect(await seen.list()).toMatchObject([{ path: "/dev/ttyUSB1", location: "usb-0000:00:14.0-1.3:1.0", facts: { serial: "TWO" } }]);
  });

  test("that is pulled and plugged in again between two looks is another attachment, though nothing else differs", async () => {
    const seen = ports();
    const plugged = host.plug(adapter("1-1.3", { serial: "ONE" }));
    const [before] = await seen.list();
    host.renumber([plugged]);
    const [after] = await seen.list();
    expect({ ...after, attachment: before?.attachment }).toEqual(before);
    expect(after?.attachment).not.toBe(before?.attachment);
  });

  test("and another with the same serial number, or none, are two places, in order of location", async () => {
    host.plug(adapter("1-1.4", { serial: "0001" }));
    host.plug(adapter("1-1.2", { serial: "0001" }));
    host.plug(adapter("1-1.1"));
    const list = await ports().list();
    expect(list.map(({ location, path, facts }) => [location, path, facts.serial])).toEqual([
      ["usb-0000:00:14.0-1.1:1.0", "/dev/ttyUSB2", undefined],
      ["usb-0000:00:14.0-1.2:1.0", "/dev/ttyUSB1", "0001"],
      ["usb-0000:00:14.0-1.4:1.0", "/dev/ttyUSB0", "0001"],
    ]);
  });

  test("with four ports and one serial number is four places, by interface", async () => {
    host.plug(adapter("1-1", { serial: "FT4232", product: "6011", lines: Array(4).fill("/dev/null") }));
    const list = await ports().list();
    expect(list.map(({ location, facts }) => [location, facts.interface])).toEqual(
      [0, 1, 2, 3].map((number) => [`usb-0000:00:14.0-1:1.${number}`, `0${number}`]),
    );
  });

  test("with several ports on one interface has them told apart by its own port number", async () => {
    host.plug(adapter("1-1", { oneInterface: "one", lines: Array(2).fill("/dev/null") }));
    expect((await locations()).map(([location]) => location)).toEqual(["usb-0000:00:14.0-1:1.0", "usb-0000:00:14.0-1:1.0-port1"]);
  });

  test("on a SuperSpeed bus is not taken for one on the USB 2 sockets of the same controller, which have the same numbers", async () => {
    host.plug(adapter("1-2"));
    host.plug(adapter("2-2"));
    expect((await locations()).map(([location]) => location)).toEqual(["usb-0000:00:14.0-2:1.0", "usb3-0000:00:14.0-2:1.0"]);
  });
});

/** As the kernels of these boards show them. */
const CONTROLLERS: readonly (readonly [board: string, folder: string, name: string])[] = [
  ["a PC", "pci0000:00/0000:00:14.0", "0000:00:14.0"],
  ["a PC, a card behind a bridge", "pci0000:00/0000:00:1c.4/0000:03:00.0", "0000:00:1c.4/00.0"],
  ["a PC, a dual-role controller", "pci0000:00/0000:00:16.0/dwc3.1.auto/xhci-hcd.3.auto", "0000:00:16.0"],
  ["Raspberry Pi 3", "platform/soc/3f980000.usb", "3f980000.usb"],
  ["Raspberry Pi 4", "platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0", "fd500000.pcie/00.0/00.0"],
  ["Raspberry Pi 5", "platform/axi/1000120000.pcie/1f00200000.usb/xhci-hcd.0", "1f00200000.usb"],
  ["i.MX 8", "platform/soc@0/32f10108.usb/38200000.usb/xhci-hcd.1.auto", "38200000.usb"],
  ["BeagleBone", "platform/ocp/47400000.target-module/47401c00.usb/musb-hdrc.1", "47401c00.usb"],
];

describe("the location of a USB socket", () => {
  test.each(CONTROLLERS)("is told by what does not change on %s", (_board, folder, name) => {
    expect(usbPlace(`/sys/devices/${folder}/usb3/3-1/3-1.2/3-1.2:1.0`)).toMatchObject({ controller: name, topology: "1.2:1.0" });
  });

  test("is the same whatever numbers Linux gives to buses, to PCI buses behind a bridge and to the parts of a controller", async () => {
    const boot = async (name: string, buses: Readonly<Record<string, Bus>>, at: readonly string[]): Promise<readonly string[]> => {
      const other = openFakeHost(join(root, name), buses);
      for (const place of at) other.plug(adapter(place));
      return (await locations(ports([], other))).map(([location]) => location);
    };
    const bus = (controller: string): Bus => ({ controller, speed: "480" });
    const one = await boot(
      "one",
      {
        "1": bus("pci0000:00/0000:00:14.0"),
        "2": bus("pci0000:00/0000:00:1c.4/0000:03:00.0"),
        "3": bus("platform/axi/1000120000.pcie/1f00200000.usb/xhci-hcd.0"),
      },
      ["1-1", "2-1", "3-1"],
    );
    const two = await boot(
      "two",
      {
        "5": bus("pci0000:00/0000:00:14.0"),
        "4": bus("pci0000:00/0000:00:1c.4/0000:05:00.0"),
        "1": bus("platform/axi/1000120000.pcie/1f00200000.usb/xhci-hcd.1"),
      },
      ["1-1", "4-1", "5-1"],
    );
    expect(one).toEqual(["usb-0000:00:14.0-1:1.0", "usb-0000:00:1c.4/00.0-1:1.0", "usb-1f00200000.usb-1:1.0"]);
    expect(two).toEqual(one);
  });

  test("of a controller that is software says so, and its ports are no hardware", async () => {
    const other = openFakeHost(join(root, "vhci"), { "3": { controller: "platform/vhci_hcd.0", speed: "480" } });
    other.plug(adapter("3-1"));
    expect(await ports([], other).list()).toMatchObject([{ location: "usb-vhci_hcd.0-1:1.0", hardware: false }]);
  });
});

describe("a UART", () => {
  const uart = (name: string, at: string, attributes: Readonly<Record<string, string>>): void =>
    host.addUart({ name, at, node: "/dev/null", attributes });

  test("is located by its chip, whatever the kernel puts between, and a phantom one is no port", async () => {
    const soc = "platform/soc";
    uart("ttyAMA0", `${soc}/3f201000.serial`, { type: "32" });
    uart("ttyAMA1", `${soc}/3f202000.serial/3f202000.serial:0/3f202000.serial:0.0`, { type: "32" });
    uart("ttyS0", "pnp0/00:00/00:00:0/00:00:0.0", { type: "4" });
    uart("ttyS4", "pci0000:00/0000:00:1e.0/dw-apb-uart.8", { type: "4" });
    for (const phantom of [1, 2, 3]) uart(`ttyS${phantom}`, "platform/serial8250", { type: "0" });
    expect(await locations()).toEqual([
      ["uart-0000:00:1e.0", "/dev/ttyS4"],
      ["uart-00:00", "/dev/ttyS0"],
      ["uart-3f201000.serial", "/dev/ttyAMA0"],
      ["uart-3f202000.serial", "/dev/ttyAMA1"],
    ]);
  });

  test("of a card with several is told apart by its address, whatever its number", async () => {
    const card = "pci0000:00/0000:02:00.0";
    uart("ttyS5", card, { type: "4", port: "0xC008" });
    uart("ttyS4", card, { type: "4", port: "0xC010" });
    expect(await locations()).toEqual([
      ["uart-0000:02:00.0-uart0", "/dev/ttyS5"],
      ["uart-0000:02:00.0-uart1", "/dev/ttyS4"],
    ]);
  });
});

test("consoles, ptys and whatever has no hardware are no ports", async () => {
  mkdirSync(join(host.sysRoot, "devices/virtual/tty/ptmx"), { recursive: true });
  symlinkSync("../../devices/virtual/tty/ptmx", join(host.sysRoot, "class/tty/ptmx"));
  host.addUart({ name: "ttyGS0", at: "platform/gadget", node: "/dev/null", attributes: {} });
  expect(await ports().list()).toEqual([]);
});

test("a declared address is listed always; one of this box itself is no hardware, and nothing is sent to ask who is there", async () => {
  const [mine] = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal);
  const own = [
    ["127.0.0.1", false],
    ["127.9.9.9", false],
    ["192.0.2.7", true],
    ...(mine === undefined ? [] : [[mine.address, false] as const]),
  ] as const;
  for (const [host, hardware] of own) {
    const udp = `${host}:24105`;
    const seen = await nodePorts({ sysRoot: root, devRoot: "/dev", declared: [{ udp, location: "lan-1" }] }).list();
    expect(seen).toEqual([{ path: `udp:${udp}`, location: "lan-1", hardware, facts: { address: udp } }]);
  }
});

test("a declared port is listed always, is never hardware, and says whether it is there", async () => {
  const path = join(root, "pty");
  const list = ports([{ path, location: "bench-1" }]);
  expect(await list.list()).toEqual([{ path, location: "bench-1", hardware: false, facts: { present: "no" } }]);
  writeFileSync(path, "");
  expect(await list.list()).toEqual([{ path, location: "bench-1", hardware: false, facts: { present: "yes" } }]);
});

test("what a device says is cut and printable", async () => {
  host.plug(adapter("1-1", { serial: "\u001b[2Jx\u2028\u202e", manufacturer: "m".repeat(500) }));
  const [port] = await ports().list();
  expect([port?.facts.serial, port?.facts.manufacturer]).toEqual(["\ufffd[2Jx\ufffd\ufffd", "m".repeat(128)]);
});

test("a host that does not let its ports be listed is told as such: it is no host without ports", async () => {
  rmSync(join(host.sysRoot, "class/tty"), { recursive: true });
  writeFileSync(join(host.sysRoot, "class/tty"), "");
  await expect(ports().list()).rejects.toMatchObject({ key: "ports.unlisted" });
});

test("a host without serial ports has none, and this host's own tree is readable", async () => {
  rmSync(join(host.sysRoot, "class"), { recursive: true });
  expect(await ports().list()).toEqual([]);
  if (!existsSync("/sys/class/tty")) return console.warn("NOT TESTED: this host's own ports, because there is no /sys/class/tty");
  const own = await nodePorts({ sysRoot: "/sys", devRoot: "/dev", declared: [] }).list();
  expect(new Set(own.map(({ location }) => location)).size).toBe(own.length);
});
