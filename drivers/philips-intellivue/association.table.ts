// Facts: README.md, IV-16. Data only: constants of the ACSE and presentation encodings, one part a line.

/** Behind the length of the session header. */
export const SESSION: readonly string[] = ["05 08 13 01 00 16 01 02 80 00 14 02 00 02"];

/** Behind the length of the presentation header, up to the user data. */
export const PRESENTATION: readonly string[] = [
  "31 80 A0 80 80 01 01 00 00 A2 80 A0 03 00 00 01 A4 80",
  "30 80 02 01 01 06 04 52 01 00 01 30 80 06 02 51 01 00 00 00 00",
  "30 80 02 01 02 06 0C 2A 86 48 CE 14 02 01 00 00 00 01 01",
  "30 80 06 0C 2A 86 48 CE 14 02 01 00 00 00 02 01 00 00 00 00 00 00",
  "61 80 30 80 02 01 01 A0 80 60 80",
  "A1 80 06 0C 2A 86 48 CE 14 02 01 00 00 00 03 01 00 00",
  "BE 80 28 80 06 0C 2A 86 48 CE 14 02 01 00 00 00 01 01 02 01 02",
];

/** Zero bytes that close what the presentation header and the user data have opened. */
export const CLOSING_ZEROS = 16;

/** Version 1, nomenclature, no functional units, a client, cold start, no options. */
export const USER_WORDS: readonly string[] = ["80 00 00 00", "40 00 00 00", "00 00 00 00", "80 00 00 00", "20 00 00 00", "00 00 00 00"];

export const RELEASE_REQUEST: readonly string[] = [
  "09 18 C1 16 61 80 30 80 02 01 01 A0 80 62 80 80 01 00 00 00 00 00 00 00 00 00",
];

/** Waves that are asked for where the monitor sends none yet, by their labels (IV-24). */
export const WAVE_LABELS: readonly number[] = [0x00020100, 0x00020101, 0x00024bb4, 0x00024a14, 0x00025000];
