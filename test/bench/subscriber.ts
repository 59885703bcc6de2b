import { connect } from "mqtt";
import { readTrust } from "./trust.ts";

/**
 * The subscriber of the benchmark, in a process of its own, as central operations would be: a session that outlives the broker's
 * restart. It notes when each message came and does nothing else until it is asked: node subscriber.ts PORT TRUST-FOLDER CN
 *
 * To the parent: "ready", "heard" (once for each "watch": a report came), and the answer to "take".
 */
export type Heard = { readonly topic: string; readonly payload: Uint8Array; readonly at: bigint; readonly dup: boolean };
export type FromSubscriber =
  | { readonly is: "ready" }
  | { readonly is: "heard"; readonly at: bigint }
  | { readonly is: "taken"; readonly heard: readonly Heard[] };
export type ToSubscriber = "watch" | "take";

const [port = "", folder = "", cn = ""] = process.argv.slice(2);
const SESSION_SECONDS = 3600;
let heard: Heard[] = [];
let watching = false;
const tell = (what: FromSubscriber): void => void process.send?.(what);

const client = connect({
  protocol: "mqtts",
  host: "localhost",
  port: Number(port),
  ...readTrust(folder, cn),
  rejectUnauthorized: true,
  protocolVersion: 5,
  clientId: cn,
  clean: false,
  properties: { sessionExpiryInterval: SESSION_SECONDS },
  reconnectPeriod: 50,
});
client.on("message", (topic, payload, packet) => {
  const at = process.hrtime.bigint();
  heard.push({ topic, payload, at, dup: packet.dup });
  if (!watching || !topic.endsWith("/reports")) return;
  watching = false;
  tell({ is: "heard", at });
});
// The broker is stopped on purpose in one of the scenes.
client.on("error", () => undefined);
client.once("connect", () => client.subscribe("bedside/v1/+/up/#", { qos: 1 }, () => tell({ is: "ready" })));
process.on("message", (asked: ToSubscriber) => {
  if (asked === "watch") watching = true;
  else {
    tell({ is: "taken", heard });
    heard = [];
  }
});
process.once("disconnect", () => process.exit());
