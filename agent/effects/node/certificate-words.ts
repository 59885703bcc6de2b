import type { X509Certificate } from "node:crypto";

/** A certificate in words: whose it is, who issued it, when it holds, for which names. */
export function describe(certificate: X509Certificate): string {
  const names = certificate.subjectAltName === undefined ? "" : `, names ${printable(certificate.subjectAltName)}`;
  const valid = `valid ${day(certificate.validFromDate)} to ${day(certificate.validToDate)}`;
  return `"${nameOf(certificate.subject)}" issued by "${nameOf(certificate.issuer)}", ${valid}${names}`;
}

/** The common name where there is one, the whole name otherwise. */
export function nameOf(name: string): string {
  const common = name.split("\n").find((line) => line.startsWith("CN="));
  return printable(common?.slice(3) ?? name.replaceAll("\n", ", "));
}

/** To the minute. */
export const day = (date: Date): string => `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;

const WORDS_MAX = 200;

/** Text of the other side goes into logs and onto terminals: no control characters, and not endless. */
export function printable(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "?").slice(0, WORDS_MAX);
}
