import { expect, test } from "vitest";
import { settle } from "./fakes.ts";
import { Bench, PACE, SPOOL, WINDOW } from "./spool-bench.ts";

const TICK = 20;
/** More ticks than lie between two times that a refusing disk is asked. */
const MOMENTS = 60;

test("a broker that answers while a refusing disk is asked again does not make live pass for kept (R33)", async () => {
  const bench = await Bench.start();
  bench.disk.fails = (_, path) => path.startsWith(SPOOL);
  bench.spool.connected();
  bench.keep("report");
  await bench.pass(1000);
  bench.answer(bench.live());
  expect(bench.spool.degraded).toBeDefined();
  for (let moment = 0; moment < MOMENTS; moment++) {
    bench.keep("report");
    await bench.pass(PACE + TICK);
    const live = bench.live();
    expect(
      live.map(({ volatile }) => volatile),
      `after an answer in tick ${moment - 1}`,
    ).toEqual([true]);
    await bench.pass(WINDOW + moment * TICK);
    bench.clock.pass(TICK);
    bench.turn();
    // Where the disk is asked in this turn, it has not refused yet.
    bench.answer(live);
    await settle();
  }
});
