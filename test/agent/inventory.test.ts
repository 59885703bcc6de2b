import { describe, expect, test } from "vitest";
import { type Change, contestedDevices, Inventory } from "../../agent/admission/inventory.ts";
import type { PortFacts } from "../../agent/effects/effects.ts";
import type { Rule } from "../../config/schema.ts";
import { StillClock, settle } from "./fakes.ts";

const port = (location: string, path = `/dev/${location}`): PortFacts => ({ path, location, hardware: true, facts: { vendor: "0403" } });
const BY_VENDOR: Rule = { when: { vendor: "0403" }, allow: true, device: "monitor", driver: "nonin", socket: "bed-1" };

class House {
  ports: readonly PortFacts[] = [];
  looks = 0;
  fails = false;
  stirs = false;
  readonly clock = new StillClock();
  readonly inventory: Inventory;
  constructor(rules: readonly Rule[]) {
    const list = async (): Promise<readonly PortFacts[]> => {
      this.looks += 1;
      if (this.fails) throw new RangeError("sysfs is not there");
      return this.ports;
    };
    this.inventory = new Inventory({ list, stirred: () => this.stirs }, rules, new Map([["nonin", ["9600 8N1"]]]));
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

  test("give a device to the port that had it first, wherever the second one stands in order (R13)", async () => {
    const house = new House([BY_VENDOR]);
    await house.look(port("b"));
    expect(said(await house.look(port("a"), port("b"), port("c")))).toEqual(["a block", "c block"]);
    expect(house.inventory.all.find(({ port: { location } }) => location === "a")?.verdict).toEqual({
      is: "block",
      reasons: ["duplicate-of monitor at b"],
      claims: "monitor",
    });
    const fault = contestedDevices(house.inventory.all).get("monitor");
    expect([fault?.key, fault?.message]).toEqual(["identity.contested", "monitor at b is also claimed at a and c; the first goes on"]);
  });

  test("withhold a device that two claim at once, and that is a fault of its own (R13)", async () => {
    const house = new House([BY_VENDOR]);
    expect(said(await house.look(port("a"), port("b")))).toEqual(["a block", "b block"]);
    expect(contestedDevices(house.inventory.all).get("monitor")?.key).toBe("identity.ambiguous");
    expect(said(await house.look(port("b")))).toEqual(["a gone", "b allow"]);
    expect(contestedDevices(house.inventory.all).size).toBe(0);
  });

  test("tell a port that was plugged anew between two looks, though all that is seen of it is equal", async () => {
    const house = new House([BY_VENDOR]);
    await house.look({ ...port("a"), attachment: "1" });
    expect(said(await house.look({ ...port("a"), attachment: "2" }))).toEqual(["a allow"]);
  });

  test("give it to the next when the holder is unplugged, in the same look", async () => {
    const house = new House([BY_VENDOR]);
    await house.look(port("b"));
    await house.look(port("a"), port("b"));
    expect(said(await house.look(port("a")))).toEqual(["b gone", "a allow"]);
  });

  test("are looked at at once when something stirs, and at most ten times a second while it goes on", async () => {
    const house = new House([]);
    await house.look();
    const looks = house.looks;
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 20) {
        house.inventory.tick(house.clock.pass(20));
        await settle();
      }
    };
    await pass(200);
    expect(house.looks).toBe(looks);
    house.stirs = true;
    await pass(20);
    expect(house.looks).toBe(looks + 1);
    house.stirs = false;
    await pass(500);
    expect(house.looks).toBe(looks + 1);
    house.inventory.stir();
    await pass(20);
    expect(house.looks).toBe(looks + 2);
    house.stirs = true;
    await pass(1000);
    expect(house.looks).toBe(looks + 12);
  });

  test("that stirred while they were looked at are looked at again", async () => {
    const house = new House([]);
    house.inventory.tick(house.clock.pass(1000));
    house.inventory.stir();
    await settle();
    for (let tick = 0; tick < 6; tick++) {
      house.inventory.tick(house.clock.pass(20));
      await settle();
    }
    expect(house.looks).toBe(2);
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
