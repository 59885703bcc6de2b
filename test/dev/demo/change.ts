import { FAULTS, type FaultKey } from "../../../agent/fault/faults.table.ts";
import { DOCUMENT_STATUS, type Reported } from "../../../proto/messages.ts";
import type { Received } from "../../support/central.ts";
import { commandOf, type Push } from "./office.ts";
import { isReport } from "./shares.ts";
import type { Stage } from "./stage.ts";

/** The last part of the demo: a signed change that is applied, and a forged one that is refused. Times are seen from outside. */
export type Changes = { readonly signed: Signed | undefined; readonly forged: Forged | undefined };
export type Signed = {
  /** Of the demo's own time, when the command was entered; the others count from there. Undefined: it has not come to it. */
  readonly atMs: number;
  readonly appliedMs: number | undefined;
  readonly readMs: number | undefined;
  readonly tool: Push | undefined;
};
export type Forged = {
  readonly atMs: number;
  readonly refused: { readonly afterMs: number; readonly number: string; readonly what: string } | undefined;
  /** Every device was heard again after the refusal. */
  readonly goesOn: boolean;
  /** What the gateway said at last that it runs. */
  readonly runs: Pick<Reported, "generation" | "status"> | undefined;
  readonly tool: Push | undefined;
};
export const UNCHANGED: Changes = { signed: undefined, forged: undefined };

/** The generation of the signed change, behind the first admissions. */
const CHANGED = 2;
const APPLIED_WITHIN_MS = 25_000;
const READ_WITHIN_MS = 10_000;
const REFUSED_WITHIN_MS = 15_000;
/** A ventilator is asked every two seconds. */
const GOES_ON_WITHIN_MS = 15_000;

/** What a forged document is refused for. */
export const FORGED: FaultKey = "document.key_unknown";

export type ChangeOptions = {
  readonly stage: Stage;
  readonly elapsed: () => number;
  /** Called with each step that is seen. */
  readonly saw: (changes: Changes) => void;
  /** Shows what happens until the condition holds or the time is over. */
  readonly watch: (doing: string, until: () => boolean, withinMs: number) => Promise<boolean>;
};

export async function pushSigned({ stage, elapsed, saw, watch }: ChangeOptions): Promise<Signed> {
  const atMs = elapsed();
  let signed: Signed = { atMs, appliedMs: undefined, readMs: undefined, tool: undefined };
  const step = (more: Partial<Signed>): void => {
    signed = { ...signed, ...more };
    saw({ signed, forged: undefined });
  };
  const { office, central } = stage;
  const late = stage.admitLate();
  const doing = commandOf("hospital");
  step({});
  const pushed = office.push("hospital").then((tool) => step({ tool }));
  const isApplied = () => office.reported()?.status === DOCUMENT_STATUS.applied && office.reported()?.generation === CHANGED;
  if (await watch(doing, isApplied, APPLIED_WITHIN_MS)) step({ appliedMs: elapsed() - atMs });
  const isInTable = () =>
    central.birth()?.devices.some(({ device }) => device?.device === late) === true && hasReading(central.records, late, 0n);
  if (signed.appliedMs !== undefined && (await watch(doing, isInTable, READ_WITHIN_MS))) step({ readMs: elapsed() - atMs });
  await pushed;
  return signed;
}

export async function pushForged({ stage, elapsed, saw, watch }: ChangeOptions, signed: Signed): Promise<Forged> {
  const atMs = elapsed();
  let forged: Forged = { atMs, refused: undefined, goesOn: false, runs: undefined, tool: undefined };
  const step = (more: Partial<Forged>): void => {
    forged = { ...forged, ...more };
    saw({ signed, forged });
  };
  const { office, central } = stage;
  const doing = commandOf("stranger");
  step({});
  const pushed = office.push("stranger").then((tool) => step({ tool }));
  const refusal = () => office.reported()?.refusals.find(({ key }) => key === FORGED);
  const isTaken = (): boolean => office.reported()?.generation !== CHANGED;
  await watch(doing, () => refusal() !== undefined || isTaken(), REFUSED_WITHIN_MS);
  if (refusal() !== undefined) {
    const { number, what } = FAULTS[FORGED];
    step({ refused: { afterMs: elapsed() - atMs, number, what } });
  }
  const refusedAt = process.hrtime.bigint();
  const devices = stage.books().map(({ device }) => device);
  const goesOn = (): boolean => devices.every((device) => hasReading(central.records, device, refusedAt));
  if (forged.refused !== undefined && (await watch(doing, goesOn, GOES_ON_WITHIN_MS))) step({ goesOn: true });
  await pushed;
  const reported = office.reported();
  step({ runs: reported && { generation: reported.generation, status: reported.status } });
  return forged;
}

/** Looks from the newest backwards: it is asked a hundred times a second. */
const hasReading = (records: readonly Received[], device: string, since: bigint): boolean =>
  records.findLast(
    (record) => record.device.device === device && isReport(record) && record.body.observations.length > 0 && record.at >= since,
  ) !== undefined;

/** What is not as it should be; empty where the signed change was applied and seen, and the forged one refused and seen. */
export function changeFaults({ signed, forged }: Changes): readonly string[] {
  const said = (tool: Push | undefined): string => `(exit ${tool?.code ?? "unknown"}: ${tool?.said ?? "it did not end"})`;
  return [
    ...(signed?.appliedMs === undefined || signed.tool?.code !== 0
      ? [`the signed change was not applied ${said(signed?.tool)}`]
      : signed.readMs === undefined
        ? ["no reading came of the device that the signed change admits"]
        : []),
    ...(forged?.refused === undefined ? [`the gateway did not refuse the forged change ${said(forged?.tool)}`] : []),
    ...(forged?.tool?.code === 0 ? [`bedside-fleet believes that the forged change was applied ${said(forged.tool)}`] : []),
    ...(forged !== undefined && !forged.goesOn ? ["after the forged change not every device was heard"] : []),
    ...(forged !== undefined && !(forged.runs?.generation === CHANGED && forged.runs.status === DOCUMENT_STATUS.applied)
      ? ["the forged change took the place of what ran"]
      : []),
  ];
}
