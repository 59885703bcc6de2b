import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import forge from "node-forge";

/**
 * A throw-away certificate authority, EC P-256, for tests and the demo. node-forge knows no elliptic curves; only its `asn1`
 * builder is used, the keys and signatures are node:crypto's. Layout: RFC 5280.
 */
export type Identity = { readonly cert: string; readonly key: string };
export type Authority = {
  readonly name: string;
  /** The authority's own certificate, PEM: what the others trust. */
  readonly cert: string;
  issue(request: CertificateRequest): Identity;
  /** A list, PEM, of certificates of its own that hold no more; it is good for a day. */
  revoke(certificates: readonly Identity[]): string;
};
export type CertificateRequest = {
  readonly cn: string;
  readonly kind: "server" | "client";
  /** DNS names and IPv4 addresses; a server has localhost and 127.0.0.1 where none are given. */
  readonly names?: readonly string[];
  /** An hour ago where not given. */
  readonly notBefore?: Date;
  /** In a day where not given. */
  readonly notAfter?: Date;
  /** EC P-256 where not given. */
  readonly keys?: KeyKind;
  /** "self": issued by itself. "unheld": one bit of the authority's signature is wrong. */
  readonly signed?: "self" | "unheld";
};
export type KeyKind = "P-256" | "P-224" | "RSA-1024" | "RSA-2048" | "RSA-3072";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export function makeAuthority(name: string, validity: { readonly notBefore?: Date; readonly notAfter?: Date } = {}): Authority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const cert = makeCertificate({
    subject: name,
    issuer: name,
    publicKey: keys.publicKey,
    signer: keys.privateKey,
    notBefore: validity.notBefore ?? new Date(Date.now() - DAY),
    notAfter: validity.notAfter ?? new Date(Date.now() + 30 * DAY),
    extensions: [
      extension("2.5.29.19", true, sequence([boolean(true), integer(0)])),
      // keyCertSign and cRLSign: bits 5 and 6.
      extension("2.5.29.15", true, bits(Buffer.of(0x06), 1)),
      extension("2.5.29.14", false, octets(keyId(keys.publicKey))),
    ],
  });
  return {
    name,
    cert,
    issue: (request) => issue({ name, key: keys.privateKey }, request),
    revoke: (certificates) => revoke({ name, key: keys.privateKey }, certificates),
  };
}

function makeKeys(kind: KeyKind): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  const [family, size = ""] = kind.split("-");
  return family === "RSA"
    ? generateKeyPairSync("rsa", { modulusLength: Number(size) })
    : generateKeyPairSync("ec", { namedCurve: kind === "P-224" ? "secp224r1" : kind });
}

function issue(authority: { name: string; key: KeyObject }, request: CertificateRequest): Identity {
  const keys = makeKeys(request.keys ?? "P-256");
  const self = request.signed === "self";
  const names = request.names ?? (request.kind === "server" ? ["localhost", "127.0.0.1"] : []);
  const cert = makeCertificate({
    subject: request.cn,
    issuer: self ? request.cn : authority.name,
    publicKey: keys.publicKey,
    signer: self ? keys.privateKey : authority.key,
    unheld: request.signed === "unheld",
    notBefore: request.notBefore ?? new Date(Date.now() - HOUR),
    notAfter: request.notAfter ?? new Date(Date.now() + DAY),
    extensions: [
      extension("2.5.29.19", true, sequence([])),
      // digitalSignature: bit 0.
      extension("2.5.29.15", true, bits(Buffer.of(0x80), 7)),
      extension("2.5.29.37", false, sequence([oid(request.kind === "server" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2")])),
      extension("2.5.29.14", false, octets(keyId(keys.publicKey))),
      extension("2.5.29.35", false, sequence([tagged(0, keyId(self ? keys.publicKey : createPublicKey(authority.key)))])),
      ...(names.length === 0 ? [] : [extension("2.5.29.17", false, sequence(names.map(generalName)))]),
    ],
  });
  return { cert, key: pemKey(keys.privateKey) };
}

/** RFC 5280, 5.1. */
function revoke(authority: { name: string; key: KeyObject }, certificates: readonly Identity[]): string {
  const algorithm = sequence([oid("1.2.840.10045.4.3.2")]);
  const since = new Date(Date.now() - HOUR);
  const serials = certificates.map(({ cert }) => Buffer.from(new X509Certificate(cert).serialNumber, "hex").toString("latin1"));
  const body = sequence([
    integer(1),
    algorithm,
    commonName(authority.name),
    time(since),
    time(new Date(Date.now() + DAY)),
    sequence(serials.map((serial) => sequence([primitive(asn1.Type.INTEGER, serial), time(since)]))),
    constructed(0, [
      sequence([
        extension("2.5.29.35", false, sequence([tagged(0, keyId(createPublicKey(authority.key)))])),
        extension("2.5.29.20", false, integer(1)),
      ]),
    ]),
  ]);
  const list = der(sequence([body, algorithm, bits(sign("sha256", der(body), authority.key), 0)]));
  const lines = list.toString("base64").replaceAll(/.{64}/g, "$&\n");
  return `-----BEGIN X509 CRL-----\n${lines.trimEnd()}\n-----END X509 CRL-----\n`;
}

type Node = forge.asn1.Asn1;
const { asn1 } = forge;

function makeCertificate(parts: {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  /** An EC P-256 key, or an RSA key where it signs itself. */
  readonly signer: KeyObject;
  readonly unheld?: boolean;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Node[];
}): string {
  const algorithm = sequence([oid("1.2.840.10045.4.3.2")]); // ecdsa-with-SHA256, RFC 5758
  const serial = randomBytes(16);
  // Positive and not shortened: the first bit 0, the second 1.
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  const body = sequence([
    constructed(0, [integer(2)]),
    primitive(asn1.Type.INTEGER, serial.toString("latin1")),
    algorithm,
    commonName(parts.issuer),
    sequence([time(parts.notBefore), time(parts.notAfter)]),
    commonName(parts.subject),
    asn1.fromDer(parts.publicKey.export({ type: "spki", format: "der" }).toString("latin1")),
    constructed(3, [sequence(parts.extensions)]),
  ]);
  const signature = sign("sha256", der(body), parts.signer);
  if (parts.unheld) signature[signature.length - 1]! ^= 1;
  const certificate = new X509Certificate(der(sequence([body, algorithm, bits(signature, 0)])));
  return certificate.toString();
}

const der = (node: Node): Buffer => Buffer.from(asn1.toDer(node).getBytes(), "latin1");
const primitive = (type: number, value: string): Node => asn1.create(asn1.Class.UNIVERSAL, type, false, value);
const sequence = (nodes: readonly Node[]): Node => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [...nodes]);
const constructed = (tag: number, nodes: readonly Node[]): Node => asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, true, [...nodes]);
const tagged = (tag: number, value: Buffer): Node => asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, value.toString("latin1"));
const oid = (text: string): Node => primitive(asn1.Type.OID, asn1.oidToDer(text).getBytes());
const boolean = (value: boolean): Node => primitive(asn1.Type.BOOLEAN, value ? "\xff" : "\0");
const integer = (value: number): Node => primitive(asn1.Type.INTEGER, asn1.integerToDer(value).getBytes());
const octets = (value: Buffer): Node => primitive(asn1.Type.OCTETSTRING, value.toString("latin1"));
const bits = (value: Buffer, unused: number): Node =>
  primitive(asn1.Type.BITSTRING, Buffer.concat([Buffer.of(unused), value]).toString("latin1"));
const time = (date: Date): Node =>
  // RFC 5280, 4.1.2.5: UTCTime through 2049.
  date.getUTCFullYear() < 2050
    ? primitive(asn1.Type.UTCTIME, asn1.dateToUtcTime(date) as string)
    : primitive(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date) as string);
const commonName = (name: string): Node =>
  sequence([
    asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, [
      sequence([oid("2.5.4.3"), primitive(asn1.Type.UTF8, Buffer.from(name, "utf8").toString("latin1"))]),
    ]),
  ]);
const extension = (id: string, critical: boolean, value: Node): Node =>
  sequence([oid(id), ...(critical ? [boolean(true)] : []), octets(der(value))]);
const generalName = (name: string): Node =>
  isIP(name) === 4 ? tagged(7, Buffer.from(name.split(".").map(Number))) : tagged(2, Buffer.from(name, "latin1"));

/** RFC 5280, 4.2.1.2, method (1): SHA-1 over the public key's bits, which for P-256 are the last 65 bytes of the SPKI. */
const keyId = (key: KeyObject): Buffer =>
  createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }).subarray(-65))
    .digest();

const pemKey = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

/** The credentials of one side in the agent's form. */
export const credentialsOf = (authority: Authority, identity: Identity): { ca: Uint8Array; cert: Uint8Array; key: Uint8Array } => {
  return { ca: Buffer.from(authority.cert), cert: Buffer.from(identity.cert), key: Buffer.from(identity.key) };
};
