import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { Fault } from "../../fault/fault.ts";
import type { Credentials } from "../effects.ts";
import { day, nameOf } from "./certificate-words.ts";

/** What the credentials say of themselves, for messages. */
export type Own = { readonly certificate: X509Certificate; readonly authorities: readonly X509Certificate[] };

/** EC P-256 and better; RSA from 3072 bits. */
const CURVES: readonly string[] = ["prime256v1", "secp384r1", "secp521r1"];
const RSA_BITS_MIN = 3072;
const CLIENT_USE = "1.3.6.1.5.5.7.3.2";

/**
 * Reads the three before they are used, so that what is wrong has a name. Throws Fault `credentials.damaged`, `.mismatched`,
 * `.weak` and `.wrong_name`: what no broker can put right, and what would use another gateway's identity. What is a matter of
 * the clock or of the broker's opinion is told by `doubtOf`.
 */
export function ownCredentials(credentials: Credentials, gateway: string): Own {
  const authorities = certificatesIn(credentials.ca, "broker.ca");
  const certificate = certificatesIn(credentials.cert, "broker.cert")[0]!;
  const pem = Buffer.from(credentials.key);
  const noKey = pem.includes("ENCRYPTED") ? "a key that is locked with a password; this box needs it without one" : "no usable private key";
  const key = read("broker.key", noKey, () => createPrivateKey(pem));
  if (!certificate.checkPrivateKey(key)) {
    const name = nameOf(certificate.subject);
    throw new Fault("credentials.mismatched", `broker.key does not belong to broker.cert, the certificate of "${name}"`);
  }
  const weakness = weaknessOf(certificate.publicKey);
  if (weakness !== undefined) {
    throw new Fault("credentials.weak", `The key in broker.key is ${weakness}; this box uses EC P-256 or better, or RSA from 3072 bits`);
  }
  const name = nameOf(certificate.subject);
  if (name !== gateway) {
    throw new Fault("credentials.wrong_name", `broker.cert is the certificate of "${name}", but this gateway is "${gateway}"`, {
      name,
      gateway,
    });
  }
  return { certificate, authorities };
}

/** What is doubtful by this box's clock and its own reading, but for the broker to decide. */
export function doubtOf({ certificate, authorities }: Own, now: Date): Fault | undefined {
  const own = `This box's certificate (broker.cert, "${nameOf(certificate.subject)}" issued by "${nameOf(certificate.issuer)}")`;
  const trusted = `The authority in broker.ca ("${authorities.map(({ subject }) => nameOf(subject)).join('", "')}")`;
  const clock = `this box says that it is ${day(now)}`;
  for (const [what, certificates] of [
    [own, [certificate]],
    // One authority that holds is enough.
    [trusted, authorities],
  ] as const) {
    const last = new Date(Math.max(...certificates.map(({ validToDate }) => validToDate.getTime())));
    const first = new Date(Math.min(...certificates.map(({ validFromDate }) => validFromDate.getTime())));
    if (last < now) return new Fault("credentials.expired", `${what} expired on ${day(last)}; ${clock}`);
    if (first > now) return new Fault("credentials.not_yet", `${what} is valid only from ${day(first)}; ${clock}`);
  }
  // Node calls the extended key usages so; undefined where the certificate is for anything.
  const uses: readonly string[] | undefined = certificate.keyUsage;
  if (uses !== undefined && !uses.includes(CLIENT_USE))
    return new Fault("credentials.wrong_use", `${own} is not made for a client that connects to a server`);
  return undefined;
}

function weaknessOf(key: KeyObject): string | undefined {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ec":
      return CURVES.includes(namedCurve ?? "") ? undefined : `an EC key on the curve ${namedCurve}`;
    case "rsa":
    case "rsa-pss":
      return (modulusLength ?? 0) >= RSA_BITS_MIN ? undefined : `an RSA key of ${modulusLength} bits`;
    case "ed25519":
    case "ed448":
      return undefined;
    default:
      return `of the kind ${key.asymmetricKeyType}`;
  }
}

function certificatesIn(pem: Uint8Array, setting: string): readonly X509Certificate[] {
  const blocks = Buffer.from(pem)
    .toString("latin1")
    .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (blocks === null) throw new Fault("credentials.damaged", `${setting} holds no whole certificate`, { setting });
  return blocks.map((block) => read(setting, "a damaged certificate", () => new X509Certificate(block)));
}

function read<T>(setting: string, what: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new Fault("credentials.damaged", `${setting} holds ${what}`, { setting }, { cause });
  }
}
