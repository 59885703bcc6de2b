import type { Self } from "../effects/node/process.ts";
import { EXIT } from "./exit.ts";
import { BUILD, VERSION } from "./version.ts";
import type { Words } from "./words.ts";

export function version(words: Words, self: Self): number {
  const node = self.versions;
  const told = { version: VERSION, build: BUILD, node: node.node, openssl: node.openssl, arch: self.arch };
  self.out(
    words.json ? `${JSON.stringify(told)}\n` : `bedside ${VERSION} (${BUILD}), Node ${node.node}, OpenSSL ${node.openssl}, ${self.arch}\n`,
  );
  return EXIT.ok;
}
