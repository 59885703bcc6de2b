import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodePorts } from "../../agent/effects/node/ports.ts";

/** A tree of real links like the kernel's. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bedside-sysfs-"));
  mkdirSync(join(root, "sys/class/tty"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const sys = (path: string): string => join(root, "sys", path);
const ports = (declared: readonly { path: string; location: string }[] = []) =>
  nodePorts({ sysRoot: join(root, "sys"), devRoot: "/dev", declared });
const XHCI = "devices/pci0000:00/0000:00:14.0/usb1";

function write(folder: string, attributes: Readonly<Record<string, string>>): void {
  mkdirSync(sys(folder), { recursive: true });
  for (const [name, value] of Object.entries(attributes)) writeFileSync(sys(`${folder}/${name}`), `${value}\n`);
}
function link(from: string, to: string): void {
  mkdirSync(dirname(sys(from)), { recursive: true });
  symlinkSync(relative(dirname(sys(from)), sys(to)), sys(from));
}
function tty(name: string, device: string, attributes: Readonly<Record<string, string>> = {}): void {
  write(`${device}/tty/${name}`, attributes);
  link(`${device}/tty/${name}/device`, device);
  link(`class/tty/${name}`, `${device}/tty/${name}`);
}

type Adapter = { at: string; name: string; devnum: string; serial?: string; interfaceNumber?: string; portNumber?: string };
/** "1-1.3:1.0" below its hubs, with a usb-serial port. */
function plugFtdi({ at, name, devnum, serial, interfaceNumber = "00", portNumber = "0" }: Adapter): string {
  const device = usbDevice(at);
  write(device, { devnum, idVendor: "0403", idProduct: "6001", manufacturer: "FTDI", product: "FT232R USB UART" });
  if (serial !== undefined) write(device, { serial });
  write(`${device}/${at}`, { bInterfaceNumber: interfaceNumber });
  write(`${device}/${at}/${name}`, { port_number: portNumber });
  link(`${device}/${at}/${name}/driver`, "bus/usb-serial/drivers/ftdi_sio");
  tty(name, `${device}/${at}/${name}`);
  return device;
}
function unplug(device: string, ...names: readonly string[]): void {
  rmSync(sys(device), { recursive: true });
  for (const name of names) rmSync(sys(`class/tty/${name}`));
}
function usbDevice(at: string): string {
  const [bus, path] = (at.split(":")[0] ?? "").split("-") as [string, string];
  const steps = path.split(".");
  return [XHCI, ...steps.map((_, depth) => `${bus}-${steps.slice(0, depth + 1).join(".")}`)].join("/");
}

test("a USB adapter is located by its place in the topology and described by what it says", async () => {
  plugFtdi({ at: "1-1.3:1.0", name: "ttyUSB0", devnum: "5", serial: "A50285BI" });
  expect(await ports().list()).toEqual([
    {
      path: "/dev/ttyUSB0",
      location: "usb-1-1.3:1.0",
      hardware: true,
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

test("a CDC-ACM device is located by its own interface", async () => {
  const device = usbDevice("1-2:1.0");
  write(device, { devnum: "7", idVendor: "2341", idProduct: "0043" });
  write(`${device}/1-2:1.0`, { bInterfaceNumber: "00" });
  link(`${device}/1-2:1.0/driver`, "bus/usb/drivers/cdc_acm");
  tty("ttyACM0", `${device}/1-2:1.0`);
  expect(await ports().list()).toMatchObject([{ path: "/dev/ttyACM0", location: "usb-1-2:1.0", facts: { driver: "cdc_acm" } }]);
});

test("a replugged adapter keeps its location under another tty number, and another adapter there is read anew", async () => {
  const seen = ports();
  const first = plugFtdi({ at: "1-1.3:1.0", name: "ttyUSB0", devnum: "5", serial: "ONE" });
  expect(await seen.list()).toHaveLength(1);
  unplug(first, "ttyUSB0");
  expect(await seen.list()).toEqual([]);
  const second = plugFtdi({ at: "1-1.3:1.0", name: "ttyUSB1", devnum: "6", serial: "ONE" });
  expect(await seen.list()).toMatchObject([{ path: "/dev/ttyUSB1", location: "usb-1-1.3:1.0", facts: { serial: "ONE" } }]);
  unplug(second, "ttyUSB1");
  plugFtdi({ at: "1-1.3:1.0", name: "ttyUSB1", devnum: "7", serial: "TWO" });
  expect(await seen.list()).toMatchObject([{ path: "/dev/ttyUSB1", location: "usb-1-1.3:1.0", facts: { serial: "TWO" } }]);
});

test("two adapters with one serial number are two places, in order of location", async () => {
  plugFtdi({ at: "1-1.4:1.0", name: "ttyUSB0", devnum: "9", serial: "0001" });
  plugFtdi({ at: "1-1.2:1.0", name: "ttyUSB1", devnum: "8", serial: "0001" });
  const list = await ports().list();
  expect(list.map(({ location, path, facts }) => [location, path, facts.serial])).toEqual([
    ["usb-1-1.2:1.0", "/dev/ttyUSB1", "0001"],
    ["usb-1-1.4:1.0", "/dev/ttyUSB0", "0001"],
  ]);
});

test("four ports of one adapter with one serial number are four places, by interface", async () => {
  for (const port of [0, 1, 2, 3]) {
    plugFtdi({ at: `1-1:1.${port}`, name: `ttyUSB${port}`, devnum: "4", serial: "FT4232", interfaceNumber: `0${port}` });
  }
  const list = await ports().list();
  expect(list.map(({ location, facts }) => [location, facts.interface])).toEqual([
    ["usb-1-1:1.0", "00"],
    ["usb-1-1:1.1", "01"],
    ["usb-1-1:1.2", "02"],
    ["usb-1-1:1.3", "03"],
  ]);
});

test("several ports on one interface are told apart by the adapter's port number", async () => {
  plugFtdi({ at: "1-1:1.0", name: "ttyUSB0", devnum: "4" });
  plugFtdi({ at: "1-1:1.0", name: "ttyUSB1", devnum: "4", portNumber: "1" });
  expect((await ports().list()).map(({ location }) => location)).toEqual(["usb-1-1:1.0", "usb-1-1:1.0-port1"]);
});

test("a UART is located by its chip, whatever the kernel puts between, and a phantom one is no port", async () => {
  const soc = "devices/platform/soc";
  tty("ttyAMA0", `${soc}/3f201000.serial`, { type: "32" });
  tty("ttyAMA1", `${soc}/3f202000.serial/3f202000.serial:0/3f202000.serial:0.0`, { type: "32" });
  tty("ttyS0", "devices/pnp0/00:00/00:00:0/00:00:0.0", { type: "4" });
  for (const phantom of [1, 2, 3]) tty(`ttyS${phantom}`, "devices/platform/serial8250", { type: "0" });
  expect((await ports().list()).map(({ location, path }) => [location, path])).toEqual([
    ["uart-00:00", "/dev/ttyS0"],
    ["uart-3f201000.serial", "/dev/ttyAMA0"],
    ["uart-3f202000.serial", "/dev/ttyAMA1"],
  ]);
});

test("UARTs of one card are told apart by their address, whatever their number", async () => {
  const card = "devices/pci0000:00/0000:02:00.0";
  tty("ttyS5", card, { type: "4", port: "0xC008" });
  tty("ttyS4", card, { type: "4", port: "0xC010" });
  expect((await ports().list()).map(({ location, path }) => [location, path])).toEqual([
    ["uart-0000:02:00.0-uart0", "/dev/ttyS5"],
    ["uart-0000:02:00.0-uart1", "/dev/ttyS4"],
  ]);
});

test("consoles, ptys and whatever has no hardware are no ports", async () => {
  write("devices/virtual/tty/tty1", {});
  link("class/tty/tty1", "devices/virtual/tty/tty1");
  tty("ttyGS0", "devices/platform/gadget");
  expect(await ports().list()).toEqual([]);
});

test("a declared port is listed always, is never hardware, and says whether it is there", async () => {
  const path = join(root, "pty");
  const list = ports([{ path, location: "bench-1" }]);
  expect(await list.list()).toEqual([{ path, location: "bench-1", hardware: false, facts: { present: "no" } }]);
  writeFileSync(path, "");
  expect(await list.list()).toEqual([{ path, location: "bench-1", hardware: false, facts: { present: "yes" } }]);
});

test("what a device says is cut and printable", async () => {
  const device = plugFtdi({ at: "1-1:1.0", name: "ttyUSB0", devnum: "4", serial: "\u001b[2Jx" });
  write(device, { manufacturer: "m".repeat(500) });
  const [port] = await ports().list();
  expect([port?.facts.serial, port?.facts.manufacturer]).toEqual(["\ufffd[2Jx", "m".repeat(128)]);
});

test("a host without serial ports has none, and this host's own tree is readable", async () => {
  rmSync(sys("class"), { recursive: true });
  expect(await ports().list()).toEqual([]);
  if (!existsSync("/sys/class/tty")) return console.warn("NOT TESTED: this host's own ports, because there is no /sys/class/tty");
  const own = await nodePorts({ sysRoot: "/sys", devRoot: "/dev", declared: [] }).list();
  expect(new Set(own.map(({ location }) => location)).size).toBe(own.length);
});
