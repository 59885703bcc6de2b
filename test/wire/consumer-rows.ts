import { resolve } from "node:path";

/** What proto/consumer/consumer.py prints. */
export const CONSUMER = resolve(import.meta.dirname, "../../proto/consumer/consumer.py");

export type Row = Readonly<Record<string, string>>;
export type ConsumerStream = {
  readonly run: string;
  readonly epoch: number;
  readonly stream: string;
  readonly received: number;
  readonly duplicates: number;
  readonly gap: number;
  readonly why: readonly string[];
  readonly before: number;
  readonly power: number;
  readonly missing: number;
};
export type ConsumerGateway = {
  readonly presence: string;
  readonly death: string;
  readonly late_wills: number;
  readonly awaited: number;
  readonly unexplained: number;
  readonly heard: boolean;
};
export type ConsumerReport = {
  readonly streams: readonly ConsumerStream[];
  readonly gateways: Readonly<Record<string, ConsumerGateway>>;
  readonly broken: readonly string[];
  readonly unexplained: number;
};

/** Its CSV, as RFC 4180 has it; no cell of it has a line of its own. */
export function table(text: string): readonly Row[] {
  const cells = (line: string): readonly string[] =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
  const [names = [], ...rows] = text
    .split("\r\n")
    .filter((line) => line !== "")
    .map(cells);
  return rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? ""])));
}
