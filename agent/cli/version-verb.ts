import { EXIT } from "../../config/command-line.ts";
import { ownParts } from "../effects/node/own-parts.ts";
import type { Self } from "../effects/node/process.ts";
import type { PackagedParts, Part } from "./parts.ts";
import { BUILD, VERSION } from "./version.ts";
import type { Words } from "./words.ts";

/** `bedside version`: a few lines at once; with --parts or --json everything, for which the whole file is read. */
export async function version({ json, parts: all }: Words, self: Self): Promise<number> {
  const text = ownParts();
  const parts = text === undefined ? undefined : (JSON.parse(text) as PackagedParts);
  const { node, openssl } = self.versions;
  const told = { version: VERSION, build: BUILD, arch: self.arch, node, openssl };
  if (json) self.out(`${JSON.stringify({ ...told, ...(parts === undefined ? {} : { sha256: await sha256(), parts }) })}\n`);
  else {
    self.out(`bedside ${VERSION} (${BUILD}), ${self.arch}, Node ${node}, OpenSSL ${openssl}\n`);
    if (parts === undefined) self.out("runs from source: it has no hash, and no list of parts\n");
    else self.out(all ? listed(parts, await sha256()) : summed(parts));
  }
  return EXIT.ok;
}

/** Loaded only where it is wanted: OpenSSL's start costs as much as all the rest of `version`. */
const sha256 = async (): Promise<string> => (await import("../effects/node/own-hash.ts")).ownSha256();

const summed = ({ glibc, npm, node }: PackagedParts): string =>
  `needs    glibc ${glibc} or newer\n` +
  `parts    ${npm.length} npm packages, the serial add-on, Node with ${node.parts.length} libraries\n` +
  "         bedside version --parts  lists them with licences and hashes\n";

function listed({ glibc, npm, addon, node }: PackagedParts, sha256: string): string {
  const row = ({ name, version, licence }: Part): string => `  ${name.padEnd(26)} ${version.padEnd(26)} ${licence}\n`;
  const rows = (parts: readonly Part[]): string => parts.map(row).join("");
  return (
    `sha256   ${sha256}\nneeds    glibc ${glibc} or newer\n` +
    `\nNode\n${row(node)}  ${node.hash}\n${rows(node.parts)}` +
    `\nserial add-on\n${row(addon)}  ${addon.hash}\n${rows(addon.parts)}` +
    `\nnpm packages (hashes: --json)\n${rows(npm)}`
  );
}
