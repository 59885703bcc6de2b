import * as z from "zod";
import { type Bytes, type Duration, KiB, MiB, Milliseconds, Minutes, Seconds } from "./units.ts";

/**
 * The configuration file of a gateway, defined once. Unknown keys are refused; quantities carry their unit as text.
 * What is not needed to reach the centre moves to signed documents later.
 */

const UNIT_DURATION: Readonly<Record<string, (value: number) => Duration>> = { ms: Milliseconds, s: Seconds, min: Minutes };
const UNIT_BYTES: Readonly<Record<string, (value: number) => Bytes>> = { KiB, MiB, GiB: (value) => MiB(value * 1024) };

function quantity<T>(units: Readonly<Record<string, (value: number) => T>>, example: string) {
  return z.string().transform((text, context): T => {
    const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text);
    const [, number, name = ""] = match ?? [];
    const unit = Object.hasOwn(units, name) ? units[name] : undefined;
    if (unit !== undefined) return unit(Number(number));
    context.addIssue({
      code: "custom",
      message: `expected a number with one of the units ${Object.keys(units).join(", ")}, for example "${example}"`,
    });
    return z.NEVER;
  });
}
const duration = (example: string) => quantity(UNIT_DURATION, example);
const bytes = (example: string) => quantity(UNIT_BYTES, example);

/** The certificate's CN: one level of a topic, so no slash, no wildcard, no blank. */
const gatewayId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected letters, digits, ".", "_" or "-", at most 64, for example "gw-58c1e0"');
/** Printed in logs and on terminals as it stands, so nothing that moves a cursor or begins a line. */
const printable = (value: string): boolean => !/\p{C}/u.test(value);
const text = z.string().min(1).max(128).refine(printable, "expected printable characters only");
const location = text;

const conditions = z
  .strictObject({
    location: location.optional(),
    vendor: text.optional(),
    product: text.optional(),
    serial: text.optional(),
    interface: text.optional(),
  })
  .refine((when) => Object.keys(when).length > 0, 'a rule without a condition would admit every port; name at least "location"');

const ruleSchema = z.discriminatedUnion("allow", [
  z.strictObject({ when: conditions, allow: z.literal(true), device: gatewayId, driver: text, socket: text }),
  z.strictObject({ when: conditions, allow: z.literal(false), reason: text.optional() }),
]);

const settingsSchema = z.strictObject({
  gateway: gatewayId,
  description: text.optional(),
  broker: z.strictObject({
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535),
    ca: text,
    cert: text,
    key: text,
  }),
  /** Ports that the host does not show by itself (a pty, an emulated device). What comes through them is marked `test`. */
  ports: z
    .array(z.strictObject({ path: text, location }))
    .max(64)
    .prefault([]),
  /** First match wins. No rule means blocked: seen, reported, never opened. */
  rules: z.array(ruleSchema).max(256).prefault([]),
  /** How often the records since the last message are sent. */
  pace: duration("100ms").prefault("100ms"),
  /** What a power cut may cost at most: a reading is delivered or on flash within this time. */
  window: duration("250ms").prefault("250ms"),
  spool: z.strictObject({ size: bytes("256MiB").prefault("256MiB") }).prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
export type Rule = Settings["rules"][number];
export type Mistake = { readonly path: string; readonly message: string };

/** The window is never less than the pace plus this: a message and its answer need the time. */
export const WINDOW_ABOVE_PACE = Milliseconds(150);

/** Checks a parsed document. All mistakes at once, each with its path. */
export function readSettings(document: unknown): { readonly settings: Settings } | { readonly mistakes: readonly Mistake[] } {
  const result = settingsSchema.safeParse(document);
  if (!result.success) return { mistakes: result.error.issues.map((issue) => ({ path: pathText(issue.path), message: issue.message })) };
  const settings = result.data;
  const mistakes = meaningMistakes(settings);
  return mistakes.length === 0 ? { settings } : { mistakes };
}

function meaningMistakes(settings: Settings): Mistake[] {
  const mistakes: Mistake[] = [];
  if (settings.window < settings.pace + WINDOW_ABOVE_PACE) {
    mistakes.push({
      path: "window",
      message: `must be at least pace plus ${WINDOW_ABOVE_PACE}ms, here ${settings.pace + WINDOW_ABOVE_PACE}ms`,
    });
  }
  for (const [key, seen] of [
    ["path", new Set<string>()],
    ["location", new Set<string>()],
  ] as const) {
    settings.ports.forEach((port, index) => {
      if (seen.has(port[key])) mistakes.push({ path: `ports[${index}].${key}`, message: `"${port[key]}" stands twice` });
      seen.add(port[key]);
    });
  }
  return mistakes;
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );
