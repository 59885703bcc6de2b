import { basename } from "node:path";

/** Where a USB interface is, from the real path of its folder in sysfs: pure text. */
export type UsbPlace = {
  /** What the bus hangs on, by a name that no order of discovery decides: "0000:00:14.0", "fd500000.pcie/00.0/00.0", "3f980000.usb". */
  readonly controller: string;
  /** Sockets from the controller outwards, configuration and interface: "1.3:1.0". */
  readonly topology: string;
  /** Folder of the bus's root hub. */
  readonly rootHub: string;
  /** Made by software: USB over the network, or this host's own gadgets. */
  readonly virtual: boolean;
};

/** "usb1": the kernel numbers buses in the order in which it finds them. */
const ROOT_HUB = /^usb\d+$/;
/** "1-1.3:1.0": bus 1, socket 1 of its root, socket 3 of the hub there; configuration 1, interface 0. */
const INTERFACE = /^\d+-([\d.]+:\d+\.\d+)$/;
/** "0000:00:14.0": domain, bus, device, function. */
const PCI = /^[0-9a-f]{4,}:[0-9a-f]{2}:([0-9a-f]{2}\.[0-7])$/;
/** "fd500000.pcie": a device of the board, by its address. */
const ADDRESSED = /^[0-9a-f]+\.[a-z]/;
/** "xhci-hcd.1.auto", "ci_hdrc.0": numbered in the order in which the kernel made them. */
const NUMBERED = /^[a-z][\w-]*\.\d+(\.auto)?$/i;
const VIRTUAL = /^(vhci_hcd|dummy_hcd|usbip-vudc)\b/;

/**
 * The place of a USB interface; undefined where the folder is none. udev's ID_PATH is the same idea ("pci-0000:00:14.0-usb-0:1.3:1.0"),
 * but takes two things that change: the number of an automatic platform device, and the PCI bus numbers behind bridges.
 */
export function usbPlace(folder: string): UsbPlace | undefined {
  const topology = INTERFACE.exec(basename(folder))?.[1];
  const steps = folder.split("/");
  const hub = steps.findLastIndex((step) => ROOT_HUB.test(step));
  if (topology === undefined || hub < 1) return undefined;
  const above = steps.slice(0, hub);
  return {
    controller: fixedName(above.join("/")),
    topology,
    rootHub: steps.slice(0, hub + 1).join("/"),
    virtual: VIRTUAL.test(above.at(-1) ?? ""),
  };
}

/** What a device of the board is called by its place on it. `folder` is its real path in sysfs. */
export function fixedName(folder: string): string {
  const steps = folder.split("/");
  // A numbered child says nothing that its parent's address does not say: a controller core has one host.
  const fixed = steps.findLastIndex((step) => !NUMBERED.test(step));
  const own = steps[fixed] ?? "";
  if (PCI.test(own)) return pciPath(steps.slice(0, fixed + 1));
  return ADDRESSED.test(own) ? own : (steps.at(-1) ?? "");
}

/** As lspci -P: the first function by its address, those behind it by device and function. Bus numbers behind bridges move. */
function pciPath(steps: readonly string[]): string {
  const host = steps.findLastIndex((step) => !PCI.test(step));
  const functions = steps.slice(host + 1);
  const places = functions.map((step) => PCI.exec(step)?.[1] ?? step);
  // Of several host bridges of a board Linux may number the domains as it finds them; their own address stays.
  const board = steps[host - 1];
  const first = board !== undefined && ADDRESSED.test(board) ? `${board}/${places[0]}` : functions[0];
  return [first, ...places.slice(1)].join("/");
}
