import { decodeHealth, decodePresence, decodeReported, decodeSignedDocument } from "../../proto/codec.ts";
import { CLOCK_QUALITY, DEATH_CAUSE, type Health, type Presence, type Reported, type SignedDocument } from "../../proto/messages.ts";
import { KINDS, type Kind } from "../envelope/envelope.ts";

/** What the broker has told of one gateway. Pure: made anew by `hear` from what was known and one message. */
export type GatewayView = {
  readonly gateway: string;
  readonly presence?: { readonly said: Presence; readonly at: number; readonly retained: boolean };
  readonly health?: { readonly said: Health; readonly at: number; readonly retained: boolean };
  readonly reported: Readonly<Partial<Record<Kind, Reported>>>;
  /** What stands retained on its down topics. */
  readonly standing: Readonly<Partial<Record<Kind, SignedDocument>>>;
  /** Messages that could not be believed, the latest of each topic. */
  readonly strange: Readonly<Record<string, string>>;
};
export type Message = {
  readonly leaf: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  /** Monotonic milliseconds. */
  readonly at: number;
};

/** A gateway tells at most 32 findings. What is beyond these limits is not looked at, and that is told. */
export const REFUSALS_MAX = 64;
/** Devices and ports of one gateway. */
export const DEVICES_MAX = 1_024;
export const FAULTS_MAX = 256;

const ROOT = "bedside/v1/";
export const LEAVES = ["up/birth", "up/health", ...KINDS.flatMap((kind) => [`up/reported/${kind}`, `down/desired/${kind}`])];
export const topicOf = (gateway: string, leaf: string): string => `${ROOT}${gateway}/${leaf}`;
export function splitTopic(topic: string): { readonly gateway: string; readonly leaf: string } | undefined {
  if (!topic.startsWith(ROOT)) return undefined;
  const rest = topic.slice(ROOT.length);
  const at = rest.indexOf("/");
  return at < 1 ? undefined : { gateway: rest.slice(0, at), leaf: rest.slice(at + 1) };
}

export const unheard = (gateway: string): GatewayView => ({ gateway, reported: {}, standing: {}, strange: {} });

/** The topic is pinned to the certificate by the broker; what a message says of itself counts only where it says the same. */
export function hear(view: GatewayView, message: Message): GatewayView {
  const { leaf, payload } = message;
  const kind = KINDS.find((one) => leaf.endsWith(`/${one}`));
  if (leaf === "up/birth") return hearPresence(view, message);
  if (leaf === "up/health") return hearHealth(view, message);
  if (kind === undefined) return view;
  if (leaf.startsWith("down/")) {
    if (payload.length === 0) return { ...view, standing: without(view.standing, kind) };
    const document = decodeSignedDocument(payload);
    return document === undefined
      ? strange(view, leaf, "no signed document")
      : { ...view, standing: { ...view.standing, [kind]: document } };
  }
  if (payload.length === 0) return { ...view, reported: without(view.reported, kind) };
  const reported = decodeReported(payload);
  if (reported === undefined) return strange(view, leaf, "no report");
  if (reported.gateway !== view.gateway) return strange(view, leaf, `speaks for another gateway, "${reported.gateway}"`);
  if (reported.kind !== kind) return strange(view, leaf, `speaks of another kind, "${reported.kind}"`);
  const refusals = reported.refusals.slice(0, REFUSALS_MAX);
  const heard = { ...view, reported: { ...view.reported, [kind]: { ...reported, refusals } } };
  return beyond(heard, leaf, { refusals: [reported.refusals.length, REFUSALS_MAX] });
}

function hearPresence(view: GatewayView, { leaf, payload, at, retain }: Message): GatewayView {
  const said = payload.length === 0 ? undefined : decodePresence(payload);
  if (said === undefined) return payload.length === 0 ? forget(view) : strange(view, leaf, "no birth");
  if (said.gateway !== view.gateway) return strange(view, leaf, `speaks for another gateway, "${said.gateway}"`);
  if (said.state.kind === "unknown") return strange(view, leaf, "neither birth nor death");
  if (isLate(said, view)) return view;
  if (said.state.kind === "death") return { ...view, presence: { said, at, retained: retain } };
  const { birth } = said.state;
  const bounded = { ...birth, devices: birth.devices.slice(0, DEVICES_MAX), ports: birth.ports.slice(0, DEVICES_MAX) };
  const heard = { ...view, presence: { said: { ...said, state: { kind: "birth", birth: bounded } as const }, at, retained: retain } };
  return beyond(heard, leaf, { devices: [birth.devices.length, DEVICES_MAX], ports: [birth.ports.length, DEVICES_MAX] });
}

function hearHealth(view: GatewayView, { leaf, payload, at, retain }: Message): GatewayView {
  const said = payload.length === 0 ? undefined : decodeHealth(payload);
  if (said === undefined) return payload.length === 0 ? view : strange(view, leaf, "no health");
  if (said.gateway !== view.gateway) return strange(view, leaf, `speaks for another gateway, "${said.gateway}"`);
  const { faults = [] } = said;
  const heard = { ...view, health: { said: { ...said, faults: faults.slice(0, FAULTS_MAX) }, at, retained: retain } };
  return beyond(heard, leaf, { faults: [faults.length, FAULTS_MAX] });
}

/** A death of an older connection than one that is known: the broker sent the will late. A birth is always news. */
function isLate(said: Presence, { presence, health }: GatewayView): boolean {
  if (said.state.kind !== "death") return false;
  if (health?.said.run === said.run && said.connection < health.said.connection) return true;
  const known = presence?.said;
  if (known === undefined) return false;
  return known.run === said.run ? said.connection < known.connection : said.startCount < known.startCount;
}

const strange = (view: GatewayView, leaf: string, what: string): GatewayView => ({ ...view, strange: { ...view.strange, [leaf]: what } });
/** Told where there are more of something than are looked at. */
function beyond(view: GatewayView, leaf: string, counts: Readonly<Record<string, readonly [number, number]>>): GatewayView {
  const over = Object.entries(counts).filter(([, [count, max]]) => count > max);
  if (over.length === 0) return view;
  return strange(view, leaf, over.map(([what, [count, max]]) => `${count} ${what}; the first ${max} are looked at`).join(", "));
}
const forget = ({ presence: _presence, ...rest }: GatewayView): GatewayView => rest;
const without = <T>(all: Readonly<Partial<Record<Kind, T>>>, kind: Kind): Readonly<Partial<Record<Kind, T>>> =>
  Object.fromEntries(Object.entries(all).filter(([key]) => key !== kind));

// ── Presence ──

/** A gateway without health for so long is not heard (proto/README, Presence). */
export const SILENT_AFTER = 30_000;
/** A clock may be so much ahead of ours. */
const AHEAD_MAX = 5_000;

export type Standing = {
  /** off: it said so, or its connection broke · silent: no health · unheard: it was never there, or the broker forgot. */
  readonly is: "present" | "off" | "silent" | "unheard";
  /** False: listening longer may show otherwise. */
  readonly certain: boolean;
  readonly detail: string;
  /** Milliseconds; undefined where nobody knows. */
  readonly healthAge: number | undefined;
};
export type Moment = { readonly mono: number; readonly wall: number /** Monotonic, since when we listen. */; readonly since: number };

/** Presence = birth + age of health; a death counts unless something younger speaks against it. */
export function standingOf(view: GatewayView, now: Moment): Standing {
  const { presence, health } = view;
  const listened = now.mono - now.since;
  const healthAge = ageOf(view, now);
  if (presence === undefined && health === undefined)
    return { is: "unheard", certain: true, detail: "the broker holds nothing of it", healthAge };
  const death = presence?.said.state.kind === "death" ? presence.said.state.death : undefined;
  if (death !== undefined && !outlived(view)) {
    const detail = death.cause === DEATH_CAUSE.stopped ? "was stopped" : "its connection broke";
    // Another run's health, and a fresh one: this death may be the late will of the run before.
    const doubt = health !== undefined && health.said.run !== presence?.said.run && (healthAge ?? 0) <= SILENT_AFTER;
    return { is: "off", certain: !doubt || listened >= SILENT_AFTER, detail, healthAge };
  }
  const bornLately = presence !== undefined && !presence.retained && now.mono - presence.at <= SILENT_AFTER;
  if ((healthAge !== undefined && healthAge < SILENT_AFTER) || bornLately) return { is: "present", certain: true, detail: "", healthAge };
  const detail = healthAge === undefined ? "the age of its health is not known" : `no health for ${Math.round(healthAge / 1000)} s`;
  return { is: "silent", certain: listened >= SILENT_AFTER, detail, healthAge };
}

/** By our clock where it came live; else by the gateway's own, where that is set by a source of time. */
function ageOf({ health }: GatewayView, { mono, wall, since }: Moment): number | undefined {
  if (health === undefined) return undefined;
  if (!health.retained) return mono - health.at;
  const { clock } = health.said;
  const age = clock === undefined || clock.quality < CLOCK_QUALITY.holdover ? undefined : wall - clock.utcUs / 1000;
  const heardFor = mono - since;
  if (age === undefined || age < -AHEAD_MAX) return heardFor >= SILENT_AFTER ? heardFor : undefined;
  return Math.max(0, age);
}

/** Health that came after the death, or of a younger connection of the same run. */
function outlived({ presence, health }: GatewayView): boolean {
  if (presence === undefined || health === undefined) return false;
  if (health.said.run === presence.said.run) return health.said.connection > presence.said.connection;
  return !health.retained && health.at > presence.at;
}
