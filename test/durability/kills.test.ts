import { expect, test } from "vitest";
import { playKills } from "./kills.ts";
import { openWard, type Verdict } from "./ward.ts";

const KILLS = 60;
const TEST_MS = 240_000;

test(
  "sixty kills at any instant, start-up included, cost nothing that had been read, by a verifier that shares no code with us (R35)",
  async () => {
    const ward = await openWard();
    try {
      const verdict = await playKills(ward, { kills: KILLS, seed: Date.now() % 1_000_000 });
      console.info(`60 kills: ${toldOf(verdict)}`);
      expect(verdict).toMatchObject({ lost: 0, invented: 0, conflicting: 0, disordered: 0, unexplained: 0, broken: 0, clean: true });
      expect(verdict.lives).toBeGreaterThanOrEqual(KILLS);
      expect(verdict.ends).toEqual({ killed: expect.toSatisfy((many: number) => many >= KILLS / 2, "most are told") });
      expect(verdict.owed).toBeGreaterThan(KILLS);
    } finally {
      await ward.stop();
    }
  },
  TEST_MS,
);

const toldOf = ({ records, owed, duplicates, ready }: Verdict): string =>
  `${owed} packets owed, ${records} records, ${duplicates} duplicates; ready again p50 ${ready.p50} s, p99 ${ready.p99} s`;
