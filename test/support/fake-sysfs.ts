import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * A host's /sys and /dev as far as serial ports go: real folders and links, laid out as Linux lays them out, for an agent that is
 * started with --sys-root and --dev-root. A node in /dev is a link to what the test brings (a pty).
 *
 *   sys/class/tty/ttyUSB0 -> ../../devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.3/1-1.3:1.0/ttyUSB0/tty/ttyUSB0
 *   dev/ttyUSB0           -> what the adapter's line names
 *   dev/bus/usb/001/005
 */
export type FakeHost = {
  readonly sysRoot: string;
  readonly devRoot: string;
  /** Plugs an adapter in. A tty takes the lowest number that is free: not one whose node somebody is said to hold. */
  readonly plug: (adapter: Adapter) => Plugged;
  /** Pulls it out. With `held` its tty numbers are not given again: somebody still has the old nodes open. */
  readonly unplug: (plugged: Plugged, held?: "held") => void;
  /** What the host does in one moment, at least between two looks: plugs in again what was there, in this order. */
  readonly renumber: (order: readonly Plugged[]) => readonly Plugged[];
  /** A port of the board itself. */
  readonly addUart: (uart: { readonly name: string; readonly at: string; readonly node: string; readonly attributes: Attributes }) => void;
};
export type Attributes = Readonly<Record<string, string>>;
export type Adapter = {
  /** Bus and sockets from its controller outwards: "1-1.3". */
  readonly at: string;
  /** For each port, what its node leads to. One interface each, as an FT4232H has. */
  readonly lines: readonly string[];
  readonly vendor?: string;
  readonly product?: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly driver?: string;
  /** Ports on the one interface 0, as some multiport adapters have, instead of an interface each. */
  readonly oneInterface?: "one";
  /** The number that its first tty takes, where a test must know it. */
  readonly number?: number;
  /** "ttyACM" has no folder of its own between interface and tty. */
  readonly names?: "ttyUSB" | "ttyACM";
};
export type Plugged = { readonly adapter: Adapter; readonly ttys: readonly string[]; readonly devnum: number };
export type Bus = { readonly controller: string; readonly speed: string };

/** "usb1" of most PCs, and its SuperSpeed twin. */
const BUSES: Readonly<Record<string, Bus>> = {
  "1": { controller: "pci0000:00/0000:00:14.0", speed: "480" },
  "2": { controller: "pci0000:00/0000:00:14.0", speed: "5000" },
};
const CONSOLES = 64;

export function openFakeHost(folder: string, buses: Readonly<Record<string, Bus>> = BUSES): FakeHost {
  const sysRoot = join(folder, "sys");
  const devRoot = join(folder, "dev");
  const sys = sysWriter(sysRoot);
  const held = new Set<string>();
  const devnums = new Map<string, number>();
  mkdirSync(join(sysRoot, "class/tty"), { recursive: true });
  mkdirSync(devRoot, { recursive: true });
  for (let number = 0; number < CONSOLES; number++) sys.link(`class/tty/tty${number}`, `devices/virtual/tty/tty${number}`);
  for (const [bus, { controller, speed }] of Object.entries(buses)) {
    sys.write(`devices/${controller}/usb${bus}`, { busnum: bus, devnum: "1", speed, bDeviceClass: "09" });
  }

  const nextTty = (prefix: string): string => {
    for (let number = 0; ; number++) {
      const name = `${prefix}${number}`;
      if (!held.has(name) && !sys.exists(`class/tty/${name}`)) return name;
    }
  };
  const folderOf = (at: string): { readonly bus: string; readonly path: string } => {
    const [bus = "", sockets = ""] = at.split("-");
    const steps = sockets.split(".").map((_, depth, all) => `${bus}-${all.slice(0, depth + 1).join(".")}`);
    return { bus, path: ["devices", buses[bus]?.controller ?? "", `usb${bus}`, ...steps].join("/") };
  };
  const plug = (adapter: Adapter): Plugged => {
    const { bus, path } = folderOf(adapter.at);
    const devnum = (devnums.get(bus) ?? 1) + 1;
    devnums.set(bus, devnum);
    const { vendor: idVendor = "0403", product: idProduct = "6001", serial, manufacturer, model: product } = adapter;
    sys.write(path, { busnum: bus, devnum: String(devnum), speed: "12", bDeviceClass: "00", idVendor, idProduct });
    sys.write(path, present({ serial, manufacturer, product }));
    sys.link(`bus/usb/devices/${adapter.at}`, path);
    makeNode(join(devRoot, "bus/usb", bus.padStart(3, "0"), String(devnum).padStart(3, "0")), "/dev/null");
    const ttys = adapter.lines.map((line, index) => {
      const prefix = adapter.names ?? "ttyUSB";
      const name = adapter.number === undefined ? nextTty(prefix) : `${prefix}${adapter.number + index}`;
      addTty(sys, { adapter, device: path, name, index });
      makeNode(join(devRoot, name), line);
      return name;
    });
    return { adapter, ttys, devnum };
  };
  const unplug = ({ adapter, ttys, devnum }: Plugged, still?: "held"): void => {
    const { bus, path } = folderOf(adapter.at);
    for (const name of ttys) {
      if (still === "held") held.add(name);
      sys.remove(`class/tty/${name}`);
      rmSync(join(devRoot, name), { force: true });
    }
    sys.remove(`bus/usb/devices/${adapter.at}`);
    sys.remove(path);
    rmSync(join(devRoot, "bus/usb", bus.padStart(3, "0"), String(devnum).padStart(3, "0")), { force: true });
  };
  return {
    sysRoot,
    devRoot,
    plug,
    unplug,
    renumber: (order) => {
      for (const plugged of order) unplug(plugged);
      return order.map(({ adapter }) => plug(adapter));
    },
    addUart: ({ name, at, node, attributes }) => {
      sys.tty(name, `devices/${at}`, attributes);
      makeNode(join(devRoot, name), node);
    },
  };
}

type Tty = { readonly adapter: Adapter; readonly device: string; readonly name: string; readonly index: number };
function addTty(sys: SysWriter, { adapter, device, name, index }: Tty): void {
  const { at, driver = "ftdi_sio", names = "ttyUSB", oneInterface } = adapter;
  const number = oneInterface === undefined ? index : 0;
  const own = `${device}/${at}:1.${number}`;
  sys.write(own, { bInterfaceNumber: `0${number}`, bInterfaceClass: "ff" });
  if (names === "ttyACM") {
    sys.link(`${own}/driver`, `bus/usb/drivers/${driver}`);
    sys.tty(name, own);
    return;
  }
  sys.write(`${own}/${name}`, { port_number: oneInterface === undefined ? "0" : String(index) });
  sys.link(`${own}/${name}/driver`, `bus/usb-serial/drivers/${driver}`);
  sys.tty(name, `${own}/${name}`);
}

type SysWriter = ReturnType<typeof sysWriter>;
function sysWriter(root: string) {
  const write = (folder: string, attributes: Attributes): void => {
    mkdirSync(join(root, folder), { recursive: true });
    for (const [name, value] of Object.entries(attributes)) writeFileSync(join(root, folder, name), `${value}\n`);
  };
  const link = (from: string, to: string): void => {
    mkdirSync(join(root, dirname(from)), { recursive: true });
    rmSync(join(root, from), { force: true });
    symlinkSync(relative(join(root, dirname(from)), join(root, to)), join(root, from));
  };
  return {
    write,
    link,
    exists: (path: string): boolean => existsSync(join(root, path)),
    remove: (path: string): void => rmSync(join(root, path), { recursive: true, force: true }),
    tty: (name: string, device: string, attributes: Attributes = {}): void => {
      write(`${device}/tty/${name}`, attributes);
      link(`${device}/tty/${name}/device`, device);
      link(`class/tty/${name}`, `${device}/tty/${name}`);
    },
  };
}

function makeNode(path: string, leadsTo: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  symlinkSync(leadsTo, path);
}
const present = (attributes: Readonly<Record<string, string | undefined>>): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter((one): one is [string, string] => one[1] !== undefined));
