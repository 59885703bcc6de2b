import { expect, test } from "vitest";
import { linesOf } from "../../drivers/kit/line.ts";
import { rack } from "./rack-driver.ts";
import { frame, Room, tiny } from "./session-room.ts";
import { eventsIn, Ward } from "./ward.ts";

const adjustable = { ...rack, otherLines: [{ speed: 38_400, format: "8E1" }] } as const;
const FIRST = [frame("n", 1), frame("n", 2), frame("n", 3)];
const speedsOf = (ward: Ward) => ward.line.lines.map(({ speed, format }) => `${speed} ${format}`);

test("a port is opened at the driver's own line until its rule names another, and then at that one, as a new attachment", async () => {
  const ward = await Ward.start(adjustable, ...FIRST);
  expect(speedsOf(ward)).toEqual(["9600 8N1"]);
  ward.setTo(adjustable, "9600 8N1");
  await ward.pass(200);
  expect(speedsOf(ward), "what was named is what held before").toEqual(["9600 8N1"]);
  ward.setTo(adjustable, "38400 8E1");
  await ward.pass(200);
  expect(speedsOf(ward)).toEqual(["9600 8N1", "38400 8E1"]);
  await ward.tick(...FIRST);
  const events = eventsIn(await ward.delivered());
  expect(events.flatMap((event) => (/^epoch/.test(event.kind) ? [`${event.kind} ${event.epoch}`] : []))).toEqual([
    "epochBegan 1",
    "epochEnded 1",
    "epochBegan 2",
  ]);
});

test("the driver's own line comes first, and none twice; modem lines and turnaround hold for all of them", () => {
  const line = { speed: 9600, format: "8N1", modemLines: "rtscts", turnaround: "short" } as const;
  const otherLines = [
    { speed: 9600, format: "8N1" },
    { speed: 1200, format: "7E1" },
  ] as const;
  expect(linesOf({ line, otherLines })).toEqual([line, { ...line, speed: 1200, format: "7E1" }]);
  expect(linesOf({ line })).toEqual([line]);
});

test("where bytes come and none holds, the fault says that the rule may name another line", async () => {
  const wrong = new Room({ driver: { ...tiny, otherLines: [{ speed: 1200, format: "8N1" }] } });
  await wrong.tick();
  for (let tick = 0; tick < 600; tick++) await wrong.tick(Uint8Array.of(0xff, 0x00, 0xfe));
  expect(wrong.texts.at(-1)).toMatch(/1 stop bit\); if the device is set otherwise, its rule needs {2}line: {2}\(bedside drivers/);
});
