import { packetBytes } from "../../drivers/nonin/emulator.ts";
import { STEADY_PACKET } from "../support/steady-packet.ts";
import type { Machine } from "./machine.ts";

export type Check = {
  readonly what: string;
  readonly look: (machine: Machine) => Promise<{ readonly holds: boolean; readonly seen: string }>;
};

/** An oximeter sends three packets a second. */
const PACKET_EVERY_MS = 333;
/** R53. */
const HUNG_MAX_MS = 30_000;
/** Emulated, the program needs ten seconds to load. */
const READY_MAX_MS = 120_000;
const LOOK_EVERY_MS = 500;
const SCORE_MAX = 1.5;

const MEMBER = "setpriv --reuid nobody --regid bedside --clear-groups";
const PID = "$(systemctl show -p MainPID --value bedside)";

/** A script whose output tells whether it holds. */
const says = (what: string, script: string, wanted: RegExp): Check => ({
  what,
  look: async (machine) => {
    const { said } = await machine.run(script);
    return { holds: wanted.test(said), seen: said };
  },
});

type Status = {
  readonly start: number;
  readonly uplink: { readonly phase: string };
  readonly ledger: { readonly report: { readonly delivered: number } };
  readonly devices: readonly { readonly phase: string; readonly epoch?: number }[];
};

async function status(machine: Machine): Promise<Status | undefined> {
  const { said } = await machine.run("bedside status --json");
  try {
    return JSON.parse(said) as Status;
  } catch (caught) {
    // No agent answers now.
    if (caught instanceof SyntaxError) return undefined;
    throw caught;
  }
}

async function until<T>(look: () => Promise<T | undefined>, withinMs: number): Promise<T | undefined> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((again) => setTimeout(again, LOOK_EVERY_MS));
  }
  return undefined;
}

/** Reports that reach the broker, more than there were. */
async function delivers(machine: Machine, withinMs = 60_000): Promise<{ readonly holds: boolean; readonly seen: string }> {
  const before = (await status(machine))?.ledger.report.delivered ?? 0;
  const now = await until(async () => {
    const one = await status(machine);
    return one?.devices[0]?.phase === "streaming" && one.ledger.report.delivered >= before + 5 ? one : undefined;
  }, withinMs);
  const { said } = await machine.run("bedside ports | head -4");
  return {
    holds: now !== undefined,
    seen: now === undefined ? said : `${now.ledger.report.delivered - before} reports more at the broker`,
  };
}

async function plugOximeter(machine: Machine, id: string): Promise<void> {
  const line = await machine.plug({ id, serial: "MON-1", socket: 1 });
  const packet = packetBytes(STEADY_PACKET);
  const talk = setInterval(() => void line.write(packet), PACKET_EVERY_MS);
  line.once("close", () => clearInterval(talk));
}

/** From the blow to the next process that systemd starts; how long that one needs to be ready is told, but is this emulation's. */
async function comesBack(machine: Machine, blow: string, withinMs: number): Promise<{ readonly holds: boolean; readonly seen: string }> {
  const before = (await machine.must(`echo ${PID}`)).trim();
  const began = performance.now();
  await machine.must(blow);
  const since = (): number => performance.now() - began;
  const started = await until(async () => {
    const pid = (await machine.must(`echo ${PID}`)).trim();
    return pid !== "0" && pid !== before ? since() : undefined;
  }, 2 * withinMs);
  const ready = await until(
    async () => ((await machine.must("systemctl is-active bedside || true")).trim() === "active" ? since() : undefined),
    READY_MAX_MS,
  );
  const told = "journalctl -u bedside -o cat --no-pager | grep -E 'Watchdog timeout|Main process exited' | tail -2";
  const seconds = (time: number | undefined): string => (time === undefined ? "never" : `${(time / 1000).toFixed(1)} s`);
  const seen = `started after ${seconds(started)}, ready after ${seconds(ready)} · ${await machine.must(told)}`;
  return { holds: started !== undefined && started <= withinMs && ready !== undefined, seen };
}

export const CHECKS: readonly Check[] = [
  says(
    "the service is active, and told so itself",
    "systemctl show bedside -p ActiveState -p Type -p NRestarts -p WatchdogUSec",
    /ActiveState=active/,
  ),
  says("it runs as its own user", `stat -c %U /proc/${PID}`, /^bedside\n/),
  says(
    "no capability, no new privileges, system calls filtered",
    `grep -E 'CapEff|CapBnd|NoNewPrivs|^Seccomp:' /proc/${PID}/status`,
    /CapBnd:\t0+\n[\s\S]*NoNewPrivs:\t1\nSeccomp:\t2/,
  ),
  {
    what: `systemd-analyze security is at most ${SCORE_MAX} (R18)`,
    look: async (machine) => {
      const seen = await machine.must("systemd-analyze security bedside --no-pager | tail -1");
      return { holds: Number(/level for bedside.service: ([\d.]+)/.exec(seen)?.[1]) <= SCORE_MAX, seen };
    },
  },
  says(
    "the file system is read-only to it",
    `nsenter -t ${PID} -m -- sh -c 'touch /etc/x /usr/x /home/x 2>&1'; echo`,
    /(Read-only|No such|denied)[\s\S]*(Read-only|No such|denied)/,
  ),
  says("it listens on no network port (R17)", `ss -Hlntup | grep bedside || echo none`, /^none/),
  says("a member of the group may ask it", `${MEMBER} bedside status --json | head -c 60`, /gw-vm/),
  says("nobody else may", "setpriv --reuid nobody --regid nogroup --clear-groups bedside status", /BED-504|denied/),
  {
    what: "it is connected to the broker",
    look: async (machine) => {
      const seen = await until(async () => ((await status(machine))?.uplink.phase === "online" ? "online" : undefined), 60_000);
      return { holds: seen !== undefined, seen: seen ?? "not" };
    },
  },
  {
    what: "the first adapter, plugged in after the start, is admitted and read",
    look: async (machine) => {
      await plugOximeter(machine, "first");
      return await delivers(machine);
    },
  },
  {
    what: "pulled out: the attachment ends, and the fault is told",
    look: async (machine) => {
      await machine.unplug("first");
      const said = await until(async () => {
        const told = (await machine.run("journalctl -u bedside -o cat --no-pager | grep -E 'reason=unplugged|port.gone' | tail -2")).said;
        return /reason=unplugged[\s\S]*BED-206/.test(told) ? told : undefined;
      }, 60_000);
      return { holds: said !== undefined, seen: said ?? (await machine.run("bedside status; bedside ports")).said };
    },
  },
  {
    what: "plugged in again: read again, in a new epoch",
    look: async (machine) => {
      await plugOximeter(machine, "again");
      return await delivers(machine);
    },
  },
  {
    what: "hung (SIGSTOP): systemd starts it again within 30 s (R53)",
    look: (machine) => comesBack(machine, `kill -STOP ${PID}`, HUNG_MAX_MS),
  },
  { what: "the device is read on after that, its port not quarantined", look: (machine) => delivers(machine) },
  { what: "killed: systemd starts it again", look: (machine) => comesBack(machine, `kill -KILL ${PID}`, HUNG_MAX_MS) },
  { what: "the device is read on after that", look: (machine) => delivers(machine) },
  says(
    "stopped: it ends clean",
    "systemctl stop bedside; systemctl show bedside -p Result -p ExecMainStatus; ls /run/bedside | wc -l",
    /Result=success\nExecMainStatus=0|ExecMainStatus=0\nResult=success/,
  ),
  says(
    "started again: it knows that it ended clean",
    "systemctl start bedside; journalctl -u bedside -o cat --no-pager | grep run.ended | tail -1",
    /how=clean/,
  ),
  says(
    "a configuration with a mistake fails the start, aloud",
    "cp /etc/bedside/bedside.yaml /root/ok; sed -i s/8883/88830/ /etc/bedside/bedside.yaml; systemctl restart bedside; echo code $?; journalctl -u bedside -o cat --no-pager | grep BED- | tail -1",
    /code 1[\s\S]*BED-502/,
  ),
  says(
    "and starts by itself once it is corrected",
    "cat /root/ok > /etc/bedside/bedside.yaml; sleep 12; systemctl is-active bedside",
    /^active/,
  ),
];
