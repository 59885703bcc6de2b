/** Requirements that a whole run must prove: without one passed test that names it, each is a failure. */
export const OWED: Readonly<Record<string, string>> = {
  R01: "TLS 1.3 to the broker and nothing older, without a switch",
  R17: "no listening TCP or UDP socket; control is a Unix socket by group",
  R19: "a gateway writes and receives its own topics only, under its own client id",
  R44: "a list of parts (CycloneDX) with hashes that matches the file",
  R46: "two builds give the same file",
  R56: "no debugger, no code from outside in the packaged file",
};
