import { describe, expect, test } from "vitest";
import { type Change, Inventory } from "../../agent/admission/inventory.ts";
import type { PortFacts } from "../../agent/effects/effects.ts";
import type { Rule } from "../../config/schema.ts";
import { StillClock, settle } from "./fakes.ts";

const port = (location: string, path = `/dev/${location}`): PortFacts => ({ path, location, hardware: true, facts: { vendor: "0403" } });
const BY_VENDOR: Rule = { when: { vendor: "0403" }, allow: true, device: "monitor", driver: "nonin", socket: "bed-1" };

class House {
  ports: readonly PortFacts[] = [];
  looks = 0;
  fails = false;
  readonly clock = new StillClock();
  readonly inventory: Inventory;
  constructor(rules: readonly Rule[]) {
    const list = async (): Promise<readonly PortFacts[]> => {
      this.looks += 1;
      if (this.fails) throw new RangeError("sysfs is not there");
      return this.ports;
    };
    this.inventory = new Inventory({ list }, rules, new Set(["nonin"]));
  }
  /** One look, and what it changed. */
  async look(...ports: readonly PortFacts[]): Promise<readonly Change[]> {
    this.ports = ports;
    expect(this.inventory.tick(this.clock.pass(1000))).toEqual([]);
    await settle();
    return this.inventory.tick(this.clock.pass(20));
  }
}
const said = (changes: readonly Change[]): string[] =>
  changes.map(({ location, judged }) => `${location} ${judged === undefined ? "gone" : judged.verdict.is}`);

describe("the ports of a house", () => {
  test("are told when they come, change and go, and not otherwise", async () => {
    const house = new House([{ ...BY_VENDOR, when: { location: "a" } }]);
    expect(said(await house.look(port("a"), port("b")))).toEqual(["a allow", "b block"]);
    expect(said(await house.look(port("a"), port("b")))).toEqual([]);
    expect(said(await house.look(port("a", "/dev/ttyUSB7"), port("b")))).toEqual(["a allow"]);
    expect(said(await house.look(port("b")))).toEqual(["a gone"]);
    expect(house.inventory.all.map(({ port: { location } }) => location)).toEqual(["b"]);
  });

  test("are looked at once a second, not in every tick", async () => {
    const house = new House([]);
    for (let tick = 0; tick < 100; tick++) {
      house.inventory.tick(house.clock.pass(20));
      await settle();
    }
    expect(house.looks).toBe(2);
  });

  test("give a device to the port that had it first, wherever the second one stands in order", async () => {
    const house = new House([BY_VENDOR]);
    await house.look(port("b"));
    expect(said(await house.look(port("a"), port("b"), port("c")))).toEqual(["a block", "c block"]);
    expect(house.inventory.all.find(({ port: { location } }) => location === "a")?.verdict).toEqual({
      is: "block",
      reasons: ["duplicate-of monitor at b"],
    });
  });

  test("give it to the next when the holder is unplugged, in the same look", async () => {
    const house = new House([BY_VENDOR]);
    await house.look(port("b"));
    await house.look(port("a"), port("b"));
    expect(said(await house.look(port("a")))).toEqual(["b gone", "a allow"]);
  });

  test("stay as they were where they cannot be listed, and that is a fault until they can", async () => {
    const house = new House([BY_VENDOR]);
    await house.look(port("a"));
    house.fails = true;
    expect(await house.look()).toEqual([]);
    expect(house.inventory.fault?.key).toBe("ports.unlisted");
    expect(house.inventory.all).toHaveLength(1);
    house.fails = false;
    await house.look(port("a"));
    expect(house.inventory.fault).toBeUndefined();
  });
});
