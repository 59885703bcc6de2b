import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeReported } from "../../../proto/codec.ts";
import type { Reported } from "../../../proto/messages.ts";
import { subscribeRaw } from "../../support/mosquitto.ts";
import type { Authority, Identity } from "../../support/pki.ts";
import { GATEWAY } from "./cast.ts";

/**
 * Two who push changes with the real bedside-fleet: the hospital, whose key the gateway trusts, and a stranger who got hold of the
 * hospital's way to the broker, but not of its key.
 */
export type Office = {
  /** The line of the key that the gateway's file trusts. */
  readonly trust: string;
  /** The hospital's first admissions, without which no port is opened. */
  readonly pushFirst: () => Promise<Push>;
  readonly push: (who: Who) => Promise<Push>;
  /** What the gateway itself said last of its admissions. */
  readonly reported: () => Reported | undefined;
};
export type Who = "hospital" | "stranger";
export type Push = { readonly code: number | string; readonly said: string };

/** One may read what gateways report; the name in the certificate of the demo's screen. */
const READER = "board";
export const READER_ACL = `\nuser ${READER}\ntopic read bedside/v1/+/up/reported/#`;

/** Who signs, as the tool is told and as the screen shows it. */
export const SIGNERS: Readonly<Record<Who, { readonly key: string; readonly by: string; readonly reason: string }>> = {
  hospital: { key: "bio-1", by: "A. Okafor", reason: "new oximeter at bed D" },
  stranger: { key: "bio-9", by: "B. Stranger", reason: "read nothing any more" },
};
/** The command as it is typed, without where the site file lies. */
export const commandOf = (who: Who): string => ["bedside-fleet", ...pushWords(who).slice(0, 6), "…", GATEWAY].join(" ");

function pushWords(who: Who, body = BODY, why = SIGNERS[who].reason): readonly string[] {
  const { key, by } = SIGNERS[who];
  const signed = ["--generation", "next", "--by", by, "--reason", why];
  return ["push", body, "--kind", "admissions", "--key", `${key}.pem`, ...signed, GATEWAY];
}
const BODY = "admissions.yaml";
const FIRST_BODY = "first.yaml";

/** A gateway does not tell the hash of what it could not verify, so the stranger would wait in vain. */
const WITHIN: Readonly<Record<Who, string>> = { hospital: "20s", stranger: "2s" };

export type OfficeOptions = {
  /** bedside-fleet and its words before the verb. */
  readonly program: readonly string[];
  readonly folder: string;
  readonly brokerPort: number;
  readonly pki: Authority;
  /** What each wants to be admitted, and the hospital at first, as YAML. */
  readonly bodies: Readonly<Record<Who | "first", string>>;
  /** The gateway trusts the stranger too, to prove that the demo can fail. */
  readonly betrayed: boolean;
  readonly undo: (() => Promise<void> | void)[];
};

export async function openOffice(options: OfficeOptions): Promise<Office> {
  const { folder, brokerPort, pki, undo } = options;
  const tool = toolOf(options);
  const operations = pki.issue({ cn: "ops", kind: "client" });
  const lines: Record<Who, string> = { hospital: await furnish("hospital"), stranger: await furnish("stranger") };
  const identity = pki.issue({ cn: READER, kind: "client" });
  const ear = await subscribeRaw({ port: brokerPort, pki, identity, topic: `bedside/v1/${GATEWAY}/up/reported/admissions` });
  undo.push(() => ear.stop());
  return {
    trust: options.betrayed ? `${lines.hospital}${lines.stranger}` : lines.hospital,
    pushFirst: () => tool("hospital", [...pushWords("hospital", FIRST_BODY, "the room's devices"), "--within", WITHIN.hospital]),
    push: (who) => tool(who, [...pushWords(who), "--within", WITHIN[who]]),
    reported: () => {
      const last = ear.messages.at(-1);
      return last === undefined ? undefined : decodeReported(last.payload);
    },
  };

  /** A folder with a site file, the way to the broker, a body, and a key that the tool makes. Resolves with its public line. */
  async function furnish(who: Who): Promise<string> {
    const at = (name: string): string => join(folder, who, name);
    mkdirSync(join(folder, who));
    writeFileSync(at(BODY), options.bodies[who]);
    if (who === "hospital") writeFileSync(at(FIRST_BODY), options.bodies.first);
    writeIdentity(at, pki, operations);
    const file = `${SIGNERS[who].key}.pem`;
    const made = await tool(who, ["keys", "new", file, "--id", SIGNERS[who].key, "--role", "biomedical", "--no-passphrase"]);
    if (made.code !== 0) throw new RangeError(`bedside-fleet made no key: ${made.said}`);
    const line = readFileSync(at(`${file}.pub`), "utf8");
    const trust = who === "hospital" ? `trust:\n  ${line}` : "";
    const broker = `broker: { host: localhost, port: ${brokerPort}, ca: ca.pem, cert: ops.pem, key: ops.key }`;
    writeFileSync(at("fleet.yaml"), `${broker}\nstore: pushed\n${trust}gateways:\n  ${GATEWAY}: { ward: demo }\n`);
    return line;
  }
}

function writeIdentity(at: (name: string) => string, pki: Authority, { cert, key }: Identity): void {
  writeFileSync(at("ca.pem"), pki.cert);
  writeFileSync(at("ops.pem"), cert);
  writeFileSync(at("ops.key"), key, { mode: 0o600 });
}

/** Runs bedside-fleet in somebody's folder to its end. The kernel ends it where we die first. */
function toolOf({ program, folder, undo }: OfficeOptions): (who: Who, words: readonly string[]) => Promise<Push> {
  const running = new Map<ChildProcess, Promise<unknown>>();
  undo.push(async () => {
    for (const child of running.keys()) child.kill("SIGKILL");
    await Promise.all(running.values());
  });
  return (who, words) => {
    const site = words[0] === "push" ? ["--site", join(folder, who, "fleet.yaml")] : [];
    const child = spawn("setpriv", ["--pdeathsig", "KILL", ...program, ...words, ...site], {
      cwd: join(folder, who),
      env: { PATH: process.env.PATH ?? "" },
      stdio: ["ignore", "pipe", "pipe"],
      // Ctrl-C reaches it through us.
      detached: true,
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    }
    const { promise, resolve } = Promise.withResolvers<Push>();
    child.once("error", ({ message }) => resolve({ code: message, said }));
    child.once("close", (code, signal) => resolve({ code: code ?? signal ?? "", said: said.trim() }));
    running.set(child, promise);
    return promise.finally(() => running.delete(child));
  };
}
