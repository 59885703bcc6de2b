import { createPrivateKey, X509Certificate } from "node:crypto";
import { Fault } from "../../fault/fault.ts";
import type { Credentials } from "../effects.ts";

/** What the credentials say of themselves, for messages. */
export type Own = { readonly certificate: X509Certificate; readonly authorities: readonly X509Certificate[] };

/** Reads the three before they are used, so that what is wrong has a name. Throws Fault `credentials.unreadable`. */
export function ownCredentials(credentials: Credentials): Own {
  const authorities = certificatesIn(credentials.ca, "broker.ca");
  const certificate = certificatesIn(credentials.cert, "broker.cert")[0]!;
  const key = read("broker.key holds no usable private key", () => createPrivateKey(Buffer.from(credentials.key)));
  if (!certificate.checkPrivateKey(key)) throw new Fault("credentials.unreadable", "broker.key does not belong to broker.cert");
  return { certificate, authorities };
}

function certificatesIn(pem: Uint8Array, setting: string): readonly X509Certificate[] {
  const blocks = Buffer.from(pem)
    .toString("latin1")
    .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (blocks === null) throw new Fault("credentials.unreadable", `${setting} holds no certificate in PEM form`, { setting });
  return blocks.map((block) => read(`${setting} holds a damaged certificate`, () => new X509Certificate(block)));
}

function read<T>(message: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new Fault("credentials.unreadable", message, {}, { cause });
  }
}
