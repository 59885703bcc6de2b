import { expect, test } from "vitest";
import { judgeEnd, type Note, Serving, type Strike } from "../../agent/session/serving.ts";
import { Session } from "../../agent/session/session.ts";
import { after, type Duration, type Mono, Seconds } from "../../config/units.ts";
import { HandLine, MemoryDisk, StillClock, settle } from "./fakes.ts";
import { tiny } from "./session-room.ts";

const NOW = 5_000_000_000_000n as Mono;
const A = { location: "bed-a", driver: "nonin" };
const B = { location: "bed-b", driver: "nonin" };
const PATIENCE = Seconds(10);
const ago = (time: Duration): Mono => (NOW - (after(0n as Mono, time) as bigint)) as Mono;
const note = (more: Partial<Note>): Note => ({ served: undefined, since: 0n as Mono, strikes: [], ...more });

test.each<{ what: string; before: Note; is: readonly Strike[] }>([
  { what: "between two ports", before: note({}), is: [] },
  { what: "soon after a port was begun", before: note({ served: A, since: ago(Seconds(2)) }), is: [{ ...A, deaths: 1, until: NOW }] },
  {
    what: "long after a port was begun",
    before: note({ served: A, since: ago(Seconds(11)) }),
    is: [{ ...A, deaths: 1, until: after(NOW, Seconds(10)) }],
  },
  {
    what: "there for the second time",
    before: note({ served: A, since: ago(Seconds(30)), strikes: [{ ...A, deaths: 1, until: ago(Seconds(20)) }] }),
    is: [{ ...A, deaths: 2, until: after(NOW, Seconds(20)) }],
  },
  {
    what: "soon, for the third time",
    before: note({ served: A, since: ago(Seconds(1)), strikes: [{ ...A, deaths: 2, until: ago(Seconds(60)) }] }),
    is: [{ ...A, deaths: 3, until: after(NOW, Seconds(40)) }],
  },
  {
    what: "there again, long after it was forgiven",
    before: note({ served: A, since: ago(Seconds(30)), strikes: [{ ...A, deaths: 7, until: ago(Seconds(601)) }] }),
    is: [{ ...A, deaths: 1, until: after(NOW, Seconds(10)) }],
  },
  {
    what: "at another port, while the first still waits",
    before: note({ served: B, since: ago(Seconds(30)), strikes: [{ ...A, deaths: 2, until: after(NOW, Seconds(5)) }] }),
    is: [
      { ...B, deaths: 1, until: after(NOW, Seconds(10)) },
      { ...A, deaths: 2, until: after(NOW, Seconds(5)) },
    ],
  },
  {
    what: "with another driver at the same port",
    before: note({ served: { ...A, driver: "x" }, since: ago(Seconds(2)), strikes: [{ ...A, deaths: 2, until: ago(Seconds(9)) }] }),
    is: [
      { ...A, driver: "x", deaths: 1, until: NOW },
      { ...A, deaths: 2, until: ago(Seconds(9)) },
    ],
  },
  { what: "at a time that has not come yet", before: note({ served: A, since: after(NOW, Seconds(1)) }), is: [] },
])("a run that ended $what", ({ before, is }) => {
  expect(judgeEnd(before, NOW, PATIENCE)).toEqual(is);
});

test("the wait grows with each death up to an hour, and no further", () => {
  const waits: number[] = [];
  let strikes: readonly Strike[] = [];
  for (let at = NOW, count = 0; count < 12; count++) {
    strikes = judgeEnd({ served: A, since: at, strikes }, after(at, Seconds(20)), PATIENCE);
    waits.push(Number(strikes[0]!.until - after(at, Seconds(20))) / 1e9);
    at = strikes[0]!.until;
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]);
});

function host(limit?: Duration) {
  const [disk, clock] = [new MemoryDisk(), new StillClock()];
  const watchdog = { limit, fault: undefined, ready: () => undefined, alive: () => undefined, stopping: () => undefined };
  return { disk, clock, open: () => Serving.open({ disk, clock, watchdog }, "/run/x") };
}

test("what was being served when a run died keeps that port shut in the next, and no other", async () => {
  const { clock, open } = host(Seconds(20));
  const first = await open();
  first.begin(B, clock.now());
  first.begin(A, clock.now());
  clock.pass(12_000);
  const second = await open();
  expect(second.strikeAt(A, clock.now())).toMatchObject({ deaths: 1, until: after(clock.now(), Seconds(10)) });
  expect(second.strikeAt(B, clock.now())).toBeUndefined();
  clock.pass(4_000);
  const third = await open();
  expect(third.strikeAt(A, clock.now()), "also in the one after, for the rest").toMatchObject({ deaths: 1 });
  clock.pass(6_001);
  expect(third.strikeAt(A, clock.now())).toBeUndefined();
});

test("a run that is killed between two turns keeps no port shut, however late the next begins", async () => {
  const { clock, open } = host(Seconds(20));
  const first = await open();
  first.begin(A, clock.now());
  first.none();
  clock.pass(3_600_000);
  expect((await open()).strikeAt(A, clock.now())).toBeUndefined();
});

test("a kill in the middle of a turn keeps no port shut where the next run begins soon", async () => {
  const { clock, open } = host(Seconds(20));
  (await open()).begin(A, clock.now());
  clock.pass(9_000);
  expect((await open()).strikeAt(A, clock.now())).toBeUndefined();
});

test("a stop on purpose lets everything be tried at once, and forgets no death", async () => {
  const { clock, open } = host(Seconds(20));
  (await open()).begin(A, clock.now());
  clock.pass(15_000);
  const second = await open();
  expect(second.strikeAt(A, clock.now())).toBeDefined();
  await second.stop(clock.now());
  const third = await open();
  expect(third.strikeAt(A, clock.now())).toBeUndefined();
  third.begin(A, clock.now());
  clock.pass(15_000);
  expect((await open()).strikeAt(A, clock.now())).toMatchObject({ deaths: 2 });
});

test.each(["", "x", "[[", "[[1,2]]", '[["a","b",0,"1"]]', '[["a","b",1,"-1"]]'])("a note that holds %j is not believed", async (text) => {
  const { disk, clock, open } = host();
  const bytes = new Uint8Array(4096);
  bytes[0] = 1;
  bytes.set(new TextEncoder().encode(text), 8);
  bytes.set(new TextEncoder().encode(text), 1024);
  disk.files.set("/run/x/serving", bytes);
  const serving = await open();
  expect(serving.strikeAt({ location: "a", driver: "b" }, clock.now())).toBeUndefined();
  disk.files.set("/run/x/serving", bytes.slice(0, 100));
  expect((await open()).fault).toBeUndefined();
});

test("a note that can no longer be written is a fault, and the agent goes on", async () => {
  const { disk, clock, open } = host();
  const serving = await open();
  disk.fails = (operation) => operation === "writeNow";
  serving.begin(A, clock.now());
  serving.none();
  expect(serving.fault).toMatchObject({ key: "disk.failed" });
  await serving.stop(clock.now());
});

test("a port at which the agent hung is opened after its wait, not before", async () => {
  const [clock, line] = [new StillClock(), new HandLine()];
  const until = after(clock.now(), Seconds(10));
  const session = new Session({
    effects: { clock, serial: line },
    port: { path: "/dev/ttyS0", location: "bed-a", hardware: true, facts: {} },
    driver: tiny,
    admitted: { device: "monitor-1", socket: "bed-1", known: "socket" },
    hooks: {
      keep: () => undefined,
      commit: async () => true,
      beginEpoch: () => 1,
      endEpoch: () => undefined,
      clockAt: (at) => ({ mono: at, wall: 0 as never, quality: { known: "unsynced", source: "" } }),
      deviceClock: () => undefined,
      learned: () => undefined,
      discarded: () => undefined,
      raise: () => undefined,
      clear: () => undefined,
      changed: () => undefined,
    },
    strike: { ...A, deaths: 1, until },
  });
  expect(session.view().phase).toBe("quarantined");
  for (let passed = 0; passed < 9_900; passed += 100) session.tick(clock.pass(100));
  await settle();
  expect(session.serves, "nothing is served, so nothing is noted").toBeUndefined();
  expect(line.opened).toEqual([]);
  session.tick(clock.pass(200));
  await settle();
  expect(line.opened).toEqual(["/dev/ttyS0"]);
});
