import { readBody, trustedKeys } from "../../config/bodies.ts";
import type { Expectation, Kind } from "../../config/envelope/envelope.ts";
import type { Rule, Settings } from "../../config/schema.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { linesByDriver } from "../../drivers/kit/line.ts";
import type { Known } from "../configure/document.ts";
import { type DocumentFile, filesOfKind, judgeFile } from "../configure/document-file.ts";
import { nodeClock } from "../effects/node/clock.ts";
import { nodeSignatures } from "../effects/node/signatures.ts";
import { readSmallFile } from "../effects/node/small-file.ts";
import { Fault, faultText } from "../fault/fault.ts";

/** A signed document is no longer than this: the longest payload, and what it is signed with. */
const SIGNED_FILE_MAX = 256 * 1024;

/** The documents that a configuration file names. One that cannot be read stops nothing: it is told instead. */
export const readDocumentFiles = ({ documents }: Pick<Settings, "documents">): Promise<readonly DocumentFile[]> =>
  Promise.all(documents.map(readOne));

async function readOne(path: string): Promise<DocumentFile> {
  try {
    const { bytes } = await readSmallFile(path, { max: SIGNED_FILE_MAX, key: "document.file_unreadable", name: "a signed document" });
    return { path, bytes };
  } catch (caught) {
    if (caught instanceof Fault) return { path, fault: caught };
    throw caught;
  }
}

/** What a gateway with this file expects of a document. */
export const expectedBy = (settings: Settings, kind: Kind): Omit<Expectation, "now"> => ({
  kind,
  gateway: settings.gateway,
  keys: trustedKeys(settings),
  verify: nodeSignatures().verify,
});

/** What a document is judged by now, where none came before. */
export const knownFresh = (expected: Omit<Expectation, "now">): Known => ({
  ...expected,
  sha256: nodeSignatures().sha256,
  now: nodeClock().wall(),
  running: undefined,
  floor: undefined,
  refused: [],
  readBody: (body) => readBody(expected.kind, body, { drivers: linesByDriver(DRIVERS) }),
});

/** The rules by which a gateway with this file would begin, if it knew nothing else; and what it would refuse, in words. */
export async function admissionsOf(settings: Settings): Promise<{ readonly rules: Rule[]; readonly told: readonly string[] }> {
  const files = await readDocumentFiles(settings);
  const told = files.flatMap((one) => ("fault" in one ? [faultText(one.fault)] : []));
  const known = knownFresh(expectedBy(settings, "admissions"));
  let rules: Rule[] = settings.rules;
  for (const { path, bytes } of filesOfKind("admissions", files)) {
    const judged = judgeFile(bytes, known);
    if (judged.is === "good") rules = judged.document.values.rules ?? [];
    if (judged.is === "refused")
      for (const { key, text } of judged.findings.slice(0, 1)) told.push(faultText(new Fault(key, `${path} would be refused: ${text}`)));
  }
  return { rules, told };
}
