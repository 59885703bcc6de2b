import { mistakeLines } from "../bodies.ts";
import { toBase64 } from "../bytes-text.ts";
import { ROLE_OF, type Role, type TrustedKey } from "../envelope/envelope.ts";
import type { Mistake } from "../settings/mistakes.ts";
import type { Effects, SigningKey } from "./effects.ts";
import { readSecret } from "./secret.ts";
import { trustedKey } from "./site.ts";
import { Trouble } from "./trouble.ts";
import { readYaml } from "./yaml-text.ts";

/** A key that can sign, with what the gateways know it by. */
export type Signer = SigningKey & { readonly id: string; readonly role: Role };
export type Passphrase = { readonly file: string | undefined; readonly none: boolean };

/** A stolen file can be tried as often as one likes. */
const PASSPHRASE_MIN = 12;
const PASSPHRASE_MAX = 1024;
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The line that belongs into a gateway's trust list. JSON text is YAML text. */
export const trustLine = ({ id, role, publicKey }: TrustedKey): string => `- { id: ${id}, role: ${role}, key: "${toBase64(publicKey)}" }`;

/** Makes FILE (private, 0600) and FILE.pub. Nothing is overwritten. */
export async function newKey(
  fx: Effects,
  wanted: { readonly file: string; readonly id: string; readonly role: string; readonly passphrase: Passphrase },
): Promise<TrustedKey> {
  const { file, id, passphrase } = wanted;
  if (!ID.test(id)) throw new Trouble("usage", `--id ${JSON.stringify(id)}: letters, digits, ".", "_" or "-", for example ops-1`);
  const role = Object.values(ROLE_OF).find((one) => one === wanted.role);
  if (role === undefined)
    throw new Trouble("usage", `--role is ${Object.values(ROLE_OF).join(" or ")}, not ${JSON.stringify(wanted.role)}`);
  for (const path of [file, `${file}.pub`]) if (fx.modeOf(path) !== undefined) throw new Trouble("file.exists", `${path} is there already`);
  const { pem, publicKey } = fx.newKey(await newPassphrase(fx, passphrase));
  const key: TrustedKey = { id, role, publicKey };
  fx.write(file, new TextEncoder().encode(pem), { mode: 0o600, fresh: true });
  fx.write(`${file}.pub`, new TextEncoder().encode(`${trustLine(key)}\n`), { mode: 0o644, fresh: true });
  return key;
}

async function newPassphrase(fx: Effects, { file, none }: Passphrase): Promise<string | undefined> {
  if (none) return undefined;
  const first = file === undefined ? await fx.ask("Passphrase for the new key: ") : passphraseIn(fx, file);
  if (first === undefined) throw new Trouble("key.no_passphrase", "A passphrase is wanted, and there is no terminal to ask at");
  if (first.length < PASSPHRASE_MIN || first.length > PASSPHRASE_MAX)
    throw new Trouble("usage", `a passphrase has at least ${PASSPHRASE_MIN} characters; four or five words are good`);
  if (file === undefined && (await fx.ask("The same again: ")) !== first) throw new Trouble("key.passphrase", "The two passphrases differ");
  return first;
}

/** Opens FILE with what FILE.pub says of it. A file that others can read is refused. */
export async function openSigner(fx: Effects, file: string, passphrase: Passphrase): Promise<Signer> {
  const pem = readSecret(fx, file, "key.unreadable");
  const said = publicPart(fx, `${file}.pub`);
  const locked = new TextDecoder("latin1").decode(pem).includes("BEGIN ENCRYPTED PRIVATE KEY");
  const secret = locked ? await askPassphrase(fx, file, passphrase) : undefined;
  const key = fx.openKey(pem, file, secret);
  if (key.publicKey.some((byte, at) => byte !== said.publicKey[at]))
    throw new Trouble("key.public", `${file}.pub is the public part of another key than ${file}`);
  return { ...key, id: said.id, role: said.role };
}

async function askPassphrase(fx: Effects, name: string, { file }: Passphrase): Promise<string> {
  const said = file === undefined ? await fx.ask(`Passphrase of ${name}: `) : passphraseIn(fx, file);
  if (said !== undefined) return said;
  throw new Trouble("key.no_passphrase", `${name} is locked with a passphrase, and there is no terminal to ask at`);
}

/** The first line of a file that only its owner can read. */
function passphraseIn(fx: Effects, file: string): string {
  return new TextDecoder().decode(readSecret(fx, file)).split(/\r?\n/)[0] ?? "";
}

function publicPart(fx: Effects, file: string): TrustedKey {
  const read = readYaml(new TextDecoder().decode(fx.read(file, "key.public")));
  const mistakes: Mistake[] = [];
  const list = "value" in read ? read.value : undefined;
  const key = Array.isArray(list) && list.length === 1 ? trustedKey(list[0], "[0]", mistakes) : undefined;
  if (key !== undefined) return key;
  const lines = mistakeLines("mistakes" in read ? read.mistakes : mistakes);
  throw new Trouble("key.public", [`${file} does not hold one line of a trust list`, ...lines].join("\n"));
}
