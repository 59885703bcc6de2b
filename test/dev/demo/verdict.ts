import type { Outcome } from "./play.ts";
import type { Summary } from "./report.ts";
import type { Paint } from "./screen.ts";

const WRONGS_SHOWN = 20;

const seconds = (ms: number | undefined): string => `${((ms ?? 0) / 1000).toFixed(1)} s`;

/** The last words of the demo for people: what was counted, and whether the ledgers are equal. */
export function farewell(summary: Summary, { tallies, changes }: Outcome, wrong: readonly string[], paint: Paint): string {
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
    const ports = absences.length / restarts;
    lines.push(
      `Killed ${restarts} times with SIGKILL.`,
      `Over ${ports} ports and all kills, from kill to open port: ${(Number(away) / 1e9).toFixed(2)} s;`,
      `from kill to the next whole packet: ${unheard.seconds.toFixed(2)} s. ${unheard.units} packets came while nobody listened.`,
    );
  }
  const { signed, forged } = changes;
  if (signed?.readMs !== undefined)
    lines.push(`The signed change: applied after ${seconds(signed.appliedMs)}, the new device read after ${seconds(signed.readMs)}.`);
  if (forged?.refused !== undefined && forged.goesOn)
    lines.push(`The forged change: refused after ${seconds(forged.refused.afterMs)} with ${forged.refused.number}; what ran went on.`);
  if (wrong.length === 0) lines.push(`Nothing else is missing, nothing was invented: ${paint.green("the two ledgers are EQUAL.")}`);
  else {
    const unequal = tallies.some(({ lost, invented }) => lost.length + invented.length > 0);
    lines.push(
      paint.red(`${unequal ? "NOT EQUAL" : "NOT AS IT SHOULD BE"}, ${wrong.length} lines:`),
      ...wrong.slice(0, WRONGS_SHOWN).map((what) => `  ${what}`),
    );
    if (wrong.length > WRONGS_SHOWN) lines.push(`  … and ${wrong.length - WRONGS_SHOWN} more`);
  }
  return `${lines.join("\n")}\n`;
}
