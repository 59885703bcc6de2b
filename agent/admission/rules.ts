import type { KnownDrivers, Rule } from "../../config/schema.ts";
import { udpAddressIn } from "../../config/settings/udp-address.ts";
import { UDP } from "../../drivers/kit/line.ts";
import type { PortFacts } from "../effects/effects.ts";

/**
 * What may be done with a port, and why. `rule` counts from 1, in their order; undefined where none matched. `known` says what
 * the rule knows the device by: its socket, or also the adapter's own serial number. `claims` is the device that a rule would
 * have given a port that is blocked all the same.
 */
export type Verdict =
  | {
      readonly is: "allow";
      readonly rule: number;
      readonly device: string;
      readonly driver: string;
      /** Speed and format, as the rule names them or as the driver's first; or "udp". */
      readonly line: string;
      readonly socket: string;
      readonly known: "socket" | "adapter";
    }
  | { readonly is: "block"; readonly reasons: readonly string[]; readonly claims?: string }
  | { readonly is: "reject"; readonly rule: number; readonly reasons: readonly string[] };
export type Judged = { readonly port: PortFacts; readonly verdict: Verdict };
type Allow = Extract<Verdict, { is: "allow" }>;
type Claim = { readonly port: PortFacts; readonly verdict: Allow };

/** First match wins; no rule means blocked: seen, reported, never opened. */
export function decideAdmission(rules: readonly Rule[], port: PortFacts, drivers: KnownDrivers): Verdict {
  const index = rules.findIndex((rule) => matches(rule, port));
  const rule = rules[index];
  if (rule === undefined) return { is: "block", reasons: [`no rule for location ${port.location}`] };
  const number = index + 1;
  if (!rule.allow) return { is: "reject", rule: number, reasons: [rule.reason ?? `refused by rule ${number}`] };
  const { device, driver, socket, when } = rule;
  const links = drivers.get(driver);
  if (links === undefined) return { is: "block", reasons: [`rule ${number} names driver ${driver}, which does not exist`] };
  const onNetwork = udpAddressIn(port.path) !== undefined;
  const lines = links.filter((link) => (link === UDP) === onNetwork);
  const [first] = lines;
  if (first === undefined) return { is: "block", reasons: [`rule ${number} names driver ${driver}, which reads no device on a network`] };
  const { line = first } = rule;
  if (!lines.includes(line))
    return { is: "block", reasons: [`rule ${number} names the line ${line}, and ${driver} is read at ${lines.join(", ")}`] };
  return { is: "allow", rule: number, device, driver, line, socket, known: when.serial === undefined ? "socket" : "adapter" };
}

/**
 * All ports that are seen now. A device is admitted on one port only, and a claim is no evidence:
 *
 * | several ports claim one device, and                     | then                                            |
 * |---------------------------------------------------------|-------------------------------------------------|
 * | one of them held it before, without a break             | it goes on; the others are blocked as duplicates |
 * | none held it, one is in the socket that a rule names    | that one                                        |
 * | otherwise                                               | nobody guesses: all of them are blocked         |
 */
export function judgePorts(
  rules: readonly Rule[],
  ports: readonly PortFacts[],
  known: { readonly drivers: KnownDrivers; readonly before: readonly Judged[] },
): readonly Judged[] {
  const alone = oneEachPlace(ports).map(({ port, twin }): Judged => {
    if (twin === undefined) return { port, verdict: decideAdmission(rules, port, known.drivers) };
    return { port, verdict: { is: "block", reasons: [`location ${port.location} is shown twice, by ${port.path} and ${twin.path}`] } };
  });
  const claims = Map.groupBy(alone.filter(isClaim), ({ verdict }) => verdict.device);
  return alone.map((judged) => (isClaim(judged) ? settle(judged, claims.get(judged.verdict.device) ?? [], rules, known.before) : judged));
}

function settle(own: Claim, claims: readonly Claim[], rules: readonly Rule[], before: readonly Judged[]): Judged {
  if (claims.length === 1) return own;
  const { device } = own.verdict;
  const bound = claims.filter(({ verdict }) => rules[verdict.rule - 1]?.when.location !== undefined);
  const holder = claims.find((claim) => held(claim, before)) ?? (bound.length === 1 ? bound[0] : undefined);
  if (holder === own) return own;
  const places = claims.map(({ port }) => port.location).join(", ");
  const reason =
    holder === undefined
      ? `ambiguous: ${device} is claimed at ${places}, and nothing tells which of them it is`
      : `duplicate-of ${device} at ${holder.port.location}`;
  return { port: own.port, verdict: { is: "block", reasons: [reason], claims: device } };
}

/** The same enumeration of the same port had the device at the last look. */
const held = ({ port, verdict }: Claim, before: readonly Judged[]): boolean =>
  before.some(
    (one) =>
      isClaim(one) &&
      one.verdict.device === verdict.device &&
      one.port.location === port.location &&
      one.port.path === port.path &&
      one.port.attachment === port.attachment,
  );

const isClaim = (judged: Judged): judged is Claim => judged.verdict.is === "allow";

/** A location names one port. Where the host, or a declared port, shows it twice, none of them is known by its place. */
function oneEachPlace(ports: readonly PortFacts[]): readonly { readonly port: PortFacts; readonly twin: PortFacts | undefined }[] {
  return [...Map.groupBy(ports, ({ location }) => location).values()].flatMap(([port, twin]) =>
    port === undefined ? [] : [{ port, twin }],
  );
}

function matches(rule: Rule, port: PortFacts): boolean {
  return Object.entries(rule.when).every(([fact, wanted]) => (fact === "location" ? port.location : port.facts[fact]) === wanted);
}
