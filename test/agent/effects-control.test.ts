import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { askControl, nodeControl } from "../../agent/effects/node/control.ts";
import { Fault } from "../../agent/fault/fault.ts";
import { Milliseconds, Seconds } from "../../config/units.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "bedside-control-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const place = (): string => join(folder, `control${count++}`);

async function keyOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => "no fault",
    (caught: unknown) => (caught instanceof Fault ? caught.key : String(caught)),
  );
}

/** Serves for the time of `use`. */
async function served(path: string, answer: (request: string) => unknown, use: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const serving = nodeControl().serve(path, answer, stop.signal);
  try {
    await Promise.race([serving, until("the socket answers", () => answers(path))]);
    // Asked for later than the socket appears.
    await until("its mode is set", () => (statSync(path).mode & 0o777) === 0o660);
    await use();
  } finally {
    stop.abort();
    await serving;
  }
}

/** A socket left by the dead is there, too, but refuses. */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

const raw = (path: string, text: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(path, () => socket.write(text));
    let heard = "";
    socket.on("data", (part: Buffer) => (heard += part));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(heard));
  });

test("a request and its answer are a line each; the socket is for the service and its group and ends with it", async () => {
  const path = place();
  await served(
    path,
    (request) => (request === "status" ? { uplink: "online" } : { heard: request }),
    async () => {
      expect(await askControl(path, "status", Seconds(5))).toEqual({ uplink: "online" });
      expect(await askControl(path, { trace: "dv-1" }, Seconds(5))).toEqual({ heard: '{"trace":"dv-1"}' });
      expect(await raw(path, '"status"\n')).toBe('{"uplink":"online"}\n');
      expect(statSync(path).mode & 0o777).toBe(0o660);
    },
  );
  expect(existsSync(path)).toBe(false);
  expect(await keyOf(askControl(path, "status", Seconds(5)))).toBe("agent.unreachable");
});

test("what is no request is refused with the reason, and the next one is served", async () => {
  const path = place();
  const answer = (request: string) => {
    if (request === "fail") throw new Fault("usage", "there is no such thing");
    return request === "nothing" ? undefined : Promise.resolve(request.length);
  };
  await served(path, answer, async () => {
    expect(JSON.parse(await raw(path, "{\n"))).toEqual({ error: expect.stringContaining("no JSON") });
    expect(JSON.parse(await raw(path, "x".repeat(5000)))).toEqual({ error: expect.stringContaining("4096") });
    expect(await askControl(path, "x".repeat(4000), Seconds(5))).toBe(4000);
    expect(await askControl(path, "fail", Seconds(5))).toEqual({ error: "there is no such thing" });
    expect(await askControl(path, "nothing", Seconds(5))).toBeNull();
  });
});

test("more than eight at once are turned away, and none who is silent stays for ever", async () => {
  const path = place();
  await served(
    path,
    () => "answer",
    async () => {
      const silent = Array.from({ length: 8 }, () => connect(path));
      await Promise.all(silent.map((socket) => once(socket, "connect")));
      expect(await keyOf(askControl(path, "status", Seconds(5)))).toBe("agent.unreachable");
      await Promise.all(silent.map((socket) => once(socket.resume(), "close")));
      expect(await askControl(path, "status", Seconds(5))).toBe("answer");
    },
  );
}, 15_000);

test("a socket that a killed agent left is taken over; a living one is not, and a plain file is not touched", async () => {
  const path = place();
  const module = JSON.stringify(new URL("../../agent/effects/node/control.ts", import.meta.url).href);
  const script = `const { nodeControl } = await import(${module});
    await nodeControl().serve(process.argv[1], () => "first", new AbortController().signal);`;
  const first = spawn(process.execPath, ["--input-type=module", "-e", script, path], { stdio: "inherit" });
  try {
    await until("the first agent serves", () => answers(path));
    expect(await keyOf(nodeControl().serve(path, () => "second", new AbortController().signal))).toBe("agent.second");
    expect(await askControl(path, "status", Seconds(5))).toBe("first");
  } finally {
    first.kill("SIGKILL");
    await once(first, "close");
  }
  expect(existsSync(path)).toBe(true);
  await served(
    path,
    () => "second",
    async () => expect(await askControl(path, "status", Seconds(5))).toBe("second"),
  );
  const file = place();
  writeFileSync(file, "kept");
  expect(await keyOf(nodeControl().serve(file, () => "", new AbortController().signal))).toBe("control.failed");
  expect(statSync(file).size).toBe(4);
});

test("a client does not wait longer than it said, and the end of the service ends who waits", async () => {
  const path = place();
  let waiting: Promise<string> = Promise.resolve("");
  let asked = 0;
  const never = () => {
    asked += 1;
    return new Promise(() => undefined);
  };
  await served(path, never, async () => {
    expect(await keyOf(askControl(path, "status", Milliseconds(300)))).toBe("agent.unreachable");
    waiting = keyOf(askControl(path, "status", Seconds(60)));
    await until("both have asked", () => asked === 2);
  });
  expect(await waiting).toBe("agent.unreachable");
});

test("a path that cannot be used is said so, and an aborted service is none", async () => {
  const stopped = AbortSignal.abort();
  await nodeControl().serve(place(), () => "", stopped);
  expect(await keyOf(nodeControl().serve(join(folder, "no/such/folder"), () => "", new AbortController().signal))).toBe("control.failed");
  expect(await keyOf(nodeControl().serve(join(folder, "x".repeat(120)), () => "", new AbortController().signal))).toBe("control.failed");
});

test("serving and asking leave no descriptor", async () => {
  const once = () => {
    const path = place();
    return served(
      path,
      () => "answer",
      async () => void (await askControl(path, "status", Seconds(5))),
    );
  };
  await once();
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 10; round += 1) await once();
  await until("the last connection is closed", () => readdirSync("/proc/self/fd").length <= before);
});
