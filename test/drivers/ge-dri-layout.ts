/**
 * The groups of the four classes, written down a second time and in another way than the driver's tables: in their order, with the
 * places that follow from their sizes (a header of 6 bytes, 2 a value). A digit or a name too many here or there fails a test.
 */
type Field = { readonly name: string; readonly at: number; readonly exponent: number };
export type LaidGroup = { readonly name: string; readonly classNumber: number; readonly at: number; readonly fields: readonly Field[] };

const PRESSURE = "sys-2 dia-2 mean-2 hr";
const SATURATION = "spo2-2 pr ir_amp-2 svo2-2";
const EEG = [1, 2, 3, 4].map((n) => `ampl_${n}-1 sef_${n}-1 mf_${n}-1 delta_${n} theta_${n} alpha_${n} beta_${n} bsr_${n}`).join(" ");

/** "name: values" where a value that ends in -k counts in 10^-k; "+n" are n bytes of no interest; "ecg_extra" has no header. */
const CLASSES: readonly string[] = [
  `ecg: hr st1-2 st2-2 st3-2 imp_rr; p1: ${PRESSURE}; p2: ${PRESSURE}; p3: ${PRESSURE}; p4: ${PRESSURE}; nibp: ${PRESSURE};
   t1: temp-2; t2: temp-2; t3: temp-2; t4: temp-2; spo2: ${SATURATION}; co2: et-2 fi-2 rr amb_press-1; o2: et-2 fi-2; n2o: et-2 fi-2;
   aa: et-2 fi-2 mac-2; flow_vol: rr ppeak-2 peep-2 pplat-2 tv_insp-1 tv_exp-1 compliance-2 mv_exp-2;
   co_wedge: co blood_temp-2 ref-2 pcwp-2; nmt: t1-1 ratio-1 +2; ecg_extra: hr_ecg hr_max hr_min; svo2: svo2-2;
   p5: ${PRESSURE}; p6: ${PRESSURE}; +2`,
  `arrh: hr rr_time pvc +36; ecg12: st_i-2 st_ii-2 st_iii-2 st_avl-2 st_avr-2 st_avf-2 st_v1-2 st_v2-2 st_v3-2 st_v4-2 st_v5-2 st_v6-2;
   p7: ${PRESSURE}; p8: ${PRESSURE}; spo2_2: ${SATURATION}; t5: temp-2; t6: temp-2; +134`,
  `nmt2: count t1 t2 t3 t4 +8; eeg: femg-1 ${EEG}; bis: bis sqi emg sr +2; ent: se re bsr +16; +58; +32; spi: spi +8; +24`,
  `gasex: vo2-1 vco2-1 ee rq-3; flow_vol2: ipeep-2 pmean-2 raw-2 mv_insp-2 epeep-2 mv_spont-2 ie_ratio-2 insp_time-2 exp_time-2
   static_compliance-2 static_pplat-2 static_peepe-2 static_peepi-2 +14; bal: et-2 fi-2;
   tono: prco2-2 pr_et-2 pr_pa-2 pa_delay phi-2 phi_delay amb_press-1 cpma-1; aa2: mac_age-2 +16; delp: spv-2 ppv-2; cpp: cpp-2;
   cpp2: cpp-2; picco: cci cco cfi-2 ci co cpi cpo dpmax elwi-1 evlw gedi gedv gef-1 itbi itbv ppv-1 pvpi-2 sv-1 svi-1 svr svri svv-1
   tblood-2 tinj-2; +74`,
];

export const DATA_AT = 4;
export const DATA_BYTES = 270;

function laid(text: string, classNumber: number): { readonly groups: readonly LaidGroup[]; readonly end: number } {
  const groups: LaidGroup[] = [];
  let at = DATA_AT;
  for (const part of text.split(";").map((words) => words.trim())) {
    if (part.startsWith("+")) {
      at += Number(part);
      continue;
    }
    const [name = "", values = ""] = part.split(/:\s*/);
    const headerless = name === "ecg_extra";
    const group = { name, classNumber, at: headerless ? DATA_AT : at, fields: [] as Field[] };
    if (!headerless) at += 6;
    for (const word of values.split(/\s+/)) {
      const [, value, digits] = /^([a-z]\w*)(?:-(\d))?$/.exec(word) ?? [];
      if (value !== undefined) group.fields.push({ name: `${name}.${value}`, at, exponent: digits === undefined ? 0 : -Number(digits) });
      at += word.startsWith("+") ? Number(word) : 2;
    }
    groups.push(group);
  }
  return { groups, end: at };
}

const LAID = CLASSES.map(laid);
export const LAYOUT: readonly LaidGroup[] = LAID.flatMap(({ groups }) => groups);
/** Where each class ends, which must be the end of its data area. */
export const ENDS: readonly number[] = LAID.map(({ end }) => end);
