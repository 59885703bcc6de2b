import { describe, expect, it } from "vitest";
import { CAUSE, EDGE } from "../../proto/messages.ts";
import type { Received, ReceivedBody } from "../support/central.ts";
import type { LedgerEntry } from "../support/emulated-device.ts";
import type { DeviceBook } from "./demo/book.ts";
import { holes, tally } from "./demo/ledger.ts";

/** A device that sends a unit of 300 ms every 300 ms; unit k carries the value k, two samples and a condition in units 2 and 3. */
const MS = 1_000_000n;
const UNIT = 300n * MS;
const SENT: readonly LedgerEntry[] = Array.from({ length: 12 }, (_, k) => ({
  firstByteAt: BigInt(k) * UNIT,
  lastByteAt: BigInt(k + 1) * UNIT - 10n * MS,
  unit: {
    bytes: 100,
    deviceTime: String(k),
    observations: { value: String(k), gone: null },
    waves: { wave: [k, k + 1] },
    conditions: { off: k === 2 || k === 3 },
  },
}));
const book = (holds: DeviceBook["holds"]): DeviceBook => ({
  device: "dv-1",
  beyond: () => false,
  speaks: "unasked",
  sent: SENT,
  holds,
});
const ALWAYS = [{ from: -1n, killed: undefined }];

const record = (stream: number, n: number, at: bigint, body: ReceivedBody, more: Partial<Received> = {}): Received => ({
  run: 1n,
  epoch: 1,
  stream,
  n,
  at,
  device: { epoch: 1, device: "dv-1" },
  deviceTime: undefined,
  body,
  arrived: at,
  range: "live",
  ...more,
});
const metric = (refid: string) => ({ id: 1, refid });

/** What a faithful agent publishes of units first..last in one attachment. */
function published(first: number, last: number, attachment: { readonly run: bigint } = { run: 1n }): Received[] {
  const units = SENT.slice(first, last + 1);
  const alerts: Received[] = [];
  let before: boolean | undefined;
  for (const { unit, lastByteAt } of units) {
    const present = unit.conditions.off === true;
    if (present !== (before ?? false)) {
      const alert = { metric: 1, edge: present ? EDGE.onset : EDGE.clear, cause: before === undefined ? CAUSE.start : CAUSE.device };
      alerts.push(record(1, alerts.length, lastByteAt + 5n * MS, { kind: "alert", metric: metric("off"), alert }, attachment));
    }
    before = present;
  }
  return [
    ...alerts,
    ...units.flatMap(({ unit, lastByteAt }, n) => {
      const at = lastByteAt + 5n * MS;
      const observations = [
        { metric: metric("value"), value: unit.observations.value ?? null, validity: 0, reason: undefined },
        { metric: metric("gone"), value: null, validity: 2, reason: "no_value" },
      ];
      return [
        record(3, n, at, { kind: "report", observations, unreadable: 0 }, { ...attachment, deviceTime: unit.deviceTime }),
        record(4, n, at, { kind: "wave", metric: metric("wave"), first: 50 + 2 * n, samples: unit.waves.wave ?? [] }, attachment),
      ];
    }),
  ];
}
const isReport = ({ body }: Received): boolean => body.kind === "report";
const verdict = (holds: DeviceBook["holds"], received: readonly Received[]) => {
  const { lost, invented, unheard, received: arrived } = tally(book(holds), received);
  return { lost: lost.length, invented: invented.length, unheard, arrived };
};

describe("the two ledgers", () => {
  it("are equal where everything arrived", () => {
    expect(verdict(ALWAYS, published(0, 11))).toEqual({ lost: 0, invented: 0, unheard: 0, arrived: 12 });
  });

  it("tell one report that is missing, though its wave arrived", () => {
    const received = published(0, 11).filter((one) => !(isReport(one) && one.deviceTime === "5"));
    expect(verdict(ALWAYS, received)).toEqual({ lost: 1, invented: 0, unheard: 0, arrived: 11 });
  });

  it("tell one value that was changed on the way, as lost and as invented", () => {
    const received = published(0, 11).map((one) =>
      one.body.kind === "report" && one.deviceTime === "5"
        ? { ...one, body: { ...one.body, observations: one.body.observations.map((o) => ({ ...o, value: o.value && "55" })) } }
        : one,
    );
    expect(verdict(ALWAYS, received)).toEqual({ lost: 1, invented: 1, unheard: 0, arrived: 11 });
  });

  it("tell a value that is there although the device said that it has none", () => {
    const received = published(0, 11).map((one) =>
      one.body.kind === "report" && one.deviceTime === "5"
        ? { ...one, body: { ...one.body, observations: one.body.observations.map((o) => ({ ...o, validity: 0 })) } }
        : one,
    );
    expect(verdict(ALWAYS, received).invented).toBe(1);
  });

  it("tell a sample that was changed, and a sample count that jumps", () => {
    const changed = published(0, 11).map((one) =>
      one.body.kind === "wave" && one.n === 5 ? { ...one, body: { ...one.body, samples: [5, 7] } } : one,
    );
    expect(verdict(ALWAYS, changed)).toMatchObject({ lost: 1, invented: 1 });
    const jumped = published(0, 11).map((one) =>
      one.body.kind === "wave" && one.n >= 5 ? { ...one, body: { ...one.body, first: 0 } } : one,
    );
    expect(verdict(ALWAYS, jumped).invented).toBe(7);
  });

  it("tell an alert edge that is missing and one that never was", () => {
    const received = published(0, 11);
    const without = received.filter(({ body }) => body.kind !== "alert" || body.alert.edge !== EDGE.clear);
    expect(verdict(ALWAYS, without)).toMatchObject({ lost: 1, invented: 0 });
    const [onset] = received;
    expect(verdict(ALWAYS, [...received, { ...onset!, n: 2, at: 3000n * MS }])).toMatchObject({ lost: 0, invented: 1 });
  });

  it("tell one unit that was published twice under two names", () => {
    const received = published(0, 11);
    const twin = received.find((one) => isReport(one) && one.deviceTime === "5")!;
    expect(verdict(ALWAYS, [...received, { ...twin, n: 99 }])).toMatchObject({ lost: 0, invented: 1 });
  });
});

describe("a kill", () => {
  // Unit 4 begins at 1200 ms and ends at 1490 ms; unit 7 at 2100 ms.
  const killed = 1300n * MS;
  const opened = 2050n * MS;
  const HOLDS = [
    { from: -1n, killed },
    { from: opened, killed: undefined },
  ];
  const both = [...published(0, 3), ...published(7, 11, { run: 2n })];

  it("excuses the units of which a byte came while nobody held the port", () => {
    expect(verdict(HOLDS, both)).toEqual({ lost: 0, invented: 0, unheard: 3, arrived: 9 });
  });

  it("does not count what came before the port was first opened, and counts everything after", () => {
    const late = [{ from: 4n * UNIT + 1n, killed: undefined }];
    const all = tally(book(late), published(5, 11));
    expect([all.sent, all.received, all.unheard, all.lost.length]).toEqual([7, 7, 0, 0]);
    const one = tally(book(late), published(6, 11));
    expect([one.sent, one.received, one.unheard, one.onTheWay]).toEqual([7, 6, 0, 1]);
  });

  it("excuses no unit that ended more than a tick before it", () => {
    const tick = 20n * MS;
    const end = SENT[3]!.lastByteAt;
    const without = both.filter((one) => !(one.run === 1n && one.n === 3));
    const at = (moment: bigint) => verdict([{ from: -1n, killed: moment }, HOLDS[1]!], without);
    // Its samples may have waited for more of their block.
    expect(at(end + tick + 1n).lost).toBe(1);
    expect(at(end + tick + 250n * MS + 1n).lost).toBe(2);
    expect(at(end + tick).lost).toBe(0);
  });

  it("excuses no unit that began after the port was open again", () => {
    const later = [...published(0, 3), ...published(8, 11, { run: 2n })];
    expect(verdict(HOLDS, later).lost).toBe(2);
  });

  it("is over within the time to the open port, a tick and a unit", () => {
    const [absence] = tally(book(HOLDS), both).absences;
    expect(absence).toEqual({ away: 750n * MS, silent: 800n * MS, limit: 1060n * MS });
    const [slow] = tally(book(HOLDS), [...published(0, 3), ...published(9, 11, { run: 2n })]).absences;
    expect(slow!.silent).toBeGreaterThan(slow!.limit);
  });

  it("begins the alerts anew: a condition that is still there is an onset by start, and the old one has no clear", () => {
    const early = [
      { from: -1n, killed: 890n * MS },
      { from: 895n * MS, killed: undefined },
    ];
    const received = [...published(0, 2), ...published(3, 11, { run: 2n })];
    expect(received.filter(({ body }) => body.kind === "alert")).toHaveLength(3);
    expect(verdict(early, received)).toMatchObject({ lost: 0, invented: 0 });
  });
});

describe("a device of another kind", () => {
  const kind = (sent: readonly LedgerEntry[], more: Partial<DeviceBook>, received: readonly Received[]) => {
    const { lost, invented, unheard, received: arrived } = tally({ ...book(ALWAYS), sent, ...more }, received);
    return { lost, invented, unheard, arrived };
  };
  const with_ = (change: (entry: LedgerEntry, at: number) => Partial<LedgerEntry["unit"]>): LedgerEntry[] =>
    SENT.map((entry, at) => ({ ...entry, unit: { ...entry.unit, ...change(entry, at) } }));
  const EQUAL = { lost: [], invented: [], unheard: 0, arrived: 12 };

  it("has nodes: what is told of one is compared with what was sent of it", () => {
    const sent = with_(({ unit }) => ({
      observations: { "1/3 value": unit.observations.value!, "1/3 gone": null },
      waves: {},
      conditions: {},
    }));
    const of = (node: readonly string[]) =>
      published(0, 11)
        .filter(isReport)
        .map((one) => ({ ...one, device: { ...one.device, node } }));
    expect(kind(sent, {}, of(["1", "3"]))).toEqual(EQUAL);
    expect(kind(sent, {}, of(["1", "2"]))).toMatchObject({ lost: { length: 12 }, invented: { length: 12 } });
  });

  it("sends samples one by one, and is told in blocks", () => {
    const blocks = published(0, 11).filter(({ body }) => body.kind === "wave");
    const joined = [0, 4, 8].map((at, n) => {
      const own = blocks.slice(at, at + 4).map(({ body }) => body as Extract<ReceivedBody, { kind: "wave" }>);
      return { ...blocks[at + 3]!, n, body: { ...own[0]!, samples: own.flatMap(({ samples }) => samples) } };
    });
    const others = published(0, 11).filter(({ body }) => body.kind !== "wave");
    expect(kind(SENT, {}, [...others, ...joined])).toEqual(EQUAL);
    const without = kind(SENT, {}, [...others, joined[0]!, joined[2]!]);
    expect(without).toMatchObject({ lost: { length: 4 }, invented: [] });
  });

  it("may leave out samples where it says so, and they are counted", () => {
    const received = published(0, 11).map((one) =>
      one.body.kind === "wave" && one.n >= 6 ? { ...one, body: { ...one.body, first: one.body.first + 2 } } : one,
    );
    expect(kind(SENT, { leavesOut: true }, received)).toEqual(EQUAL);
    expect(kind(SENT, {}, received).invented).toHaveLength(6);
  });

  it("has a paper that does not name all: more may be told, and what it is silent of may be told as over", () => {
    const sent = with_((_, at) => (at === 3 ? { conditions: {}, partial: true } : { conditions: { off: at > 1 } }));
    const alert = (n: number, at: number, edge: number): Received =>
      record(1, n, SENT[at]!.lastByteAt + 5n * MS, {
        kind: "alert",
        metric: metric("off"),
        alert: { metric: 1, edge, cause: CAUSE.device },
      });
    const values = published(0, 11).filter(({ body }) => body.kind !== "alert");
    const onset = alert(0, 2, EDGE.onset);
    expect(kind(sent, {}, [...values, onset])).toEqual(EQUAL);
    expect(kind(sent, {}, [...values, onset, alert(1, 3, EDGE.clear), alert(2, 4, EDGE.onset)])).toEqual(EQUAL);
    expect(kind(sent, {}, [...values, onset, alert(1, 3, EDGE.clear)]).invented).toHaveLength(1);
  });

  it("has no start mark: what ends first behind an opened port is not read", () => {
    const later = published(1, 11).map((one) =>
      one.body.kind === "wave" ? { ...one, body: { ...one.body, first: one.body.first + 2 } } : one,
    );
    expect(kind(SENT, { isUnmarked: true }, later)).toMatchObject({ lost: [], invented: [], unheard: 1, arrived: 11 });
    expect(kind(SENT, {}, later).lost.length).toBeGreaterThan(0);
  });
});

it("a number that is missing in a stream is a hole, whatever the device sent", () => {
  const received = published(0, 11);
  expect(holes(received)).toEqual([]);
  expect(holes(received.filter((one) => !(isReport(one) && one.n === 4)))).toEqual([
    "run 1, epoch 1, stream 3: 1 of 12 numbers are missing",
  ]);
});
