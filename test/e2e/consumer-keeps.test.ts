import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter } from "node:path";
import { expect, test } from "vitest";
import type { Room } from "../support/agent.ts";
import { subscribeRaw } from "../support/mosquitto.ts";
import { CONSUMER, type ConsumerReport } from "../wire/consumer-rows.ts";
import { protocEncode } from "../wire/protoc.ts";
import { roomFor } from "./room.ts";

/** What the reference consumer has not stored, the broker still has: it acknowledges after, never before. */

const TEST_MS = 90_000;
const report = (n: number): string =>
  `head { gateway: "gw-1" run: 7 stream: STREAM_REPORT boot_id: "0123456789abcdef" } devices { epoch: 1 device: "d" mode: MODE_TEST }
   metrics { id: 1 refid: "x" } records { epoch: 1 n: ${n} report { observations { metric: 1 decimal { mantissa: ${n} } } } }`;

/** A database that is there, takes everything, and never says that it stored anything but its own beginning. */
const HANGING = `#!/bin/sh
while read -r line; do
  printf '%s\\n' "$line" >> "$0.got"
  case "$line" in *incoming*LIKE*) begun=1 ;; *echo*) [ -n "$begun" ] && [ ! -e "$0.told" ] && touch "$0.told" && echo stored ;; esac
done
`;

type Running = { readonly child: ChildProcess; readonly ended: Promise<number | null>; readonly told: () => string };
function start(room: Room, port: number, words: readonly string[], path = process.env.PATH ?? ""): Running {
  const { cert, key } = room.pki.issue({ cn: "consumer", kind: "client" });
  writeFileSync(room.at("consumer.crt"), cert);
  writeFileSync(room.at("consumer.key"), key, { mode: 0o600 });
  const place = ["--broker", "localhost", "--port", String(port), "--gateway", room.gateway, "--json"];
  const files = ["--ca", room.at("ca.crt"), "--cert", room.at("consumer.crt"), "--key", room.at("consumer.key")];
  const child = spawn("/usr/bin/python3", [CONSUMER, ...place, ...files, ...words], { env: { ...process.env, PATH: path } });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (out += text));
  const ended = new Promise<number | null>((done) => child.once("close", done));
  room.keep({
    stop: () => {
      child.kill("SIGKILL");
      return ended;
    },
  });
  return { child, ended, told: () => out };
}

test(
  "a consumer that is killed before its database has stored a message gets it again; one that is stopped after it does not",
  async (t) => {
    const room = roomFor(t, "gw-1");
    const { port } = await room.startBroker();
    const gateway = await subscribeRaw({ port, pki: room.pki, identity: room.pki.issue({ cn: "gw-1", kind: "client" }), topic: "unused" });
    room.keep(gateway);
    const publish = (n: number): Promise<void> => gateway.publish("bedside/v1/gw-1/up/reports", protocEncode("Batch", report(n)));
    const mark = (): Promise<void> => gateway.publish("bedside/v1/gw-1/up/mark", "x");
    const file = (name: string): string => (existsSync(room.at(name)) ? readFileSync(room.at(name), "utf8") : "");

    mkdirSync(room.at("bin"));
    const psql = room.at("bin/psql");
    writeFileSync(psql, HANGING, { mode: 0o755 });
    const hung = start(room, port, ["--sql", "dbname=none"], `${room.at("bin")}${delimiter}${process.env.PATH}`);
    await room.until("the consumer listens", async () => {
      await publish(0);
      return file("bin/psql.got").includes("gw-1");
    });
    hung.child.kill("SIGKILL");
    await hung.ended;

    const good = start(room, port, ["--record", room.at("session.tsv")]);
    await room.until("it is delivered again", () => file("session.tsv").includes("/up/reports\t"));
    await publish(1);
    await mark();
    await room.until("all is recorded", () => file("session.tsv").includes("/up/mark\t"));
    good.child.kill("SIGTERM");
    expect([await good.ended, (JSON.parse(good.told()) as ConsumerReport).broken]).toEqual([0, []]);

    const after = start(room, port, ["--record", room.at("after.tsv")]);
    await mark();
    await room.until("the session goes on", () => file("after.tsv").includes("/up/mark\t"));
    after.child.kill("SIGTERM");
    await after.ended;
    expect(file("after.tsv")).not.toContain("/up/reports\t");
  },
  TEST_MS,
);

test(
  "a consumer that the broker refuses says so and ends",
  async (t) => {
    const room = roomFor(t, "gw-1");
    const { port } = await room.startBroker();
    const running = start(room, port, ["--ca", "/dev/null"]);
    expect(await running.ended).toBe(1);
    expect(running.told()).toMatch(/cannot read from localhost/);
  },
  TEST_MS,
);
