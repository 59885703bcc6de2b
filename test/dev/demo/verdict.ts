import type { Outcome } from "./play.ts";
import type { Summary } from "./report.ts";

const WRONGS_SHOWN = 20;

/** The last words of the demo for people: what was counted, and whether the ledgers are equal. */
export function farewell(summary: Summary, { tallies }: Outcome, wrong: readonly string[]): string {
  const { observations, waveBlocks, alerts, unheard, restarts } = summary;
  const lines = [
    "",
    ...summary.devices.map(
      ({ device, sent, received, unheard: missed }) => `${device}: ${sent} sent = ${received} received + ${missed} unheard`,
    ),
    `In them ${observations} values, ${waveBlocks} wave blocks, ${alerts} alert edges, each compared with what the device sent.`,
  ];
  if (restarts > 0) {
    const absences = tallies.flatMap((one) => one.absences);
    const away = absences.reduce((sum, absence) => sum + absence.away, 0n);
    lines.push(
      `Killed ${restarts} times. From kill to open port ${(Number(away) / 1e9).toFixed(2)} s, from kill to the next whole packet ${unheard.seconds.toFixed(2)} s, over ${absences.length / restarts} ports and all kills; ${unheard.units} packets came while nobody listened.`,
    );
  }
  if (wrong.length === 0) lines.push("Nothing else is missing, nothing was invented: the two ledgers are EQUAL.");
  else {
    lines.push(`NOT EQUAL, ${wrong.length} differences:`, ...wrong.slice(0, WRONGS_SHOWN).map((what) => `  ${what}`));
    if (wrong.length > WRONGS_SHOWN) lines.push(`  … and ${wrong.length - WRONGS_SHOWN} more`);
  }
  return `${lines.join("\n")}\n`;
}
