import type { Outcome } from "./play.ts";
import type { Summary } from "./report.ts";
import type { Paint } from "./screen.ts";

const WRONGS_SHOWN = 20;

/** The last words of the demo for people: what was counted, and whether the ledgers are equal. */
export function farewell(summary: Summary, { tallies }: Outcome, wrong: readonly string[], paint: Paint): string {
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
  if (wrong.length === 0) lines.push(`Nothing else is missing, nothing was invented: ${paint.green("the two ledgers are EQUAL.")}`);
  else {
    lines.push(paint.red(`NOT EQUAL, ${wrong.length} differences:`), ...wrong.slice(0, WRONGS_SHOWN).map((what) => `  ${what}`));
    if (wrong.length > WRONGS_SHOWN) lines.push(`  … and ${wrong.length - WRONGS_SHOWN} more`);
  }
  return `${lines.join("\n")}\n`;
}
