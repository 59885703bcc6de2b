import { type Admission, type DeviceState, LIVENESS, VERDICT } from "../../proto/messages.ts";
import { columns, EXIT } from "../command-line.ts";
import { isFields } from "../settings/fields.ts";
import { type Bench, shortened } from "./push.ts";
import { standingDocument, targetOf } from "./targets.ts";
import { plain } from "./trouble.ts";

/** A device as the pushed admissions expect it, against what the gateway's birth says. */
export type DeviceRow = {
  readonly gateway: string;
  readonly device: string;
  readonly socket: string;
  /** absent: plugged in nowhere · silent: connected, but says nothing · blocked: the gateway does not use it · off: its gateway is away. */
  readonly is: "present" | "absent" | "silent" | "blocked" | "off" | "unexpected";
  readonly detail: string;
};

export function devicesOf(bench: Bench, gateway: string): readonly DeviceRow[] {
  const { ear } = bench;
  const view = ear.view(gateway);
  const expected = expectedDevices(bench, gateway);
  const standing = ear.standing(gateway);
  const state = view.presence?.said.state;
  const birth = state?.kind === "birth" && standing.is === "present" ? state.birth : undefined;
  const rows = [...expected].map(([device, socket]): DeviceRow => {
    const row = { gateway, device, socket };
    if (birth === undefined) return { ...row, is: "off", detail: `its gateway is ${standing.is}: ${standing.detail}` };
    return { ...row, ...judge(device, birth.devices, birth.ports) };
  });
  const others = (birth?.devices ?? []).filter(({ device, liveness }) => !expected.has(device?.device ?? "") && liveness !== LIVENESS.gone);
  return [...rows, ...others.map(({ device, location = "" }) => unexpected(gateway, device ?? {}, location))];
}

const unexpected = (gateway: string, device: { readonly device?: string; readonly socket?: string }, location: string): DeviceRow => ({
  gateway,
  device: plain(device.device ?? ""),
  socket: plain(device.socket ?? ""),
  is: "unexpected",
  detail: plain(`at ${location}, not in the admissions that were pushed`),
});

function judge(device: string, states: readonly DeviceState[], ports: readonly Admission[]): Pick<DeviceRow, "is" | "detail"> {
  const state = states.find((one) => one.device?.device === device);
  const port = ports.find((one) => one.device === device && one.verdict !== VERDICT.allow);
  if (state?.liveness === LIVENESS.streaming) return { is: "present", detail: "" };
  if (port !== undefined) return { is: "blocked", detail: plain(`at ${port.location}: ${port.reasons.join("; ")}`) };
  if (state === undefined || state.liveness === LIVENESS.gone) return { is: "absent", detail: "no port that its rule names is there" };
  const at = `at ${state.location ?? "its port"}`;
  if (state.liveness === LIVENESS.quarantined) return { is: "blocked", detail: plain(`${at}: paused after faults, tried again by itself`) };
  return { is: "silent", detail: plain(`${at}: is it switched on?`) };
}

/** Device ids and sockets of the admissions that were pushed. */
function expectedDevices({ fx, ear, site, store }: Bench, gateway: string): ReadonlyMap<string, string> {
  const view = ear.view(gateway);
  const target = targetOf(store, view, "admissions", standingDocument(fx, view, "admissions", site.trust));
  const body = target?.envelope.body;
  const rules = isFields(body) && Array.isArray(body.rules) ? body.rules : [];
  const found = new Map<string, string>();
  for (const rule of rules as readonly unknown[])
    if (isFields(rule) && rule.allow === true && typeof rule.device === "string")
      found.set(plain(rule.device), plain(String(rule.socket ?? "")));
  return found;
}

/** 0: all expected are present · 4: only gateways are missing · 1: a device is. */
export function devicesExit(rows: readonly DeviceRow[]): number {
  if (rows.some(({ is }) => is === "absent" || is === "silent" || is === "blocked")) return EXIT.failed;
  return rows.some(({ is }) => is === "off") ? EXIT.offline : EXIT.ok;
}

export function devicesText(rows: readonly DeviceRow[]): string {
  const told = rows.map(({ gateway, device, socket, is, detail }) => [gateway, device, socket, is, detail]);
  const present = rows.filter(({ is }) => is === "present").length;
  const expected = rows.filter(({ is }) => is !== "unexpected").length;
  return `${[...shortened(columns([["GATEWAY", "DEVICE", "SOCKET", "STATE", ""], ...told])), `${present} of ${expected} expected devices are present`].join("\n")}\n`;
}
