import type { FaultKey } from "../../fault/fault.ts";

/** What the TLS library, the operating system and a broker's TLS alerts say, in words for people. */

/** Verdicts of the TLS library on the broker's certificate; those not named here are `uplink.server_refused`. */
export const VERDICTS: Readonly<Record<string, FaultKey>> = {
  UNABLE_TO_GET_ISSUER_CERT:         "uplink.wrong_issuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "uplink.wrong_issuer",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:   "uplink.wrong_issuer",
  SELF_SIGNED_CERT_IN_CHAIN:         "uplink.wrong_issuer",
  CERT_UNTRUSTED:                    "uplink.wrong_issuer",
  DEPTH_ZERO_SELF_SIGNED_CERT:       "uplink.self_signed",
  ERR_TLS_CERT_ALTNAME_INVALID:      "uplink.wrong_name",
  CERT_HAS_EXPIRED:                  "uplink.server_expired",
  CERT_NOT_YET_VALID:                "uplink.server_not_yet",
  INVALID_PURPOSE:                   "uplink.wrong_use",
  CERT_SIGNATURE_FAILURE:            "uplink.server_damaged",
};

/** The operating system's codes; the word says what was observed. */
export const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED:  "nothing takes connections there",
  EHOSTUNREACH:  "no machine answers at that address",
  ENETUNREACH:   "this box has no network that leads there",
  ENETDOWN:      "the network of this box is down",
  EADDRNOTAVAIL: "this box has no network address to connect from",
  EACCES:        "a rule on this box forbids it",
  EPERM:         "a rule on this box forbids it",
  ENOTFOUND:     "the name service says that there is no such name",
  ENODATA:       "the name service has no address for it",
  EAI_AGAIN:     "no name service answered",
};

/** Codes that mean: the other side, or something between, cut the connection off. */
export const CUT_OFF: readonly string[] = ["ECONNRESET", "EPIPE"];

/** Codes that mean: it is this box that has no network. */
export const NO_NETWORK: readonly string[] = ["ENETUNREACH", "ENETDOWN", "EADDRNOTAVAIL"];

/** TLS alerts of a server that has seen our certificate. Servers choose among them freely: the alert alone proves no cause. */
export const ALERT_WORDS: Readonly<Record<string, string>> = {
  "certificate expired":     "it says that the certificate has expired",
  "certificate revoked":     "it says that the certificate was revoked",
  "certificate unknown":     "it does not accept the certificate and does not say why",
  "certificate required":    "it says that it was shown no certificate",
  "bad certificate":         "it says that the certificate is not valid",
  "unsupported certificate": "it says that the certificate is not made for this use",
  "unknown ca":              "it does not know the authority that issued the certificate",
  "access denied":           "it knows the certificate, and does not let it in",
  "decrypt error":           "it could not check the signature made with this box's key",
  "insufficient security":   "it finds the certificate or its key too weak",
  "handshake failure":       "the two found no method that both accept",
  "protocol version":        "it does not speak TLS 1.3",
  "internal error":          "it met an error of its own",
  "no application protocol": "it expects another protocol on this port",
  "unrecognized name":       "it does not know itself by this name",
};
