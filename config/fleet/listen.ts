import type { Credentials, Effects, Session } from "./effects.ts";
import { readSecret } from "./secret.ts";
import type { Site } from "./site.ts";
import { Trouble } from "./trouble.ts";
import { type GatewayView, hear, LEAVES, type Moment, type Standing, splitTopic, standingOf, topicOf, unheard } from "./view.ts";

/** Ears on the broker for some gateways. */
export type Ear = {
  readonly gateways: readonly string[];
  view(gateway: string): GatewayView;
  standing(gateway: string): Standing;
  /** Messages heard so far. */
  heard(): number;
  /** Publishes retained; the PUBACK's reason code. */
  publish(gateway: string, leaf: string, payload: Uint8Array): Promise<number>;
  readonly window: number;
  /** True as soon as it holds; false when the time is over. Throws Trouble when the connection ends or somebody interrupts. */
  until(holds: () => boolean, ms: number): Promise<boolean>;
  end(): void;
};

const CONNECT_WITHIN = 15_000;
const LOOK_EVERY = 50;
const FILTERS_EACH = 200;
const REFUSED = 0x80;
/** What the broker holds has come when a message of our own came back behind it, and then nothing for so long. */
const QUIET_AFTER_ROUND = 150;
/** The same where this operator may not write. */
const QUIET_ALONE = 1_000;
const SETTLE_MAX = 20_000;
/** Nothing at all for so long, not even our own message: nothing is delivered. */
const DEAF_AFTER = 3_000;
/** No gateway's name begins so, so that no gateway hears it; among the topics that who pushes may write. */
const ROUND_TRIP = "bedside/v1/-fleet/down/";

/** Connects and hears what the broker holds of these gateways. Throws Trouble `broker.…`. */
export async function listen(fx: Effects, site: Site, gateways: readonly string[]): Promise<Ear> {
  const { host, port, ...files } = site.broker;
  const credentials = {
    host,
    port,
    ca: read(fx, files.ca),
    cert: read(fx, files.cert),
    key: readSecret(fx, files.key, "broker.credentials"),
  };
  const round: RoundTrip = { topic: ROUND_TRIP + fx.nonce(), sent: false, back: false };
  try {
    return await hearAll(fx, { credentials, gateways, round });
  } catch (caught) {
    // Some brokers end the session for a message that they refuse (HiveMQ): then we come back without sending one.
    if (!round.sent || round.back || !(caught instanceof Trouble) || caught.key !== "broker.lost") throw caught;
    return await hearAll(fx, { credentials, gateways, round: undefined });
  }
}

/** A message of our own that comes back proves that all has come before it; who may only read cannot send one. */
type RoundTrip = { readonly topic: string; sent: boolean; back: boolean };
type Hearing = { readonly credentials: Credentials; readonly gateways: readonly string[]; readonly round: RoundTrip | undefined };

async function hearAll(fx: Effects, { credentials, gateways, round }: Hearing): Promise<Ear> {
  const views = new Map(gateways.map((gateway) => [gateway, unheard(gateway)]));
  const since = fx.mono();
  const state = { heard: 0, lastAt: since, retainedAt: since };
  const session = await fx.connect(credentials, CONNECT_WITHIN, (topic, payload, retain) => {
    if (round !== undefined && topic === round.topic) round.back = true;
    const split = splitTopic(topic);
    const view = split === undefined ? undefined : views.get(split.gateway);
    if (split === undefined || view === undefined) return;
    state.heard += 1;
    state.lastAt = fx.mono();
    if (retain) state.retainedAt = state.lastAt;
    views.set(split.gateway, hear(view, { leaf: split.leaf, payload, retain, at: state.lastAt }));
  });
  const ear = earOf(fx, { session, views, gateways, since, heard: () => state.heard });
  try {
    const own = round === undefined ? [] : [round.topic];
    await subscribe(session, [...own, ...gateways.flatMap((gateway) => LEAVES.map((leaf) => topicOf(gateway, leaf)))]);
    await settle(fx, { session, ear, round, last: () => state });
    return ear;
  } catch (caught) {
    ear.end();
    throw caught;
  }
}

const read = (fx: Effects, path: string): Uint8Array => fx.read(path, "broker.credentials");

async function subscribe(session: Session, filters: readonly string[]): Promise<void> {
  for (let at = 0; at < filters.length; at += FILTERS_EACH) {
    const some = filters.slice(at, at + FILTERS_EACH);
    const codes = await session.subscribe(some);
    const refused = codes.findIndex((code) => code >= REFUSED);
    if (refused >= 0)
      throw new Trouble(
        "broker.forbidden",
        `The broker does not let "${session.operator}" read ${some[refused]} (0x${codes[refused]?.toString(16)})`,
      );
  }
}

type Settling = {
  readonly session: Session;
  readonly ear: Ear;
  readonly round: RoundTrip | undefined;
  /** When a message of a gateway came last, and when one that the broker held. */
  readonly last: () => { readonly lastAt: number; readonly retainedAt: number };
};

/** A broker may grant a subscription and then deliver nothing: only what came back is proved. */
async function settle(fx: Effects, { session, ear, round, last }: Settling): Promise<void> {
  const writes = round !== undefined && (await send(session, round));
  const sentAt = fx.mono();
  const deaf = (): boolean => fx.mono() - Math.max(sentAt, last().lastAt) >= DEAF_AFTER;
  if (writes) await ear.until(() => round.back || deaf(), SETTLE_MAX);
  if (writes && !round.back)
    throw new Trouble("broker.forbidden", `The broker took the subscriptions of "${session.operator}", but delivers nothing`);
  const from = fx.mono();
  const quiet = writes ? QUIET_AFTER_ROUND : QUIET_ALONE;
  // In a large fleet somebody always says something: what comes live is not waited for.
  await ear.until(() => fx.mono() - Math.max(from, last().retainedAt) >= quiet, SETTLE_MAX);
  if (!writes && ear.heard() === 0)
    throw new Trouble(
      "broker.forbidden",
      `The broker took the subscriptions of "${session.operator}", but delivered nothing, and does not let it write`,
    );
}

/** False: it may not. */
async function send(session: Session, round: RoundTrip): Promise<boolean> {
  round.sent = true;
  return (await session.publish(round.topic, new Uint8Array([1]), false)) < REFUSED;
}

function earOf(
  fx: Effects,
  known: {
    readonly session: Session;
    readonly views: ReadonlyMap<string, GatewayView>;
    readonly gateways: readonly string[];
    readonly since: number;
    readonly heard: () => number;
  },
): Ear {
  const { session, views, gateways, since } = known;
  const moment = (): Moment => ({ mono: fx.mono(), wall: fx.now(), since });
  const view = (gateway: string): GatewayView => views.get(gateway) ?? unheard(gateway);
  return {
    gateways,
    view,
    standing: (gateway) => standingOf(view(gateway), moment()),
    heard: known.heard,
    window: session.window,
    publish: (gateway, leaf, payload) => session.publish(topicOf(gateway, leaf), payload, true),
    until: async (holds, ms) => {
      const start = fx.mono();
      for (;;) {
        if (fx.interrupted.aborted) throw new Trouble("interrupted", "It was interrupted");
        const ended = session.ended();
        if (ended !== undefined) throw ended;
        if (holds()) return true;
        const left = ms - (fx.mono() - start);
        if (left <= 0) return false;
        await fx.sleep(Math.min(LOOK_EVERY, left));
      }
    },
    end: () => session.end(),
  };
}
