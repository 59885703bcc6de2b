import { expect, test } from "vitest";
import { prometheusText } from "../../config/fleet/prometheus.ts";
import type { GatewayRow } from "../../config/fleet/state.ts";

const ROW: GatewayRow = {
  ...{ gateway: "gw-1", labels: { ward: "icu" }, state: "present", detail: "", healthAgeSeconds: 3, version: "0.1.0" },
  ...{ documents: [], devices: [], faults: [], unexplained: 0, uptimeSeconds: 9, residentBytes: 60_000_000, strange: [] },
};
const device = (id: string, is: "present" | "absent") => ({ gateway: "gw-1", device: id, socket: "ICU-1", is, detail: "" });
const samples = (...rows: readonly GatewayRow[]): readonly string[] =>
  prometheusText(rows, 1_000)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

test("a fault that is told twice is one sample", () => {
  const told = samples({ ...ROW, faults: ["port.open_failed", "port.open_failed", "spool.full"] });
  expect(told.filter((line) => line.startsWith("bedside_gateway_fault"))).toEqual([
    'bedside_gateway_fault{gateway="gw-1",ward="icu",fault="port.open_failed"} 1',
    'bedside_gateway_fault{gateway="gw-1",ward="icu",fault="spool.full"} 1',
  ]);
});

test("no two samples have the same name and labels, and of two the higher counts", () => {
  const twice = { ...ROW, devices: [device("dv-1", "absent"), device("dv-1", "present")] };
  const told = samples(twice, { ...ROW, unexplained: 4 }, { ...ROW, gateway: "gw-2" });
  const names = told.map((line) => line.slice(0, line.lastIndexOf(" ")));
  expect(new Set(names).size).toBe(names.length);
  expect(told).toContain('bedside_gateway_unexplained_records{gateway="gw-1",ward="icu"} 4');
  expect(told).toContain('bedside_device_present{gateway="gw-1",ward="icu",device="dv-1"} 1');
});
