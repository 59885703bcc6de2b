import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { basename, dirname } from "node:path";
import { parseUdpAddress, udpPath } from "../../../config/settings/udp-address.ts";
import { Fault } from "../../fault/fault.ts";
import type { PortFacts, Ports } from "../effects.ts";
import type { FolderWatch } from "./port-watch.ts";
import { readOr } from "./read-or.ts";
import { fixedName, type UsbPlace, usbPlace } from "./usb-place.ts";

export type PortsOptions = {
  readonly sysRoot: string;
  readonly devRoot: string;
  /** Ports of the configuration: always listed. Each has a path or an address. */
  readonly declared: readonly Declared[];
  /** What tells that a look is worth while; without it nothing does, and a look every now and then must do. */
  readonly watch?: FolderWatch;
};

type Declared = { readonly path?: string | undefined; readonly udp?: string | undefined; readonly location: string };

/** A device writes its own strings: longer ones are cut. */
const FACT_MAX = 128;
/** Of the root hub, in Mbit/s: from here on its sockets are numbered apart from the USB 2 sockets of the same controller. */
const SUPER_SPEED = 5000;
/** Some seventy consoles that are always there and never hardware. */
const CONSOLE = /^tty\d*$/;

/**
 * The serial ports of the host, from sysfs, which starts no process (udevadm would).
 *
 * | port                       | location                    | from                                                       |
 * |----------------------------|-----------------------------|------------------------------------------------------------|
 * | USB                        | usb-0000:00:14.0-1.3:1.0    | controller, sockets from it outwards, interface            |
 * | … of the SuperSpeed side   | usb3-0000:00:14.0-1:1.0     | the same controller numbers those sockets anew             |
 * | … several on one interface | usb-…-1.3:1.0-port2         | and the usb-serial driver's port_number, where it is not 0 |
 * | UART                       | uart-3f201000.serial        | the chip's address on its own bus                          |
 * | … several on one chip      | uart-0000:02:00.0-uart1     | and its rank by address, from 0                            |
 * | declared                   | bench-1, lan-1              | the configuration                                          |
 *
 * Nothing in a location depends on what else is plugged, on an order of discovery, or on the number of a bus or tty.
 * Throws Fault `ports.unlisted` where the host does not let it look: that is not the same as a host without ports.
 */
export function nodePorts({ sysRoot, devRoot, declared, watch }: PortsOptions): Ports {
  let known: ReadonlyMap<string, PortFacts> = new Map();
  return {
    stirred: () => watch?.stirred() ?? false,
    list: async () => {
      watch?.refresh();
      const ttys = hardware(`${sysRoot}/class/tty`);
      const seen = new Map<string, PortFacts>();
      for (const tty of ttys) {
        const path = `${devRoot}/${tty.name}`;
        // A device's strings wait for its lock, which a failing device holds for seconds: read once an enumeration.
        seen.set(tty.attachment, known.get(tty.attachment) ?? (tty.bus === "usb" ? await usbPort(path, tty) : uartPort(path, tty, ttys)));
      }
      known = seen;
      const ports = [...seen.values(), ...declared.flatMap(declaredPort)];
      return ports.sort((a, b) => (a.location < b.location ? -1 : Number(a.location > b.location)));
    },
  };
}

function declaredPort({ path, udp, location }: Declared): readonly PortFacts[] {
  // Whether somebody is there is not asked: nothing is sent to an address that no rule allows.
  if (udp !== undefined) return [{ path: udpPath(udp), location, hardware: !isOwn(udp), facts: { address: udp } }];
  return path === undefined ? [] : [{ path, location, hardware: false, facts: { present: existsSync(path) ? "yes" : "no" } }];
}

/** An address of this box itself: what answers there is a program, and no device. */
function isOwn(udp: string): boolean {
  const host = parseUdpAddress(udp)?.host ?? "";
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return host.startsWith("127.") || own.some(({ address }) => address === host);
}

/** A tty with hardware behind it. `attachment` names one enumeration of one device; folders are real paths in sysfs. */
type UsbTty = {
  readonly bus: "usb";
  readonly name: string;
  readonly attachment: string;
  readonly device: string;
  readonly interface: string;
  readonly place: UsbPlace;
};
type UartTty = {
  readonly bus: "uart";
  readonly name: string;
  readonly attachment: string;
  readonly device: string;
  readonly address: number;
};
type Tty = UsbTty | UartTty;

/** Read in one go, not through the thread pool: links and plain attributes cost microseconds and never wait. */
function hardware(folder: string): readonly Tty[] {
  return ttyNames(folder).flatMap((name): readonly Tty[] => {
    if (CONSOLE.test(name) || readOr(() => readlinkSync(`${folder}/${name}`))?.includes("/virtual/") !== false) return [];
    const device = readOr(() => realpathSync.native(`${folder}/${name}/device`));
    if (device === undefined) return [];
    const usb = usbOf(device);
    if (usb !== undefined) {
      // What is unplugged and plugged again between two looks may have its path again: its number on the bus and its inode are new.
      const devnum = attribute(`${dirname(usb.interface)}/devnum`);
      const inode = readOr(() => statSync(`${folder}/${name}`).ino);
      return [{ bus: "usb", name, attachment: `${name} ${device} ${devnum} ${inode}`, device, ...usb }];
    }
    // Every UART driver tells its chip; 0 is a place where the PC's driver looked and found none.
    const type = attribute(`${folder}/${name}/type`);
    if (type === undefined || type === "0") return [];
    return [{ bus: "uart", name, attachment: `${name} ${device}`, device: chipOf(device), address: addressOf(`${folder}/${name}`) }];
  });
}

/** The USB interface that a device is or lies below. */
function usbOf(device: string): { readonly interface: string; readonly place: UsbPlace } | undefined {
  for (let folder = device; folder !== "/" && folder !== "."; folder = dirname(folder)) {
    const place = usbPlace(folder);
    if (place !== undefined) return { interface: folder, place };
  }
  return undefined;
}

/** Since Linux 6.5 "X" is followed by "X:0/X:0.0"; a location must not change with the kernel. */
function chipOf(device: string): string {
  const control = dirname(device);
  const chip = dirname(control);
  const layered = basename(control).startsWith(`${basename(chip)}:`) && basename(device).startsWith(`${basename(control)}.`);
  return layered ? chip : device;
}

/** Ports of one chip differ by I/O port (PC) or by memory address; an unused one reads as 0. */
const addressOf = (folder: string): number =>
  Number(attribute(`${folder}/port`) ?? 0) || Number(attribute(`${folder}/iomem_base`) ?? 0) || 0;

async function usbPort(path: string, tty: UsbTty): Promise<PortFacts> {
  const device = dirname(tty.interface);
  const { controller, topology, rootHub, virtual } = tty.place;
  const number = tty.device === tty.interface ? undefined : attribute(`${tty.device}/port_number`);
  const side = Number(attribute(`${rootHub}/speed`)) >= SUPER_SPEED ? "usb3" : "usb";
  const location = `${side}-${controller}-${topology}${number === undefined || number === "0" ? "" : `-port${number}`}`;
  const facts = {
    vendor: await waitingAttribute(`${device}/idVendor`),
    product: await waitingAttribute(`${device}/idProduct`),
    serial: await waitingAttribute(`${device}/serial`),
    manufacturer: await waitingAttribute(`${device}/manufacturer`),
    model: await waitingAttribute(`${device}/product`),
    interface: await waitingAttribute(`${tty.interface}/bInterfaceNumber`),
    driver: driverOf(tty.device),
    controller,
  };
  return { path, location, hardware: !virtual, facts: present(facts), attachment: tty.attachment };
}

function uartPort(path: string, tty: UartTty, all: readonly Tty[]): PortFacts {
  const siblings = all.filter((other): other is UartTty => other.bus === "uart" && other.device === tty.device);
  const rank = siblings.filter((other) => other.address < tty.address).length;
  const location = `uart-${fixedName(tty.device)}${siblings.length > 1 ? `-uart${rank}` : ""}`;
  return { path, location, hardware: true, facts: present({ driver: driverOf(tty.device) }), attachment: tty.attachment };
}

function driverOf(device: string): string | undefined {
  const link = readOr(() => readlinkSync(`${device}/driver`));
  return link === undefined ? undefined : basename(link);
}

function present(facts: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== ""));
}

/** A host without serial lines has no such folder. */
function ttyNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (caught) {
    const { code } = caught as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new Fault(
      "ports.unlisted",
      `${folder} cannot be read (${code}), so that no adapter is seen that is plugged in now`,
      {},
      { cause: caught },
    );
  }
}
const attribute = (path: string): string | undefined => readOr(() => clean(readFileSync(path, "utf8")));
const waitingAttribute = (path: string): Promise<string | undefined> => readFile(path, "utf8").then(clean, () => undefined);

/** Printable: what a device says reaches terminals and logs. */
const clean = (text: string): string =>
  text
    .trim()
    .slice(0, FACT_MAX)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
