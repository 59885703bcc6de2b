import { microseconds } from "../../config/units.ts";
import { decodePresence, encodePresence } from "../../proto/codec.ts";
import { type Admission, DEATH_CAUSE, type DeviceState, LIVENESS, VERDICT } from "../../proto/messages.ts";
import type { Judged } from "../admission/inventory.ts";
import type { ClockReading, RunId } from "../model/model.ts";
import { wireDevice } from "../session/epochs.ts";
import type { NodeView } from "../session/nodes.ts";
import type { SessionView } from "../session/session.ts";
import { bootIdBytes, wireClock, wireDeviceClock } from "../wire/heads.ts";
import { activeCondition } from "../wire/records.ts";

/** Who this gateway is, for every message of state. */
export type Self = {
  readonly gateway: string;
  readonly run: RunId;
  readonly startCount: number;
  readonly version: string;
  readonly bootId: string;
  readonly description: string | undefined;
};

export function encodeBirth(
  self: Self,
  now: {
    readonly connection: number;
    readonly nonce: Uint8Array;
    readonly clock: ClockReading;
    readonly sessions: readonly SessionView[];
    readonly ports: readonly Judged[];
  },
): Uint8Array {
  const { gateway, run, startCount, version, bootId, description } = self;
  return encodePresence({
    gateway,
    run,
    startCount,
    connection: now.connection,
    state: {
      kind: "birth",
      birth: {
        nonce: now.nonce,
        version,
        bootId: bootIdBytes(bootId),
        clock: wireClock(now.clock),
        devices: now.sessions.flatMap(deviceStates),
        ports: now.ports.map(admission),
        ...(description === undefined ? {} : { description }),
      },
    },
  });
}

export function encodeDeath({ gateway, run, startCount }: Self, connection: number, why: "lost" | "stopped"): Uint8Array {
  return encodePresence({ gateway, run, startCount, connection, state: { kind: "death", death: { cause: DEATH_CAUSE[why] } } });
}

/** The nonce of a birth of this run; undefined where it is another's, a death, or no presence at all. */
export function nonceOf(payload: Uint8Array, run: RunId): Uint8Array | undefined {
  const presence = decodePresence(payload);
  return presence?.run === run && presence.state.kind === "birth" ? presence.state.birth.nonce : undefined;
}

export function admission({ port, verdict }: Judged): Admission {
  const told = { location: port.location, path: port.path, verdict: VERDICT[verdict.is], facts: port.facts };
  if (verdict.is === "allow") return { ...told, rule: String(verdict.rule), reasons: [], device: verdict.device };
  return { ...told, reasons: verdict.reasons, ...decidedBy(verdict) };
}

function decidedBy(verdict: Exclude<Judged["verdict"], { is: "allow" }>): { readonly rule?: string; readonly device?: string } {
  if (verdict.is === "reject") return { rule: String(verdict.rule) };
  return verdict.claims === undefined ? {} : { device: verdict.claims };
}

const LIVENESS_OF = {
  streaming: LIVENESS.streaming,
  proving: LIVENESS.silent,
  quarantined: LIVENESS.quarantined,
  closed: LIVENESS.gone,
  opening: LIVENESS.gone,
  ended: LIVENESS.gone,
};

/** A node, or the port's own device, which has none. */
type Speaking = Omit<NodeView, "node"> & Partial<Pick<SessionView, "clock">> & { readonly node: NodeView["node"] | undefined };

/** The port's own device, and each node below it: nodes with one location hang on one line. */
function deviceStates(view: SessionView): readonly DeviceState[] {
  const { epoch = 0, since, facts, conditions, clock } = view;
  return [{ node: undefined, epoch, since, facts, conditions, clock }, ...view.nodes].map((one) => deviceState(view, one));
}

function deviceState(view: SessionView, { node, epoch, since, facts, conditions, clock }: Speaking): DeviceState {
  const { driver, port } = view;
  const mode = port.hardware ? "real" : "test";
  return {
    device: wireDevice(epoch, { ...view, facts, mode, ...(node === undefined ? {} : { node }) }),
    liveness: LIVENESS_OF[view.phase],
    sinceUs: microseconds(since),
    location: port.location,
    driver,
    facts,
    conditions: [...conditions.values()].filter((condition) => condition.present).map(activeCondition),
    ...(clock === undefined ? {} : { deviceClock: wireDeviceClock(clock) }),
  };
}
