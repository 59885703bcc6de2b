import type { Board, DeviceLine } from "./board.ts";
import { CAST, GATEWAY } from "./cast.ts";
import type { Changes } from "./change.ts";
import type { DeviceTally } from "./ledger.ts";
import type { Outcome, Scene } from "./play.ts";
import { ruleText } from "./stage.ts";
import { metricName, unitName, validityName } from "./words.ts";

/** The machine-readable forms: one object a second, and the summary at the end. */

export type Summary = {
  readonly observations: number;
  readonly waveBlocks: number;
  readonly alerts: number;
  readonly devices: readonly { device: string; sent: number; received: number; unheard: number }[];
  readonly blocked: readonly { location: string; reasons: readonly string[] }[];
  readonly lost: number;
  readonly unexplained: number;
  /** `seconds`: from each kill, on each port, until a whole unit is heard again, summed up. */
  readonly unheard: { readonly seconds: number; readonly units: number };
  readonly restarts: number;
  readonly changes: ReturnType<typeof changesOf>;
};

export function summaryOf(board: Board, { tallies, unexplained, restarts, changes }: Outcome): Summary {
  const { observations, waveBlocks, alerts } = board.counts;
  const silent = tallies.flatMap(({ absences }) => absences).reduce((sum, absence) => sum + (absence.silent ?? 0n), 0n);
  return {
    observations,
    waveBlocks,
    alerts,
    devices: tallies.map(counted),
    blocked: board.blocked.map(({ location, reasons }) => ({ location, reasons })),
    lost: tallies.reduce((sum, { lost }) => sum + lost.length, 0),
    unexplained,
    unheard: { seconds: Number(silent / 1_000_000n) / 1000, units: tallies.reduce((sum, { unheard }) => sum + unheard, 0) },
    restarts,
    changes: changesOf(changes),
  };
}

/** Milliseconds count from when the command was entered; null: it was not seen. */
function changesOf({ signed, forged }: Changes) {
  const whole = (time: number | undefined): number | null => (time === undefined ? null : Math.round(time));
  return {
    signed: signed === undefined ? null : { appliedMs: whole(signed.appliedMs), firstReadingMs: whole(signed.readMs) },
    forged:
      forged === undefined
        ? null
        : { refused: forged.refused?.number ?? null, refusedMs: whole(forged.refused?.afterMs), goesOn: forged.goesOn },
  };
}

const counted = ({ device, sent, received, unheard }: DeviceTally) => ({ device, sent, received, unheard });

export function secondOf(board: Board, scene: Scene, now: bigint): object {
  const { status, tallies, elapsedMs, restarts, changes } = scene;
  return {
    elapsedSeconds: Math.round(elapsedMs / 100) / 10,
    gateway: { id: GATEWAY, presence: board.gateway.presence, run: board.gateway.run, start: board.gateway.start },
    devices: board.devices.map((device) => deviceOf(device, now)),
    blocked: board.blocked.map((one) => ({ ...one, missingRule: missingRule(one.location) })),
    changes: changesOf(changes),
    alerts: board.alerts.map(({ since: _monotonic, ...alert }) => alert),
    ledger: {
      devices: tallies.map((one) => ({ ...counted(one), onTheWay: one.onTheWay })),
      ...board.counts,
      restarts,
      agent: status === undefined ? null : { ledger: status.ledger, unexplained: status.unexplained },
    },
  };
}

/** What a person would write to have this port read; null where the demo knows nothing of it. */
function missingRule(location: string): string | null {
  const part = CAST.find((one) => one.location === location);
  return part === undefined ? null : ruleText(location, part.rule);
}

function deviceOf({ device, place, socket, driver, liveness, mode, values }: DeviceLine, now: bigint) {
  return {
    device,
    node: place,
    socket,
    driver,
    model: CAST.find(({ rule }) => rule.device === device)?.model,
    liveness,
    mode: mode === 1 ? "real" : "test",
    values: values.map(({ metric, value, validity, reason, at }) => ({
      refid: metric.refid,
      name: metricName(metric),
      value,
      unit: unitName(metric),
      validity: validityName(validity, reason),
      ageSeconds: Math.round(Number(now - at) / 1e7) / 100,
    })),
  };
}

/** What is wrong, line by line; empty where the two ledgers are equal and nothing else is wrong. */
export const wrongs = ({ tallies, problems, unexplained }: Outcome): readonly string[] => [
  // Causes first.
  ...problems,
  ...tallies.flatMap(({ lost }) => lost.map((what) => `lost: ${what}`)),
  ...tallies.flatMap(({ invented }) => invented.map((what) => `invented: ${what}`)),
  ...(unexplained === 0 ? [] : [`the agent cannot explain ${unexplained} records`]),
];
