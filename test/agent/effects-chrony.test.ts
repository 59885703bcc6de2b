import { createSocket } from "node:dgram";
import { describe, expect, test } from "vitest";
import { askChrony, qualityIn } from "../../agent/effects/node/chrony.ts";
import { randomOf } from "../drivers/streams.ts";

/** Answers of chronyd 4.3, as recorded. One follows a server; chronyc says of it: 1.5 µs off, root delay 5.6 µs, dispersion 3.9 µs. */
const FOLLOWS =
  "060200000021000500000000000000000102030400000000000000007f0000017f0000010000000000000000000000000001000000020000000000006b076b2a" +
  "0995124add36eb94d96f0cb9d890f347f905193be309a62102a606afe0bb084ce08c441c06802d5d";
const LOCAL =
  "060200000021000500000000000000000102030400000000000000007f7f01010000000000000000000000000000000000000000000a0000000000006b076ade" +
  "36ed0f68000000000000000000000000000000000000000000000000000000000000000000000000";
const SEQUENCE = 0x01020304;
const NOW = Date.UTC(2026, 10, 25, 23, 11, 40);
const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const changed = (at: number, value: number): Buffer => {
  const answer = bytes(FOLLOWS);
  answer[at] = value;
  return answer;
};

describe("chrony", () => {
  test("that follows a server is believed within the bound that it gives itself, and says when it was told last (R43)", () => {
    const quality = qualityIn(bytes(FOLLOWS), SEQUENCE, NOW);
    expect(quality).toMatchObject({ known: "synced", source: "chrony", answered: Date.UTC(2026, 10, 25, 23, 11, 38, 161) });
    expect(quality !== undefined && "uncertainty" in quality ? quality.uncertainty : 0).toBeCloseTo(0.0015 + 0.0056 / 2 + 0.0039, 2);
  });

  test("that has heard no server for more than an hour is in holdover", () => {
    expect(qualityIn(bytes(FOLLOWS), SEQUENCE, NOW + 4000 * 1000)).toMatchObject({ known: "synced" });
    expect(qualityIn(bytes(FOLLOWS), SEQUENCE, NOW + 4100 * 1000)).toMatchObject({ known: "holdover" });
  });

  test("that is not synchronised, or follows this very clock, knows nothing", () => {
    expect(qualityIn(changed(55, 3), SEQUENCE, NOW)).toEqual({ known: "unsynced", source: "chrony" });
    expect(qualityIn(bytes(LOCAL), SEQUENCE, NOW)).toEqual({ known: "unsynced", source: "chrony" });
  });

  test("is not heard in another version, to another question, of another status, or cut short", () => {
    for (const [at, value] of [
      [0, 5],
      [1, 1],
      [5, 14],
      [7, 1],
      [9, 2],
      [19, 5],
    ] as const)
      expect(qualityIn(changed(at, value), SEQUENCE, NOW)).toBeUndefined();
    const random = randomOf(3);
    for (let length = 0; length < 103; length++) expect(qualityIn(bytes(FOLLOWS).subarray(0, length), SEQUENCE, NOW)).toBeUndefined();
    for (let round = 0; round < 5000; round++) {
      const answer = bytes(FOLLOWS);
      for (let count = 0; count < 8; count++) answer[20 + random.below(84)] = random.below(256);
      const quality = qualityIn(answer, SEQUENCE, NOW);
      if (quality !== undefined && "uncertainty" in quality)
        expect(quality.uncertainty >= 0 && Number.isFinite(quality.uncertainty)).toBe(true);
    }
  });

  test("is asked over the network of this host alone, and a port that nobody serves, or where nobody answers, is no answer", async () => {
    const server = createSocket("udp4");
    await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
    const { port } = server.address();
    const heard: Buffer[] = [];
    server.on("message", (request, from) => {
      heard.push(request);
      const answer = bytes(FOLLOWS);
      request.copy(answer, 16, 8, 12);
      if (heard.length === 1) server.send(answer, from.port, from.address);
    });
    expect(await askChrony(() => NOW, port)).toMatchObject({ known: "synced" });
    expect([heard[0]!.length, heard[0]!.subarray(0, 8).toString("hex")]).toEqual([104, "0601000000210000"]);
    expect(await askChrony(() => NOW, port), "mute").toBeUndefined();
    await new Promise<void>((resolve) => server.close(resolve));
    expect(await askChrony(() => NOW, port), "closed").toBeUndefined();
  });
});
