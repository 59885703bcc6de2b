import type { Decimal } from "./decimal.ts";
import type { Word } from "./words.table.ts";

/**
 * What a driver can say of one frame. Words as in IEEE 11073-10207: a metric is declared once, a reading tells its value,
 * and "absent" is a statement of its own, never a number.
 */

/** How far a value may be believed (IEEE 11073-10207, MeasurementValidity). Where a reading names none it is valid. */
export type Validity =
  | "invalid"
  | "not_available"
  | "questionable"
  | "calibration_ongoing"
  | "overflow"
  | "underflow"
  /** Valid, and a person said so at the device. */
  | "validated"
  | "measurement_ongoing";

export type Kind = "numeric" | "setting" | "enumeration" | "text" | "wave" | "condition";

/** Samples per second as a rational: 62.5/s is [125, 2]. */
export type Rate = readonly [samples: number, seconds: number];
/** One point of a wave's scale: this raw integer is that physical value (11073 Scale-and-Range). */
export type ScalePoint = { readonly raw: number; readonly physical: Decimal };

type Named = {
  /** MDC reference id ("MDC_PULS_OXIM_SAT_O2"), or the vendor's own name where the nomenclature has no term ("pb840.f75"). */
  readonly refid: string;
  /** The device's own name of it ("f71", "float 9"); sent beside a code whose confidence is below A. */
  readonly name?: string;
  /** MDC unit ("MDC_DIM_PERCENT"). Absent for text, enumerations and conditions, and where the nomenclature has no such unit. */
  readonly unit?: string;
  /** Unit in UCUM, only where there is no MDC unit. */
  readonly ucum?: string;
};
/** Two points fix the line from raw to physical. */
export type Scale = readonly [ScalePoint, ScalePoint];
/** `rate` and `scale` are absent where the device tells them at run time: each reading carries its own. */
export type WaveMetric = Named & { readonly kind: "wave"; readonly rate?: Rate; readonly scale?: Scale };
export type ConditionMetric = Named & {
  readonly kind: "condition";
  /** What it concerns: a technical condition is about device or line, a physiological one about the patient (IEC 60601-1-8). */
  readonly nature: "technical" | "physiological";
  /** Refid of the metric it qualifies, or "device". */
  readonly on: string;
};
export type ValueMetric = Named & { readonly kind: "numeric" | "setting" | "enumeration" | "text" };
export type Metric = ValueMetric | WaveMetric | ConditionMetric;

/** Where and why; every part is optional. */
export type About = {
  /** Device node below the port: system / slot / channel, as in 11073 MDS / VMD / channel. Absent: the port's one device. */
  readonly node?: readonly string[];
  /** Why the validity is what it is. */
  readonly reason?: Word;
  /** Further words of the device about this ("in_alarm", "silenced"), in an order that does not change by itself. */
  readonly qualifiers?: readonly Word[];
  /** The device says that it is demonstrating or testing: no patient's value. */
  readonly demo?: true;
  /** Of a value: read from the device's memory. It happened at the device time of this frame, and may come again. */
  readonly stored?: true;
};

export type Reading = About &
  (
    | { readonly told: "number"; readonly metric: ValueMetric; readonly value: Decimal; readonly validity?: Validity }
    | { readonly told: "text"; readonly metric: ValueMetric; readonly value: string; readonly validity?: Validity }
    | { readonly told: "absent"; readonly metric: ValueMetric; readonly validity: Validity }
    | {
        readonly told: "wave";
        readonly metric: WaveMetric;
        /** Raw integers, exactly as sent. */
        readonly samples: readonly number[];
        /** In place of samples: for this many the device said that there is no value. */
        readonly absent?: number;
        /** Number of the first sample, counted by the driver; a hole in the count is a hole in the wave. */
        readonly first: number;
        /** A hole before it of which nobody knows the length; `first` is then any later number. */
        readonly gapBefore?: true;
        readonly validity?: Validity;
        /** As the device told at run time; each goes before what the metric declares. */
        readonly rate?: Rate;
        readonly scale?: Scale;
      }
    | {
        readonly told: "condition";
        readonly metric: ConditionMetric;
        readonly present: boolean;
        /** The device's own word or colour ("HIGH", "RESET"), carried verbatim. */
        readonly word?: string;
        /** The device's own count of priority, verbatim ("29" of 1 to 31). */
        readonly rank?: string;
      }
    | { readonly told: "identity"; readonly fact: "model" | "serial" | "firmware"; readonly value: string }
    | {
        /** The device's own clock or counter, verbatim: no zone, no offset. It qualifies the whole frame. */
        readonly told: "deviceTime";
        readonly value: string;
      }
    | {
        /** Bytes of accepted frames that were given up (a packet out of step): never silent. */
        readonly told: "unreadable";
        readonly bytes: number;
        /** What they should have been: the name of a metric, or a place that the protocol has. Nothing of the bytes themselves. */
        readonly about?: string;
      }
    | {
        /** The node is no longer there; its epoch ends. What a frame tells of it behind this is of another attachment. */
        readonly told: "removed";
        readonly node: readonly string[];
      }
  );

/** The name of a metric of a node in ledgers and captures: "1/K MDC_FLOW_FLUID_PUMP", and without a node its refid. */
export const keyAt = (node: readonly string[] | undefined, refid: string): string =>
  node === undefined || node.length === 0 ? refid : `${node.join("/")} ${refid}`;

/** A unit of a table: MDC ("MDC_DIM_PERCENT"), else UCUM; "" is none. */
export function unitOf(unit: string): Pick<ValueMetric, "unit" | "ucum"> {
  if (unit === "") return {};
  return unit.startsWith("MDC_") ? { unit } : { ucum: unit };
}

export const numeric = (refid: string, unit: string | undefined, more: Partial<ValueMetric> = {}): ValueMetric => ({
  kind: "numeric",
  refid,
  ...(unit === undefined ? {} : { unit }),
  ...more,
});
