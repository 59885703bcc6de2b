import { readSettings, type Settings } from "../../config/schema.ts";
import { counterDriver } from "./counter-device.ts";
import type { Plan } from "./plan.ts";
import type { SimPort } from "./serial.ts";

export const GATEWAY = "gw-sim";

export const deviceOf = (at: number): string => `dev-${at}`;

export function settingsFor(plan: Plan, ports: readonly SimPort[]): Settings {
  const read = readSettings({
    gateway: GATEWAY,
    broker: { host: "broker.sim", port: 8883, ca: "ca.pem", cert: "cert.pem", key: "key.pem" },
    ports: ports.filter(({ location }) => location.startsWith("bench")).map(({ path, location }) => ({ path, location })),
    rules: ports.map(({ location }, at) => ({
      when: { location },
      allow: true,
      device: deviceOf(at),
      driver: counterDriver.id,
      socket: `Bed ${at}`,
    })),
    pace: plan.pace,
    window: plan.window,
    spool: { size: plan.spool },
  });
  if ("mistakes" in read) throw new TypeError(JSON.stringify(read.mistakes));
  return read.settings;
}
