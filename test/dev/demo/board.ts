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
/** A device, or one below its port. */
export type DeviceLine = {
  readonly device: string;
  /** "1/3" below the port; "": the port's own device. */
  readonly place: string;
  readonly socket: string;
  readonly driver: string;
  readonly liveness: string;
  readonly mode: number;
  readonly values: readonly ValueLine[];
  readonly waves: readonly WaveLine[];
};
/** The last seconds of a wave. */
export type WaveLine = { readonly metric: Metric; readonly samples: readonly number[] };
export type ValueLine = ReceivedObservation & { readonly at: bigint };
export type AlertLine = {
  readonly device: string;
  readonly place: string;
  readonly socket: string;
  readonly name: string;
  readonly word: string;
  readonly since: bigint | undefined;
};
export type Counts = { readonly observations: number; readonly waveBlocks: number; readonly alerts: number; readonly duplicates: number };

/** Kept for the picture of a wave; of one whose rate nobody knows so many samples. */
export const WAVE_SECONDS = 3;
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
      devices: (birth?.devices ?? []).map((state) => deviceLine(state, fold)).sort(byBed),
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
  readonly waves: Map<string, Map<string, WaveLine & { readonly at: bigint }>>;
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
function takeRecord(fold: Fold, { device: { device = "", node }, at, body }: Received): void {
  const who = nameOf(device, node);
  switch (body.kind) {
    case "report":
      fold.counts.observations += body.observations.length;
      for (const observation of body.observations) {
        const key = keyOf(observation.metric);
        const values = ownIn(fold.values, who);
        if ((values.get(key)?.at ?? 0n) <= at) values.set(key, { ...observation, at });
      }
      return;
    case "wave": {
      fold.counts.waveBlocks += 1;
      const { metric, samples } = body;
      const waves = ownIn(fold.waves, who);
      const before = waves.get(keyOf(metric)) ?? { at: 0n, samples: [] };
      const kept = Math.ceil(((metric.rateSamples ?? 0) * WAVE_SECONDS) / (metric.rateSeconds ?? 1)) || WAVE_SAMPLES;
      if (before.at <= at) waves.set(keyOf(metric), { metric, at, samples: [...before.samples, ...samples].slice(-kept) });
      return;
    }
    case "alert": {
      fold.counts.alerts += 1;
      const name = `${who} ${body.metric.refid}`;
      if (body.alert.edge === EDGE.onset && (fold.onsets.get(name) ?? 0n) <= at) fold.onsets.set(name, at);
      return;
    }
    case "event":
      return;
  }
}

const nameOf = (device: string, node: readonly string[] = []): string => [device, ...node].join("/");
const byBed = (a: DeviceLine, b: DeviceLine): number => (`${a.socket} ${a.place}` < `${b.socket} ${b.place}` ? -1 : 1);

function ownIn<V>(all: Map<string, Map<string, V>>, who: string): Map<string, V> {
  const own = all.get(who) ?? new Map<string, V>();
  all.set(who, own);
  return own;
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
  const who = nameOf(device?.device ?? "", device?.node);
  return {
    device: device?.device ?? "",
    place: (device?.node ?? []).join("/"),
    socket: device?.socket ?? "",
    driver,
    mode: device?.mode ?? 0,
    liveness: LIVENESSES.get(liveness) ?? "unknown",
    values: [...(fold.values.get(who)?.values() ?? [])],
    waves: [...(fold.waves.get(who)?.values() ?? [])],
  };
}

const alertLines = ({ device, driver = "", conditions = [] }: DeviceState, fold: Fold): AlertLine[] =>
  conditions.map(({ refid, word = "" }) => ({
    device: device?.device ?? "",
    place: (device?.node ?? []).join("/"),
    socket: device?.socket ?? "",
    name: conditionName(driver, refid),
    word,
    since: fold.onsets.get(`${nameOf(device?.device ?? "", device?.node)} ${refid}`),
  }));
