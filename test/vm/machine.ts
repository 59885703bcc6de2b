import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Image } from "./image.ts";

/** A gateway that is emulated down to its processor, with a kernel and a systemd of its own. */
export type Machine = {
  /** Runs a shell script as root. Throws where it takes longer than `seconds`; what it said is stdout and stderr together. */
  readonly run: (script: string, seconds?: number) => Promise<{ readonly code: number; readonly said: string }>;
  /** The same, and an exit code other than 0 throws. */
  readonly must: (script: string, seconds?: number) => Promise<string>;
  /** Plugs a USB serial adapter (FTDI 0403:6001) into a socket; what is written to the returned stream comes out of it. */
  readonly plug: (adapter: { readonly id: string; readonly serial: string; readonly socket: number }) => Promise<Socket>;
  readonly unplug: (id: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Emulated, on a busy machine. */
const BOOT_MAX_MS = 300_000;
const RUN_MAX_S = 60;
const MEMORY_MIB = 1024;

/** Boots; what it writes to its disk is forgotten. Always by emulation: a /dev/kvm that is there need not work. */
export async function bootMachine(image: Image, cargo: string): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), "bedside-vm-"));
  const at = (name: string): string => join(folder, name);
  const control = await listen(at("ctl"));
  const monitor = await listen(at("qmp"));
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...words(image, cargo, at)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const died = once(child, "exit").then(([code, signal]) => {
    throw new Error(`The machine ended (${String(code ?? signal)}): ${complaint}\n${lastOf(at("console"))}`);
  });
  died.catch(() => undefined);
  const [lab, qmp] = await Promise.race([Promise.all([accept(control), accept(monitor)]), died]);
  const answers = lines(lab);
  const told = lines(qmp);
  const command = async (execute: string, args: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    qmp.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    for (;;) {
      const answer = JSON.parse(await Promise.race([told.next(), died])) as { return?: unknown; error?: { desc: string } };
      if (answer.error !== undefined) throw new Error(`${execute}: ${answer.error.desc}`);
      if (answer.return !== undefined) return;
    }
  };
  await command("qmp_capabilities");
  await within(BOOT_MAX_MS, Promise.race([answers.next(), died]), () => `The machine does not come up\n${lastOf(at("console"))}`);

  const run: Machine["run"] = async (script, seconds = RUN_MAX_S) => {
    lab.write(`${Buffer.from(script).toString("base64")}\n`);
    const line = await within(
      seconds * 1000,
      Promise.race([answers.next(), died]),
      () => `Not within ${seconds} s: ${script}\n${lastOf(at("console"))}`,
    );
    const [code = "", said = ""] = line.split(" ");
    return { code: Number(code), said: Buffer.from(said, "base64").toString("utf8") };
  };
  return {
    run,
    must: async (script, seconds) => {
      const { code, said } = await run(script, seconds);
      if (code !== 0) throw new Error(`${script}\nended with ${code}:\n${said}`);
      return said;
    },
    plug: async ({ id, serial, socket }) => {
      const server = await listen(at(id));
      const data = { type: "unix", data: { path: at(id) } };
      const connected = accept(server);
      await command("chardev-add", { id: `line-${id}`, backend: { type: "socket", data: { addr: data, server: false } } });
      const stream = await connected;
      server.close();
      await command("device_add", { driver: "usb-serial", id, serial, chardev: `line-${id}`, bus: "usb.0", port: String(socket) });
      return stream;
    },
    unplug: async (id) => {
      await command("device_del", { id });
    },
    stop: async () => {
      await end(child);
      for (const one of [control, monitor]) one.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const words = (image: Image, cargo: string, at: (name: string) => string): string[] => [
  ...["-M", "q35", "-accel", "tcg", "-cpu", "max", "-m", String(MEMORY_MIB), "-nodefaults", "-display", "none"],
  ...["-kernel", image.kernel, "-initrd", image.initrd],
  ...["-append", "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0"],
  ...["-drive", `file=${image.root},format=raw,if=virtio,snapshot=on`],
  ...["-drive", `file=${cargo},format=raw,if=virtio,readonly=on`],
  ...["-serial", `file:${at("console")}`, "-qmp", `unix:${at("qmp")}`],
  ...["-device", "virtio-serial-pci", "-chardev", `socket,id=ctl,path=${at("ctl")}`],
  ...["-device", "virtserialport,chardev=ctl,name=ctl", "-device", "virtio-rng-pci"],
  ...["-device", "qemu-xhci,id=usb,p2=8,p3=8"],
];

async function listen(path: string): Promise<Server> {
  const server = createServer({ pauseOnConnect: false });
  server.listen(path);
  await once(server, "listening");
  return server;
}

async function accept(server: Server): Promise<Socket> {
  const [socket] = (await once(server, "connection")) as [Socket];
  socket.on("error", () => socket.destroy());
  return socket;
}

/** Lines as they come; one waits at a time. */
function lines(socket: Socket): { next(): Promise<string> } {
  const waiting: string[] = [];
  const wanted: ((line: string) => void)[] = [];
  let rest = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      const want = wanted.shift();
      if (want === undefined) waiting.push(line);
      else want(line);
    }
  });
  return {
    next: () => {
      const line = waiting.shift();
      return line === undefined ? new Promise((resolve) => wanted.push(resolve)) : Promise.resolve(line);
    },
  };
}

async function within<T>(ms: number, what: Promise<T>, said: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error(said())), ms);
  });
  try {
    return await Promise.race([what, late]);
  } finally {
    clearTimeout(timer);
  }
}

const lastOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8").slice(-4000);
  } catch {
    // Before the first line there is no file.
    return "";
  }
};

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
