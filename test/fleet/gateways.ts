import { createHash, randomBytes } from "node:crypto";
import { connect, type MqttClient } from "mqtt";
import { type Envelope, KINDS, type Kind, openEnvelope, type TrustedKey } from "../../config/envelope/envelope.ts";
import { type Mark, orderOf } from "../../config/envelope/generation.ts";
import { decodeSignedDocument, encodeHealth, encodePresence, encodeReported } from "../../proto/codec.ts";
import {
  type Birth,
  CLOCK_QUALITY,
  DEATH_CAUSE,
  DOCUMENT_STATUS,
  type Health,
  type Refusal,
  type SignedDocument,
} from "../../proto/messages.ts";
import type { Authority } from "../support/pki.ts";
import { verifyEd25519 } from "../support/signing.ts";

/**
 * Gateways as proto/README describes them, many in one process and without devices: births, wills, health, and signed documents
 * that are verified, ordered and reported. They share nothing with the agent.
 */
export type ProtocolGateway = {
  readonly name: string;
  /** Documents that it runs, by kind. */
  readonly running: ReadonlyMap<Kind, Mark & { readonly envelope: Envelope }>;
  /** Payloads of health, as it would send now; a test may send others. */
  sendHealth(changed?: Partial<Health>): Promise<void>;
  sendBirth(changed?: Partial<Birth>): Promise<void>;
  publish(leaf: string, payload: Uint8Array): Promise<void>;
  /** Messages that it sent and that reached it. */
  count(): { readonly sent: number; readonly heard: number };
  /** Says that it stops, then goes. */
  stop(): Promise<void>;
  /** Goes without a word; the broker sends its will. */
  cut(): void;
};
export type GatewayOptions = {
  readonly name: string;
  readonly port: number;
  readonly pki: Authority;
  readonly keys: readonly TrustedKey[];
  /** obeys · refuses what it is told, with a reason · takes no notice · tries and falls back. */
  readonly manner?: "obeys" | "refuses" | "ignores" | "reverts";
  readonly birth?: Partial<Birth>;
  readonly faults?: readonly string[];
};

const HEALTH_EVERY = 10_000;

export async function startGateway(options: GatewayOptions): Promise<ProtocolGateway> {
  const { name, port, pki, manner = "obeys" } = options;
  const run = randomBytes(8).readBigUInt64BE();
  const who = { gateway: name, run, startCount: 1, connection: 1 };
  const identity = pki.issue({ cn: name, kind: "client" });
  const death = (cause: number): Uint8Array => encodePresence({ ...who, state: { kind: "death", death: { cause } } });
  const topic = (leaf: string): string => `bedside/v1/${name}/${leaf}`;
  const client: MqttClient = connect({
    ...{ protocol: "mqtts", host: "localhost", port, protocolVersion: 5, clean: true, clientId: name, reconnectPeriod: 0, keepalive: 60 },
    ...{ ca: pki.cert, cert: identity.cert, key: identity.key, rejectUnauthorized: true, log: () => undefined },
    will: { topic: topic("up/birth"), payload: Buffer.from(death(DEATH_CAUSE.lost)), qos: 1, retain: true },
  });
  const count = { sent: 0, heard: 0 };
  const running = new Map<Kind, Mark & { readonly envelope: Envelope }>();
  const refused = new Map<Kind, readonly Refusal[]>();
  const started = Date.now();
  const publish = async (leaf: string, payload: Uint8Array): Promise<void> => {
    count.sent += 1;
    await client.publishAsync(topic(leaf), Buffer.from(payload), { qos: 1, retain: true });
  };
  const report = (kind: Kind, status: number): Promise<void> => {
    const { generation = 0, sha256 = "" } = running.get(kind) ?? {};
    const said = { gateway: name, kind, generation, sha256: new Uint8Array(Buffer.from(sha256, "hex")), status };
    return publish(`up/reported/${kind}`, encodeReported({ ...said, refusals: refused.get(kind) ?? [] }));
  };
  const clock = () => ({ monoUs: Math.round(performance.now() * 1000), utcUs: Date.now() * 1000, quality: CLOCK_QUALITY.synced });
  const gateway: ProtocolGateway = {
    name,
    running,
    publish,
    count: () => count,
    sendBirth: (changed) => {
      const birth = { nonce: randomBytes(16), version: "0.1.0", bootId: new Uint8Array(16), clock: clock(), devices: [], ports: [] };
      return publish("up/birth", encodePresence({ ...who, state: { kind: "birth", birth: { ...birth, ...options.birth, ...changed } } }));
    },
    sendHealth: (changed) => {
      const told = { gateway: name, run, connection: 1, uptimeMs: Date.now() - started, clock: clock(), residentBytes: 60_000_000 };
      return publish(
        "up/health",
        encodeHealth({ ...told, ledger: { streams: [], unexplained: 0 }, faults: options.faults ?? [], ...changed }),
      );
    },
    stop: async () => {
      clearInterval(beat);
      await publish("up/birth", death(DEATH_CAUSE.stopped));
      await client.endAsync();
    },
    cut: () => {
      clearInterval(beat);
      client.stream.destroy();
      client.end(true);
    },
  };
  const takeIn = async (kind: Kind, payload: Uint8Array): Promise<void> => {
    count.heard += 1;
    const signed = decodeSignedDocument(payload);
    if (signed === undefined || manner === "ignores") return;
    const verdict = judge(signed, { kind, options, running: running.get(kind), refused: refused.get(kind) ?? [] });
    if (verdict === "known") return;
    if ("envelope" in verdict) running.set(kind, verdict);
    else refused.set(kind, [verdict, ...(refused.get(kind) ?? [])].slice(0, 8));
    await report(
      kind,
      manner === "reverts" ? DOCUMENT_STATUS.reverted : running.has(kind) ? DOCUMENT_STATUS.applied : DOCUMENT_STATUS.none,
    );
  };
  client.on("message", (at, payload) => {
    const kind = KINDS.find((one) => at === topic(`down/desired/${one}`));
    if (kind !== undefined) takeIn(kind, payload).catch(() => undefined);
  });
  const beat = setInterval(() => void gateway.sendHealth().catch(() => undefined), HEALTH_EVERY);
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
  client.on("error", () => undefined);
  await client.subscribeAsync(topic("down/#"), { qos: 1 });
  await gateway.sendBirth();
  await gateway.sendHealth();
  for (const kind of KINDS) if (!running.has(kind) && !refused.has(kind)) await report(kind, DOCUMENT_STATUS.none);
  return gateway;
}

type Taken = Mark & { readonly envelope: Envelope };
type Known = {
  readonly kind: Kind;
  readonly options: GatewayOptions;
  readonly running: Mark | undefined;
  readonly refused: readonly Refusal[];
};

function judge(signed: SignedDocument, { kind, options, running, refused }: Known): Taken | Refusal | "known" {
  const { name: gateway, keys, manner } = options;
  const hash = createHash("sha256").update(signed.payload).digest();
  const sha256 = hash.toString("hex");
  const opened = openEnvelope(signed, { kind, gateway, keys, verify: verifyEd25519, now: Date.now() });
  const generation = "why" in opened ? 0 : opened.envelope.generation;
  const refusal = (key: string, text: string, path?: string): Refusal => ({
    ...{ generation, sha256: new Uint8Array(hash), key, text },
    ...(path === undefined ? {} : { path }),
  });
  if ("why" in opened) return refusal(`document.${opened.why}`, opened.detail);
  const marks = refused.map((one) => ({ generation: one.generation, sha256: Buffer.from(one.sha256).toString("hex") }));
  const order = orderOf({ generation, sha256 }, running, marks);
  if (order === "same" || order === "refused_before") return "known";
  if (order !== "newer") return refusal(`document.${order}`, `generation ${generation} after ${running?.generation ?? 0}`);
  if (manner === "refuses") return refusal("document.schema", "the driver is not known here", "rules[0].driver");
  if (manner === "reverts") return refusal("document.reverted", "no round trip over the new settings");
  return { generation, sha256, envelope: opened.envelope };
}
