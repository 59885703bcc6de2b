import { readBody } from "../../config/bodies.ts";
import { claimsOf } from "../../config/claims.ts";
import { EXIT } from "../../config/command-line.ts";
import type { Envelope, Kind } from "../../config/envelope/envelope.ts";
import { readFileSettings } from "../../config/schema.ts";
import { isFields } from "../../config/settings/fields.ts";
import { byLines, type Told, toldLine } from "../../config/settings/mistakes.ts";
import { type Warning, warningsOf } from "../../config/settings/warnings.ts";
import { DRIVERS } from "../../drivers/index.ts";
import { linesByDriver } from "../../drivers/kit/line.ts";
import { decodeSignedDocument } from "../../proto/codec.ts";
import { judgeDocument } from "../configure/document.ts";
import type { Self } from "../effects/node/process.ts";
import { Fault, faultRow, faultText } from "../fault/fault.ts";
import { configInvalid, readConfigBytes, readConfigFile, readYaml } from "./config-file.ts";
import { expectedBy, knownFresh } from "./document-files.ts";
import type { Words } from "./words.ts";

type Kinds = "file" | Kind;
type Checked =
  | { readonly is: "right"; readonly kind: Kinds; readonly about: readonly string[]; readonly warnings: readonly Warning[] }
  | { readonly is: "wrong"; readonly kind: Kinds; readonly fault: Fault; readonly mistakes: readonly Told[] };

const SIGNED = ".signed";

/** `bedside config check FILE`: exit 1 where the document would be refused. Nothing is opened but the file, nothing is sent. */
export async function configCheck({ operand: file = "", kind, config, json }: Words, self: Self): Promise<number> {
  const bytes = await readConfigBytes(file);
  const checked = file.endsWith(SIGNED) ? await checkSigned(file, bytes, config) : checkText(file, new TextDecoder().decode(bytes), kind);
  self.out(json ? `${JSON.stringify(rowOf(file, checked))}\n` : textOf(file, checked));
  return checked.is === "right" ? EXIT.ok : EXIT.failed;
}

function checkText(file: string, text: string, kind: Kinds = "file"): Checked {
  const yaml = readYaml(text);
  if ("mistakes" in yaml) return wrong(file, kind, yaml.mistakes);
  const { value, lineOf } = yaml;
  const read = kind === "file" ? readFileSettings(value) : readBody(kind, value, { drivers: linesByDriver(DRIVERS) });
  if (!("mistakes" in read)) {
    const taken = "settings" in read ? read.settings : read.values;
    const about =
      "settings" in read ? [`the configuration of gateway ${read.settings.gateway}`] : [`the body of a document of kind ${kind}`];
    return { is: "right", kind, about, warnings: warningsOf(kind, taken) };
  }
  const mistakes = byLines(read.mistakes, lineOf);
  return wrong(file, kind, kind === "file" ? [...mistakes, ...hint(value)] : mistakes);
}

/** Who writes the body of a document and forgets --kind is told so. */
function hint(value: unknown): readonly Told[] {
  const isBody = isFields(value) && Object.keys(value).length > 0 && !("gateway" in value);
  const meant = isBody && "rules" in value ? "admissions" : "settings";
  return isBody ? [{ path: "", message: `is this the body of a document, and no gateway's file? Then add  --kind ${meant}` }] : [];
}

const wrong = (file: string, kind: Kinds, mistakes: readonly Told[]): Checked => ({
  is: "wrong",
  kind,
  mistakes,
  fault: configInvalid(file, mistakes.map(toldLine)),
});

// ── A signed document ──

/** As the gateway whose file is given would judge it; without one as its own audience, and its signature stays unchecked. */
async function checkSigned(file: string, bytes: Uint8Array, config: string | undefined): Promise<Checked> {
  const claims = claimsOf(decodeSignedDocument(bytes) ?? { payload: new Uint8Array(), signatures: [] });
  const { kind } = claims;
  const gateway = config === undefined ? undefined : await readConfigFile(config);
  const expected = gateway === undefined ? { ...claims, verify: () => true } : expectedBy(gateway, kind);
  const judged = judgeDocument(bytes, knownFresh(expected));
  switch (judged.is) {
    case "same":
      return { is: "right", kind, about: [], warnings: [] };
    case "good": {
      const { envelope, values } = judged.document;
      return { is: "right", kind, about: aboutOf(envelope, gateway?.gateway), warnings: warningsOf(kind, values) };
    }
    case "refused": {
      const mistakes = judged.findings.map(({ path, text }): Told => ({ path, message: text }));
      const [first] = judged.findings;
      const lines = mistakes.map((one) => `           ${one.path === "" ? one.message : toldLine(one)}`);
      return {
        is: "wrong",
        kind,
        mistakes,
        fault: new Fault(first?.key ?? "document.invalid", `${file} would be refused\n${lines.join("\n")}`),
      };
    }
  }
}

const aboutOf = ({ kind, generation, audience, expires, by, reason }: Envelope, gateway: string | undefined): readonly string[] => [
  `${kind}, generation ${generation}, for ${audience.length === 1 ? audience[0] : `${audience.length} gateways`}, taken until ${expires}`,
  `by ${by}: ${reason}`,
  gateway === undefined
    ? "its signature is not checked: give  --config FILE  with the gateway's own file, which names the keys"
    : `its signature holds, and ${gateway} takes it where its generation is higher than what it has`,
];

// ── What is told ──

const rowOf = (file: string, checked: Checked) =>
  checked.is === "right"
    ? { file, kind: checked.kind, ok: true, mistakes: [], warnings: checked.warnings }
    : { file, kind: checked.kind, ok: false, mistakes: checked.mistakes, warnings: [], fault: faultRow(checked.fault) };

function textOf(file: string, checked: Checked): string {
  if (checked.is === "wrong") return `${faultText(checked.fault)}\n`;
  const { about, warnings } = checked;
  const count = warnings.length === 0 ? "" : `, with ${warnings.length === 1 ? "a warning" : `${warnings.length} warnings`}`;
  const lines = [
    `${file} is right${count}`,
    ...about.map((one) => `  ${one}`),
    ...warnings.map(({ path, message }) => `  warning  ${path}: ${message}`),
  ];
  return `${lines.join("\n")}\n`;
}
