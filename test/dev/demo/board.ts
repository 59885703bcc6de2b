import { type DeviceState, EDGE, LIVENESS, type Metric, VERDICT } from "../../../proto/messages.ts";
import type { Central, Received, ReceivedObservation } from "../../support/central.ts";
import { conditionName } from "./words.ts";

/** What the centre knows now, folded from the messages it received; nothing in it comes from the devices or the agent directly. */
export type Board = {
  readonly gateway: GatewayLine;
  readonly devices: readonly DeviceLine[];
  readonly blocked: readonly { readonly location: string; readonly path: string; readonly reasons: readonly string[] }[];
  readonly alerts: readonly AlertLine[];
  readonly counts: Counts;
};
export type GatewayLine = {
  readonly presence: "not heard yet" | "online" | "lost" | "stopped";
  readonly run: string;
  readonly start: number;
};
export type DeviceLine = {
  readonly device: string;
  readonly socket: string;
  readonly driver: string;
  readonly liveness: string;
  readonly mode: number;
  readonly values: readonly ValueLine[];
  readonly wave: readonly number[];
};
export type ValueLine = ReceivedObservation & { readonly at: bigint };
export type AlertLine = {
  readonly device: string;
  readonly socket: string;
  readonly name: string;
  readonly word: string;
  readonly since: bigint | undefined;
};
export type Counts = { readonly observations: number; readonly waveBlocks: number; readonly alerts: number; readonly duplicates: number };

/** Samples kept for the picture of a wave. */
const WAVE_SAMPLES = 150;

/** Each call takes in what came since the last one. */
export function boardOf(central: Central): () => Board {
  const fold = freshFold();
  return () => {
    takeIn(fold, central.records);
    const birth = central.birth();
    const presence = central.presence();
    return {
      gateway: {
        presence: presenceOf(presence),
        run: presence === undefined ? "" : presence.run.toString(16).padStart(16, "0"),
        start: presence?.startCount ?? 0,
      },
      devices: (birth?.devices ?? []).map((state) => deviceLine(state, fold)).sort((a, b) => (a.socket < b.socket ? -1 : 1)),
      blocked: (birth?.ports ?? [])
        .filter(({ verdict }) => verdict !== VERDICT.allow)
        .map(({ location, path = "", reasons }) => ({ location, path, reasons })),
      alerts: (birth?.devices ?? []).flatMap((state) => alertLines(state, fold)),
      counts: { ...fold.counts, duplicates: central.duplicates() },
    };
  };
}

type Fold = {
  taken: number;
  readonly values: Map<string, Map<string, ValueLine>>;
  readonly waves: Map<string, { at: bigint; samples: readonly number[] }>;
  readonly onsets: Map<string, bigint>;
  readonly counts: { observations: number; waveBlocks: number; alerts: number };
};
const freshFold = (): Fold => ({
  taken: 0,
  values: new Map(),
  waves: new Map(),
  onsets: new Map(),
  counts: { observations: 0, waveBlocks: 0, alerts: 0 },
});

function takeIn(fold: Fold, records: readonly Received[]): void {
  for (; fold.taken < records.length; fold.taken += 1) takeRecord(fold, records[fold.taken]!);
}

/** Backlog comes after live records: the newest by its time is shown, not the last that came. */
function takeRecord(fold: Fold, { device: { device = "" }, at, body }: Received): void {
  switch (body.kind) {
    case "report":
      fold.counts.observations += body.observations.length;
      for (const observation of body.observations) {
        const values = fold.values.get(device) ?? new Map<string, ValueLine>();
        fold.values.set(device, values);
        const key = keyOf(observation.metric);
        if ((values.get(key)?.at ?? 0n) <= at) values.set(key, { ...observation, at });
      }
      return;
    case "wave": {
      fold.counts.waveBlocks += 1;
      const before = fold.waves.get(device) ?? { at: 0n, samples: [] };
      if (before.at <= at) fold.waves.set(device, { at, samples: [...before.samples, ...body.samples].slice(-WAVE_SAMPLES) });
      return;
    }
    case "alert": {
      fold.counts.alerts += 1;
      const name = `${device} ${body.metric.refid}`;
      if (body.alert.edge === EDGE.onset && (fold.onsets.get(name) ?? 0n) <= at) fold.onsets.set(name, at);
      return;
    }
    case "event":
      return;
  }
}

/** A series is device, metric and unit. */
const keyOf = ({ refid, unit = 0, ucum = "" }: Metric): string => `${refid} ${unit} ${ucum}`;

function presenceOf(presence: ReturnType<Central["presence"]>): GatewayLine["presence"] {
  switch (presence?.state.kind) {
    case "birth":
      return "online";
    case "death":
      return presence.state.death.cause === 2 ? "stopped" : "lost";
    case "unknown":
    case undefined:
      return "not heard yet";
  }
}

const LIVENESSES = new Map<number, string>(Object.entries(LIVENESS).map(([word, number]) => [number, word]));

function deviceLine({ device, driver = "", liveness }: DeviceState, fold: Fold): DeviceLine {
  const id = device?.device ?? "";
  return {
    device: id,
    socket: device?.socket ?? "",
    driver,
    mode: device?.mode ?? 0,
    liveness: LIVENESSES.get(liveness) ?? "unknown",
    values: [...(fold.values.get(id)?.values() ?? [])],
    wave: fold.waves.get(id)?.samples ?? [],
  };
}

const alertLines = ({ device, driver = "", conditions = [] }: DeviceState, fold: Fold): AlertLine[] =>
  conditions.map(({ refid, word = "" }) => ({
    device: device?.device ?? "",
    socket: device?.socket ?? "",
    name: conditionName(driver, refid),
    word,
    since: fold.onsets.get(`${device?.device ?? ""} ${refid}`),
  }));
