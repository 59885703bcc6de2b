// Facts: README.md, BB-1 to BB-9. Data only, one row a line.
import type { AlarmRow, ParameterRow } from "./parameter.ts";

/** What a pump says. What stands in none of these tables is not known: BB-19. */
export const PARAMETERS: readonly ParameterRow[] = [
  ["INRT", "numeric", "number", "", "MDC_DIM_MILLI_L_PER_HR", "rate as the pump states it, also while it stands"],
  ["INVI", "numeric", "number", "MDC_VOL_FLUID_DELIV", "MDC_DIM_MILLI_L", "volume infused"],
  ["INVTB", "setting", "number", "MDC_VOL_FLUID_TBI", "MDC_DIM_MILLI_L", "volume to be infused"],
  ["INVOLACT", "numeric", "number", "", "MDC_DIM_MILLI_L", "volume in the syringe"],
  ["INSYR", "setting", "number", "", "MDC_DIM_MILLI_L", "size of the syringe"],
  ["INRMT", "numeric", "ends", "", "MDC_DIM_SEC", "time remaining"],
  ["INTIME", "numeric", "tops", "", "MDC_DIM_MIN", "infusion time"],
  ["INAKKU", "numeric", "number", "", "MDC_DIM_MIN", "battery"],
  ["INSTBY", "numeric", "number", "", "MDC_DIM_MIN", "standby"],
  ["INBORT", "numeric", "number", "", "MDC_DIM_MILLI_L_PER_HR", "bolus rate"],
  ["INBOVAL", "numeric", "number", "", "MDC_DIM_MILLI_L", "bolus volume"],
  ["INBOCNT", "numeric", "counter", "", "", "boluses since the last request"],
  ["INAVRT", "numeric", "counter", "", "MDC_DIM_MILLI_L_PER_HR", "average rate since the last request"],
  ["DISPCHG", "numeric", "counter", "", "", "counted since the last request"],
  ["INP1", "setting", "number", "", "", "pressure setting"],
  ["INP2", "numeric", "number", "", "MDC_DIM_PERCENT", "pressure, of the alarm limit"],
  ["TCIAWA", "numeric", "ends", "", "", "stops at 10000"],
  ["INDCON", "setting", "unit", "MDC_CONC_DRUG", "", "drug concentration"],
  ["INDORT", "numeric", "unit", "MDC_RATE_DOSE", "", "dose rate"],
  ["INDCONU", "enumeration", "number", "", "", "unit code of INDCON"],
  ["INDORTU", "enumeration", "number", "", "", "unit code of INDORT"],
  ["INDOCAL", "enumeration", "number", "", "", "dose mode"],
  ["INSOL", "text", "word", "MDC_DRUG_NAME_TYPE", "", "long drug name"],
  ["INSOLSN", "text", "word", "", "", "short drug name"],
  ["INSOLID", "text", "word", "", "", "drug id"],
  ["DSSTATUS", "enumeration", "word", "", "", "00050 off, 00051 on"],
  ["RUNSTATE", "enumeration", "number", "MDC_PUMP_STAT", "", "bits: stop 0, run 1, alarm 2, KVO 3, menu 4, pre-alarm 5"],
  ["ACTCHAN", "enumeration", "number", "", "", "0 piggyback, 1 primary"],
  ["INM1", "enumeration", "number", "", "", "ready"],
  ["INM2", "enumeration", "number", "", "", "bolus"],
  ["INM3", "enumeration", "number", "", "", "pumping"],
  ["INM5", "enumeration", "number", "", "", "bolus released"],
  ["INM6", "enumeration", "number", "", "", "standby"],
  ["INM7", "enumeration", "number", "", "", "data lock"],
  ["INM8", "enumeration", "number", "", "", "1 = mains"],
  ["INM10", "enumeration", "number", "", "", "KVO"],
  ["INM12", "enumeration", "number", "", "", "soft limit low"],
  ["INM13", "enumeration", "number", "", "", "soft limit high"],
  ["INM14", "enumeration", "number", "", "", "purge"],
  ["INNR", "text", "word", "", "", "serial number of older software"],
  ["GNNEW", "text", "word", "", "", "software of newer pumps"],
  ["GNACK", "enumeration", "number", "", "", "answer of the rack to ALIVE"],
  ["GNERR", "enumeration", "number", "", "", "error: 11 no pumps, 39 removed, 68 syntax, 811 wrong pump"],
];

/** 1 is present, 0 is not. `on`: a parameter of the table above, or "device". */
export const ALARMS: readonly AlarmRow[] = [
  ["INA1", "", "device", "battery empty"],
  ["INA2", "", "INVOLACT", "syringe empty"],
  ["INA3", "MDC_EVT_FLUID_LINE_OCCL", "device", "pressure"],
  ["INA5", "", "device", "standby over"],
  ["INA7", "", "INVTB", "end of volume"],
  ["INA8", "", "INTIME", "time over"],
  ["INA9", "", "device", "syringe"],
  ["INA11", "MDC_EVT_BATT_LO", "device", "battery pre-alarm"],
  ["INA12", "", "INVOLACT", "syringe pre-alarm"],
  ["INA14", "", "device", "drop"],
  ["INA15", "", "device", "air"],
  ["INA16", "", "device", "KVO end"],
];

/** What a pump says of itself: of each fact the first that has a value (BB-17). */
export const IDENTITIES: readonly (readonly [parameter: string, fact: "model" | "serial" | "firmware"])[] = [
  ["INSERNUM", "serial"],
  ["INNR", "serial"],
  ["GNMODEL", "firmware"],
  ["GNNEW", "firmware"],
];

/** BB-9: a patient's or a nurse's, or not asked for. Thrown away where they are cut out of a block. */
export const WITHHELD: readonly string[] = [
  "PATID",
  "PATIDBADGE",
  "PATIDDRUG",
  "NURSEID",
  "DRUGORDERNO",
  "PATW",
  "PATH",
  "PATAGE",
];

/** BB-6, BB-7: the last value of the field. An "ends" is no value there; a "tops" is one that goes no further. */
export const LAST_VALUES: Readonly<Record<string, string>> = { INRMT: "65535", TCIAWA: "10000", INTIME: "6000" };
