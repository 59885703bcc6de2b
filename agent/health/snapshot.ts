import { type Bytes, type Duration, elapsed, type Mono } from "../../config/units.ts";
import { encodeHealth } from "../../proto/codec.ts";
import type { Judged } from "../admission/inventory.ts";
import type { Conditions } from "../alerts/edges.ts";
import type { Unread } from "../effects/effects.ts";
import type { FaultKey } from "../fault/fault.ts";
import type { ClockReading, Lane } from "../model/model.ts";
import type { DeviceOffset } from "../session/device-clock.ts";
import type { NodeView } from "../session/nodes.ts";
import type { SessionView } from "../session/session.ts";
import type { LaneLedger, SpoolSizes } from "../spool/spool.ts";
import type { Self } from "../uplink/birth.ts";
import type { UplinkView } from "../uplink/uplink.ts";
import { wireClock } from "../wire/heads.ts";
import { type DeviceLedgers, tracesOf, unexplained, wireLedger } from "./ledger.ts";

/** Everything that health and status tell, taken at one instant. */
export type Snapshot = {
  readonly self: Self;
  readonly uptime: Duration;
  readonly clock: ClockReading;
  readonly ledger: Readonly<Record<Lane, LaneLedger>>;
  /** Counted when it is asked for. */
  readonly deviceLedgers: () => DeviceLedgers;
  readonly spool: SpoolSizes;
  readonly degraded: boolean;
  readonly window: Duration;
  readonly memory: { readonly resident: Bytes; readonly free: Bytes };
  readonly faults: readonly { readonly scope: string; readonly key: FaultKey; readonly number: string; readonly text: string }[];
  readonly sessions: readonly SessionView[];
  readonly ports: readonly Judged[];
  readonly uplink: UplinkView;
};

export function encodeHealthOf(snapshot: Snapshot, connection: number): Uint8Array {
  const { self, uptime, clock, ledger, spool, degraded, window, memory, faults, sessions } = snapshot;
  return encodeHealth({
    gateway: self.gateway,
    run: self.run,
    startCount: self.startCount,
    connection,
    uptimeMs: Math.round(uptime),
    clock: wireClock(clock),
    ledger: wireLedger(ledger),
    spool: { ringBytes: spool.ring, flashBytes: spool.flash, flashWrittenBytes: spool.written, windowMs: Math.round(window), degraded },
    residentBytes: memory.resident,
    hostFreeBytes: memory.free,
    faults: [...new Set(faults.map((fault) => fault.key))],
    ports: sessions.map(({ port, counts, pending }) => ({
      location: port.location,
      bytes: counts.bytes,
      frames: counts.frames,
      framed: counts.framed,
      discarded: counts.discarded,
      pending,
    })),
  });
}

/** The answer of `bedside status --json`; its shape is part of the command's contract. */
export function statusOf(snapshot: Snapshot, now: Mono) {
  const { self, uptime, clock, ledger, spool, degraded, window, memory, faults, sessions, ports, uplink } = snapshot;
  return {
    gateway: self.gateway,
    version: self.version,
    run: self.run.toString(16).padStart(16, "0"),
    start: self.startCount,
    uptimeSeconds: Math.round(uptime / 1000),
    time: new Date(clock.wall).toISOString(),
    clock: clock.quality,
    uplink: {
      phase: uplink.phase,
      connection: uplink.connection,
      seconds: Math.round(elapsed(uplink.since, now) / 1000),
      inFlight: uplink.inFlight,
      because: uplink.because,
      nextAttemptSeconds: uplink.nextAttempt === undefined ? undefined : Math.max(0, Math.ceil(elapsed(now, uplink.nextAttempt) / 1000)),
    },
    ledger,
    unexplained: unexplained(ledger),
    /** What became of each device's records; the gateway's own under its id. At most one more than DEVICES_MAX. */
    traces: tracesOf(snapshot.deviceLedgers(), self.gateway),
    spool: {
      ringBytes: spool.ring,
      flashBytes: spool.flash,
      flashWrittenBytes: spool.written,
      sizeBytes: spool.size,
      usedBytes: spool.used,
      ...roomOf(spool),
      windowMs: window,
      degraded,
    },
    memory,
    faults,
    ports: ports.map(({ port: { path, location, hardware, facts }, verdict }) => ({ path, location, hardware, facts, verdict })),
    devices: sessions.map(
      ({ device, socket, contested, driver, phase, epoch, since, facts, conditions, clock, nodes, counts, pending, unread, port }) => ({
        device,
        socket,
        contested,
        driver,
        location: port.location,
        path: port.path,
        phase: phase === "ended" ? ("unplugged" as const) : phase,
        epoch,
        seconds: Math.round(elapsed(since, now) / 1000),
        facts,
        conditions: present(conditions),
        clock: clock && clockOf(clock),
        nodes: nodes.map((one) => nodeOf(one, now)),
        counts: { ...counts, pending, ...told(unread) },
      }),
    ),
  };
}
const told = (unread: Unread): { readonly unread?: Unread } => (unread.strangers.packets + unread.overrun.packets === 0 ? {} : { unread });
/** How long what is free would take what comes if no broker answered; nothing while the rate is not known, or is none. */
function roomOf({ size, used, fillRate }: SpoolSizes): { readonly fillBytesPerSecond?: number; readonly roomHours?: number } {
  if (fillRate === undefined) return {};
  const fillBytesPerSecond = Math.round(fillRate);
  return fillRate <= 0 ? { fillBytesPerSecond } : { fillBytesPerSecond, roomHours: Math.max(0, size - used) / fillRate / 3600 };
}
const nodeOf = ({ node, epoch, since, facts, conditions }: NodeView, now: Mono) => ({
  node,
  epoch,
  seconds: Math.round(elapsed(since, now) / 1000),
  facts,
  conditions: present(conditions),
});
/** Of a device: how far it is ahead of UTC as this box believed it then, and how good that was. No zone is known. */
const clockOf = ({ offset, bound, against: { wall, quality } }: DeviceOffset) => ({
  offsetMs: Math.round(offset),
  boundMs: Math.ceil(bound),
  at: new Date(wall).toISOString(),
  against: quality.known,
});
const present = (conditions: Conditions) =>
  [...conditions.values()].filter((one) => one.present).map((one) => ({ refid: one.metric.refid, word: one.word }));
export type Status = ReturnType<typeof statusOf>;
