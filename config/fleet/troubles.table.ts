/**
 * What can go wrong with `bedside-fleet`: key, number people can say on the phone, exit code, likely cause, next step.
 * 1xx the command and files · 2xx keys and documents · 3xx the broker · 4xx gateways.
 */
export const TROUBLES = {
  "usage":               { number: "FLT-101", exit: 2, likely: "a typing error", next: "bedside-fleet help" },
  "site.unreadable":     { number: "FLT-102", exit: 2, likely: "wrong path, or no right to read it", next: "name the site file with --site FILE, or go to the folder where fleet.yaml lies" },
  "site.invalid":        { number: "FLT-103", exit: 2, likely: "typing errors in the site file", next: "correct each line named above, then say the same again" },
  "file.unreadable":     { number: "FLT-104", exit: 2, likely: "wrong path, or no right to read it", next: "ls -l FILE  with the file named above" },
  "file.unwritable":     { number: "FLT-105", exit: 1, likely: "no such folder, no right to write there, or a full disk", next: "ls -ld FOLDER; df FOLDER  with the folder named above" },
  "file.exists":         { number: "FLT-106", exit: 3, likely: "the same command was given before", next: "choose another name; nothing is overwritten" },
  "body.invalid":        { number: "FLT-110", exit: 1, likely: "typing errors in the document", next: "correct each line named above, then say the same again" },
  "key.unreadable":      { number: "FLT-201", exit: 1, likely: "the wrong file, or one that was cut while it was copied", next: "name the file that  bedside-fleet keys new  has written; it begins with -----BEGIN" },
  "key.passphrase":      { number: "FLT-202", exit: 3, likely: "a typing error, or the passphrase of another key", next: "say the same again with the right passphrase; there is no way around it" },
  "key.no_passphrase":   { number: "FLT-203", exit: 2, likely: "it runs from a script, where nobody can be asked", next: "give --passphrase-file FILE; for a new key perhaps --no-passphrase" },
  "key.too_open":        { number: "FLT-204", exit: 3, likely: "the file was copied with the rights of an ordinary file", next: "chmod 600 FILE  with the file named above; if others could read it for long, make a new key" },
  "key.public":          { number: "FLT-205", exit: 1, likely: "the .pub file was lost, changed, or belongs to another key", next: "put the .pub file that  bedside-fleet keys new  has written beside the key" },
  "key.role":            { number: "FLT-206", exit: 3, likely: "settings are signed by operations, admissions by biomedical engineering", next: "let somebody with the other role sign it" },
  "document.invalid":    { number: "FLT-210", exit: 3, likely: "the document was altered, is for other gateways, or has expired", next: "sign it again:  bedside-fleet sign" },
  "document.no_gateway": { number: "FLT-211", exit: 3, likely: "it was signed for another selection", next: "sign it for these gateways too, or push it to those that it names" },
  "document.older":      { number: "FLT-212", exit: 3, likely: "somebody else has pushed meanwhile", next: "bedside-fleet diff; then sign with  --generation next" },
  "document.step":       { number: "FLT-213", exit: 3, likely: "a slip of the hand in --generation; no gateway takes such a leap, and what is used up does not come back", next: "bedside-fleet diff; then sign with  --generation next, or leave out the gateways named above" },
  "broker.unreachable":  { number: "FLT-301", exit: 4, likely: "the broker is down, host or port in the site file is wrong, or a firewall stands between", next: "compare broker.host and broker.port in the site file; ask IT whether this machine may reach them" },
  "broker.identity":     { number: "FLT-302", exit: 3, likely: "broker.ca names the wrong file, or something between inspects TLS", next: "correct broker.ca or broker.host in the site file; send nothing until this is understood" },
  "broker.refused":      { number: "FLT-303", exit: 3, likely: "the operator's certificate has expired, was revoked, or is not known to this broker", next: "ask who runs the broker to let the operator named above in" },
  "broker.forbidden":    { number: "FLT-304", exit: 3, likely: "the broker's access rules do not let this operator do that", next: "ask who runs the broker to let the operator read bedside/v1/# and write the down topics" },
  "broker.lost":         { number: "FLT-305", exit: 4, likely: "the broker was restarted, or the network broke", next: "say the same again: what was done already is not done twice" },
  "broker.protocol":     { number: "FLT-306", exit: 4, likely: "another service on that port, or a broken broker", next: "check broker.port in the site file" },
  "broker.credentials":  { number: "FLT-307", exit: 2, likely: "wrong path in the site file, or the wrong file", next: "check broker.ca, broker.cert and broker.key in the site file" },
  "interrupted":         { number: "FLT-308", exit: 1, likely: "Ctrl-C, or the service manager", next: "say the same again: what was done already is not done twice" },
  "broker.taken_over":   { number: "FLT-309", exit: 4, likely: "another bedside-fleet uses the same certificate, and this broker lets in one of them: a push beside a watch, or one service twice", next: "give each a certificate of its own, and a site file that names it; then say the same again: what was done already is not done twice" },
  "bug":                 { number: "FLT-900", exit: 1, likely: "a defect of bedside-fleet", next: "tell its makers the lines above" },
} as const satisfies Readonly<Record<string, TroubleRow>>;

export type TroubleRow = { readonly number: string; readonly exit: number; readonly likely: string; readonly next: string };
export type TroubleKey = keyof typeof TROUBLES;
