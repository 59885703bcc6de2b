import { expect, it } from "vitest";
import { DOCUMENT_STATUS } from "../../proto/messages.ts";
import type { Board, DeviceLine } from "./demo/board.ts";
import { CAST } from "./demo/cast.ts";
import { type Changes, UNCHANGED } from "./demo/change.ts";
import type { DeviceTally } from "./demo/ledger.ts";
import type { Scene } from "./demo/play.ts";
import { PLAIN, screen, WIDTH } from "./demo/screen.ts";

/** As much as there ever is to be shown: long times, three alerts and more, other ports of the machine. */
const HOUR_NS = 3_600_000_000_000n;
const ROWS = 40;
const SMALL_ROWS = 24;

const METRICS: Readonly<Record<string, readonly string[]>> = {
  nonin: ["MDC_PULS_OXIM_SAT_O2", "MDC_PULS_OXIM_PULS_RATE", "nonin.perfusion"],
  "masimo-ascii": ["MDC_PULS_OXIM_SAT_O2", "MDC_PULS_OXIM_PULS_RATE", "MDC_PULS_OXIM_PERF_REL"],
  "puritan-bennett-840": ["f9", "f71", "f70", "f72", "f73", "f87", "f77", "f1"],
  "philips-intellivue": ["MDC_ECG_HEART_RATE", "MDC_PULS_OXIM_SAT_O2", "MDC_PRESS_BLD_ART_ABP_SYS"],
  "ge-dri": ["MDC_ECG_HEART_RATE", "MDC_PULS_OXIM_SAT_O2"],
  "draeger-medibus": ["MDC_VOL_AWAY_TIDAL_EXP", "MDC_VENT_VOL_MINUTE_EXP"],
  "bbraun-bcc": ["MDC_FLOW_FLUID_PUMP", "MDC_DRUG_NAME_TYPE", "MDC_VOL_FLUID_DELIV"],
};
const WAVES = ["nonin", "philips-intellivue", "ge-dri", "draeger-medibus"];
const deviceOf = ({ rule: { device, driver, socket } }: (typeof CAST)[number], place = ""): DeviceLine => ({
  ...{ device, place, driver, socket, liveness: "streaming", mode: 2 },
  values: (METRICS[driver] ?? []).map((name, id) => ({
    metric: { id, refid: name, name },
    value: "1234.5678",
    validity: id === 0 ? 1 : 0,
    reason: undefined,
    at: 0n,
  })),
  waves: WAVES.includes(driver)
    ? [{ metric: { id: 0, refid: "MDC_PULS_OXIM_PLETH" }, samples: Array.from({ length: 150 }, (_, at) => at) }]
    : [],
});
/** The rack has four pumps. */
const linesOf = (part: (typeof CAST)[number]): readonly DeviceLine[] =>
  ["", ...(part.rule.driver === "bbraun-bcc" ? ["1/1", "1/2", "1/3", "1/4"] : [])].map((place) => deviceOf(part, place));
const boardOf = (blocked: Board["blocked"]): Board => ({
  gateway: { presence: "online", run: "0123456789abcdef", start: 3 },
  devices: CAST.filter(({ location }) => !blocked.some((one) => one.location === location)).flatMap(linesOf),
  blocked,
  alerts: CAST.map(({ rule: { device, socket } }) => ({
    device,
    place: "",
    socket,
    name: "high compensation pressure",
    word: "MEDIUM",
    since: 0n,
  })),
  counts: { observations: 12_345_678, waveBlocks: 123_456, alerts: 1234, duplicates: 1234 },
});
const OTHERS = ["0", "1", "2"].map((at) => ({ location: `uart-00:0${at}`, path: `/dev/ttyS${at}`, reasons: ["no rule"] }));
const LATE = { location: "demo-4", path: "/tmp/tty", reasons: ["no rule for location demo-4"] };
const DONE: Changes = {
  signed: { atMs: 3_599_000, appliedMs: 9900, readMs: 19_900, tool: { code: 0, said: "" } },
  forged: {
    atMs: 3_600_000,
    refused: { afterMs: 10_900, number: "BED-611", what: "A configuration document is signed with a key that this gateway does not trust" },
    goesOn: true,
    runs: { generation: 1, status: DOCUMENT_STATUS.applied },
    tool: { code: 5, said: "" },
  },
};
const tallyOf = ({ device }: DeviceLine): DeviceTally => ({
  ...{ device, sent: 10_800, received: 10_799, onTheWay: 1, unheard: 123 },
  ...{ lost: [], invented: [], absences: [] },
});
const shown = (board: Board, changes: Changes, rows: number): readonly string[] => {
  const scene: Scene = {
    ...{ elapsedMs: 3_600_000, status: undefined, restarts: 2, changes, down: false, doing: "" },
    tallies: board.devices.filter(({ place }) => place === "").map(tallyOf),
  };
  return screen(board, scene, { paint: PLAIN, brokerPort: 12_345, seconds: 86_400, now: HOUR_NS, rows });
};

it.each([
  ["before any change", [...OTHERS, LATE], UNCHANGED],
  ["after both changes", OTHERS, DONE],
])("the demo fits into its window %s", (_, blocked, changes) => {
  for (const rows of [ROWS, SMALL_ROWS]) {
    const picture = shown(boardOf(blocked), changes, rows);
    expect(picture.length).toBeLessThanOrEqual(rows);
    expect(picture.filter((line) => line.length > WIDTH)).toEqual([]);
  }
});

it("the demo says who asked for what, and that the forged change was refused and for what", () => {
  const text = shown(boardOf(OTHERS), DONE, ROWS).join("\n");
  expect(text).toMatch(/signed by A\. Okafor .*APPLIED after 9\.9 s, read after 19\.9 s/);
  expect(text).toMatch(/stranger's key .*REFUSED after 10\.9 s, BED-611, all go on/);
  expect(text).toMatch(/BED-611: A configuration document is signed with a key that this gateway does not trust\./);
  expect(text).toMatch(/ICU-12\/D {2}oximeter-3/);
  expect(shown(boardOf([...OTHERS, LATE]), UNCHANGED, ROWS).join("\n")).toMatch(/BLOCKED {2}demo-4 .*signed change/);
});
