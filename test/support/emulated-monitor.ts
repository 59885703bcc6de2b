import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { Milliseconds } from "../../config/units.ts";
import type { Emulator, Unit } from "../../drivers/kit/emulator.ts";
import { datagramsIn, frameOf } from "../../drivers/philips-intellivue/emulator-frame.ts";

/** What a network does with one datagram. "late": it leaves behind the next one that passes. */
export type Fate = "passes" | "lost" | "twice" | "late";
/** What the monitor sent, and what the network did with it. `left`: it was on its way, once at least. */
export type Sending = { readonly bytes: Uint8Array; readonly unit: Unit | undefined; readonly fate: Fate };

/** An emulated IntelliVue on the LAN, at an address of this machine: its messages as datagrams, to whoever spoke to it last. */
export type EmulatedMonitor = {
  /** "127.0.0.1:40123" */
  readonly address: string;
  readonly sent: readonly Sending[];
  readonly heard: readonly Uint8Array[];
  /** Who spoke to it last. */
  readonly client: () => RemoteInfo | undefined;
  /** The cable is out: it neither sends nor hears, and lives on. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly stop: () => Promise<void>;
};
export type EmulatedMonitorOptions<S> = {
  readonly emulator: Emulator<S>;
  readonly seed: number;
  /** By the number of the datagram, from 0; where it says nothing all pass. */
  readonly fate?: (n: number, bytes: Uint8Array) => Fate;
  readonly onSent?: (bytes: Uint8Array) => void;
  readonly onHeard?: (bytes: Uint8Array) => void;
  readonly onFault?: (what: string) => void;
};

export async function startEmulatedMonitor<S>(options: EmulatedMonitorOptions<S>): Promise<EmulatedMonitor> {
  const { emulator, fate = () => "passes" } = options;
  const socket = createSocket("udp4");
  const sent: Sending[] = [];
  const heard: Uint8Array[] = [];
  const switchedOn = process.hrtime.bigint();
  let state = emulator.start(options.seed);
  let client: RemoteInfo | undefined;
  let late: Uint8Array[] = [];
  let on = true;
  let timer: NodeJS.Timeout | undefined;

  const leave = (bytes: Uint8Array): void => {
    if (client === undefined) return;
    socket.send(bytes, client.port, client.address);
    options.onSent?.(bytes);
  };
  const send = (bytes: Uint8Array, unit: Unit | undefined): void => {
    const what = on ? fate(sent.length, bytes) : "lost";
    sent.push({ bytes, unit, fate: what });
    if (what === "lost") return;
    if (what === "late") {
      late.push(bytes);
      return;
    }
    const before = late;
    late = [];
    for (const one of [bytes, ...(what === "twice" ? [bytes] : []), ...before]) leave(one);
  };
  const turn = (bytes: Uint8Array): void => {
    const result = emulator.step(state, bytes, Milliseconds(Number(process.hrtime.bigint() - switchedOn) / 1e6));
    state = result.state;
    // A frame that a fault has damaged is none, so that nothing leaves in its place.
    for (const { bytes: frames, unit } of result.sends) for (const datagram of datagramsIn(frames)) send(datagram, unit);
    for (const what of result.did ?? []) options.onFault?.(what);
    clearTimeout(timer);
    timer = setTimeout(turn, Math.max(1, Math.ceil(result.next)), new Uint8Array());
  };
  socket.on("message", (bytes, from) => {
    if (!on) return;
    client = from;
    heard.push(new Uint8Array(bytes));
    options.onHeard?.(bytes);
    turn(frameOf(bytes));
  });
  // Nobody is at the client's port any more.
  socket.on("error", () => undefined);
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  turn(new Uint8Array());
  return {
    address: `127.0.0.1:${socket.address().port}`,
    sent,
    heard,
    client: () => client,
    pause: () => {
      on = false;
    },
    resume: () => {
      on = true;
    },
    stop: async () => {
      clearTimeout(timer);
      await new Promise<void>((closed) => socket.close(() => closed()));
    },
  };
}
