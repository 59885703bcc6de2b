import { close as closeFile, readSync, writeSync } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { LineSettings } from "../../../drivers/kit/driver.ts";
import { asFault, Fault, type FaultKey } from "../../fault/fault.ts";
import type { OpenPort, Serial } from "../effects.ts";
import { type HeldName, holdName } from "./host.ts";
import { holderText, lockHolder, openHolders } from "./port-holders.ts";

/** Most bytes that one read gives, whatever is asked for. */
const READ_MAX = 16_384;
/** The kernel hands out at most 4,095 bytes at once: a read shorter than this has taken all there was. */
const READ_FULL = 2048;
/** How often a line without bytes is asked whether it hung up, in milliseconds. */
const HANGUP_CHECK = 250;
/** So young a node may still wait for its group: the kernel makes it for root, and udev gives it away a moment later. In milliseconds. */
const NODE_YOUNG = 2000;
const NODE_LOOK_AGAIN = 50;

/**
 * Serial lines, opened, set and locked by serialport's add-on and read by ourselves: its stream wakes for every chunk, which
 * costs ten times everything else (PERFORMANCE 4). The add-on is used below LinuxBinding, whose open makes a poller for every
 * port that is never freed (about 2 kB each, for ever, on a line that flaps).
 *
 * What the add-on does and does not do, as far as it matters here: it opens O_RDWR and O_NONBLOCK, sets the line raw and CLOCAL
 * (carrier is not looked at), and ignores the answer of tcsetattr. Modem lines move whatever a driver declares: Linux raises DTR
 * and RTS at every open, and drops them at the last close where HUPCL is set, which is its default and which the add-on can set
 * but not clear (its `hupcl: false` leaves the bit as it was). "untouched" means that nothing moves them in between. A device that
 * takes a falling DTR for a reset needs  stty -F PORT -hupcl  by the host (a udev rule), which holds until the port is plugged anew.
 * A short `turnaround` is read on the tick like any other.
 */
export function nodeSerial(): Serial {
  const buffer = new Uint8Array(READ_MAX);
  return {
    open: async (path, line) => {
      const node = await lookAt(path);
      // serialport changes the line before it asks for its lock, so ours come first: ours among Bedside's own, then a look at
      // what others hold. A program that locks between this look and the open, or that does not lock at all, is not seen.
      const held = await holdName(`port-${node.name}`);
      if (held === undefined) throw inUse(path, "another agent");
      try {
        const holder = lockHolder(path, node);
        if (holder !== undefined) throw inUse(path, holderText(holder));
        return openPort(await openLine(path, line), line, held, buffer);
      } catch (caught) {
        await held.release();
        throw asFault(caught, "port.open_failed", `Cannot open ${path}`);
      }
    },
  };
}

function openPort(opened: number, line: LineSettings, held: HeldName, buffer: Uint8Array): OpenPort {
  // Undefined once closed: the kernel gives the number to the next file, which is not ours to read.
  let fd: number | undefined = opened;
  let gone = false;
  let checked = performance.now();
  let closing: Promise<void> | undefined;

  const lost = (caught: unknown): void => {
    const errno = errnoOf(caught);
    if (errno !== "EAGAIN" && errno !== "EINTR") gone = true;
  };
  /**
   * With VMIN 0 a hang-up reads as "nothing" for ever, but Linux answers a write of no bytes with EIO (tried with a closed pty
   * and with TIOCVHANGUP, which is what an unplug does). Asked for with the reads instead of waited for: a poller would hold the
   * process, and is what is never freed.
   */
  const askLine = (): void => {
    if (fd === undefined || gone || performance.now() - checked < HANGUP_CHECK) return;
    checked = performance.now();
    try {
      writeSync(fd, buffer, 0, 0);
    } catch (caught) {
      lost(caught);
    }
  };
  return {
    get gone() {
      askLine();
      return gone;
    },
    read: (limit) => {
      const most = Math.min(limit, READ_MAX);
      let held = 0;
      try {
        while (fd !== undefined && !gone && held < most) {
          const got = readSync(fd, buffer, held, most - held, null);
          held += got;
          if (got < READ_FULL) break;
        }
      } catch (caught) {
        lost(caught);
      }
      return buffer.slice(0, held);
    },
    write: (bytes) => {
      if (fd === undefined || gone) return false;
      if (bytes.length === 0) return true;
      try {
        return writeSync(fd, bytes) === bytes.length;
      } catch (caught) {
        lost(caught);
        return false;
      }
    },
    close: () => {
      const last = fd;
      fd = undefined;
      if (last !== undefined) closing = closeLine(last, line).then(() => held.release());
      return closing ?? Promise.resolve();
    },
  };
}

async function closeLine(fd: number, line: LineSettings): Promise<void> {
  // Linux waits up to 30 s for what a device that withholds CTS has not taken.
  if (line.modemLines === "rtscts") await (await addon()).asyncFlush(fd).catch(() => undefined);
  // Closed is closed, also where the kernel complains (EIO after an unplug): there is nobody who could do better.
  await new Promise<void>((closed) => closeFile(fd, () => closed()));
}

async function openLine(path: string, line: LineSettings): Promise<number> {
  const { asyncOpen, asyncFlush } = await addon();
  const fd = await asyncOpen(path, {
    path,
    ...FORMATS[line.format],
    baudRate: line.speed,
    rtscts: line.modemLines === "rtscts",
    xon: false,
    xoff: false,
    xany: false,
    hupcl: false,
    lock: true,
    vmin: 0,
    vtime: 0,
  }).catch((caught: unknown) => {
    throw lineFault(path, caught);
  });
  try {
    // What came until now is from before. At a standard speed the add-on has discarded it within its open; doing it again from
    // here would discard what came since, and that is the device speaking (tens of milliseconds of it while the agent starts).
    if (!FLUSHED_BY_OPEN.has(line.speed)) await asyncFlush(fd);
    return fd;
  } catch (caught) {
    await new Promise<void>((closed) => closeFile(fd, () => closed()));
    throw lineFault(path, caught);
  }
}

/** The add-on's table of standard speeds; at any other it opens without discarding. */
const FLUSHED_BY_OPEN: ReadonlySet<number> = new Set([
  50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 500_000, 576_000,
  921_600, 1_000_000, 1_152_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000,
]);

const FORMATS = {
  "8N1": { dataBits: 8, parity: "none", stopBits: 1 },
  "8N2": { dataBits: 8, parity: "none", stopBits: 2 },
  "8E1": { dataBits: 8, parity: "even", stopBits: 1 },
  "8O1": { dataBits: 8, parity: "odd", stopBits: 1 },
  "7E1": { dataBits: 7, parity: "even", stopBits: 1 },
} as const;

type AddOn = {
  asyncOpen(path: string, options: object): Promise<number>;
  asyncFlush(fd: number): Promise<void>;
};
/** Loaded with the first port. */
const addon = async (): Promise<AddOn> => (await import("@serialport/bindings-cpp/dist/load-bindings.js")) as unknown as AddOn;

type DeviceNode = { readonly device: bigint; readonly inode: bigint; readonly name: string };

/** Opens nothing: an open may reset the device on the line, or wait. */
async function lookAt(path: string): Promise<DeviceNode> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isCharacterDevice()) throw new Fault("port.not_a_tty", `${path} is no serial port`, { path });
    await allowed(path, Number(found.ctimeMs));
    return { device: found.dev, inode: found.ino, name: `${found.dev}:${found.ino}` };
  } catch (caught) {
    throw lineFault(path, caught);
  }
}

/** Whether the right is there, or comes while the node is young. Throws EACCES. */
async function allowed(path: string, made: number): Promise<void> {
  const may = (): Promise<void> => access(path, constants.R_OK | constants.W_OK);
  for (let waited = Math.max(0, Date.now() - made); waited < NODE_YOUNG; waited += NODE_LOOK_AGAIN) {
    if (
      await may()
        .then(() => true)
        .catch(() => false)
    )
      return;
    await pause(NODE_LOOK_AGAIN);
  }
  await may();
}

const inUse = (path: string, by: string): Fault => new Fault("port.in_use", `${path} is in use by ${by}`, { path });
/** EBUSY tells of a program that wants the port for itself (TIOCEXCL), and not which. */
const whoHas = (path: string): string => openHolders(path).map(holderText).join(" and ") || "another program";

/** The add-on tells no errno, only the C library's English words. */
const WORDS: readonly (readonly [words: string, errno: string])[] = [
  ["No such file or directory", "ENOENT"],
  ["No such device or address", "ENXIO"],
  ["No such device", "ENODEV"],
  ["Permission denied", "EACCES"],
  ["Operation not permitted", "EPERM"],
  ["Device or resource busy", "EBUSY"],
  ["Resource temporarily unavailable", "EAGAIN"],
  ["Inappropriate ioctl for device", "ENOTTY"],
];

function lineFault(path: string, caught: unknown): Fault {
  if (caught instanceof Fault) return caught;
  const errno = errnoOf(caught);
  const said = caught instanceof Error ? caught.message : String(caught);
  const { key, fact } = meaning(errno);
  if (key === "port.in_use") return inUse(path, whoHas(path));
  return new Fault(key, `${path} ${fact} (${errno ?? said})`, { path }, { cause: caught });
}

function meaning(errno: string | undefined): { readonly key: FaultKey; readonly fact: string } {
  switch (errno) {
    case "ENOENT":
    case "ENXIO":
    case "ENODEV":
    case "ENOTDIR":
      return { key: "port.missing", fact: "does not exist" };
    case "EACCES":
    case "EPERM":
      return { key: "port.denied", fact: "may not be opened by this user" };
    case "EBUSY":
    case "EAGAIN":
      return { key: "port.in_use", fact: "is in use by another program" };
    case "ENOTTY":
      return { key: "port.not_a_tty", fact: "is no serial port" };
    default:
      return { key: "port.open_failed", fact: "cannot be opened" };
  }
}

function errnoOf(caught: unknown): string | undefined {
  if (!(caught instanceof Error)) return undefined;
  if ("code" in caught && typeof caught.code === "string") return caught.code;
  return WORDS.find(([words]) => caught.message.includes(words))?.[1];
}
