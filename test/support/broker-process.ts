import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

/** A real broker on a loopback port: TLS 1.3 only, client certificates required, identity and client id from the CN. */
export type RunningBroker = {
  readonly port: number;
  readonly pid: number;
  /** Everything it has logged since the first start. */
  readonly log: readonly string[];
  /** Ends it (SIGTERM, so that retained messages are kept) and starts it again on the same port. */
  restart(): Promise<void>;
  /** SIGKILL, without starting it again; `restart` does. */
  kill(): Promise<void>;
  /** SIGSTOP: the sockets stay open and nothing answers. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
};
export type BrokerProcess = { readonly command: readonly string[]; readonly environment: Readonly<Record<string, string>> };

const START_MAX = 10_000;
const STOP_MAX = 5_000;
const PORT_ATTEMPTS = 5;

/** On `port`, or on a free one. It has started when its log has a line that ends with "running". */
export async function startBroker(options: {
  readonly port: number | undefined;
  /** What to run on that port; its files are written by then. */
  readonly start: (port: number) => BrokerProcess;
  /** Instead of ten seconds, for one that is slow. */
  readonly startMax?: number;
  /** For one that takes seconds to end in order. */
  readonly stopBy?: "SIGKILL";
}): Promise<RunningBroker> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const place = {
      process: options.start(port),
      port,
      log: [] as string[],
      startMax: options.startMax ?? START_MAX,
      stopBy: options.stopBy ?? "SIGTERM",
    } as const;
    try {
      return running(await start(place), place);
    } catch (caught) {
      // Between finding a free port and using it, another may have taken it.
      const taken = place.log.some((line) => line.includes("Address already in use"));
      if (!taken || options.port !== undefined || attempt === PORT_ATTEMPTS) throw caught;
    }
  }
}

type BrokerPlace = {
  readonly process: BrokerProcess;
  readonly port: number;
  readonly log: string[];
  readonly startMax: number;
  readonly stopBy: "SIGTERM" | "SIGKILL";
};

function running(first: ChildProcess, place: BrokerPlace): RunningBroker {
  let child = first;
  return {
    port: place.port,
    get pid() {
      return child.pid!;
    },
    log: place.log,
    restart: async () => {
      await end(child, "SIGTERM");
      child = await start(place);
    },
    kill: () => end(child, "SIGKILL"),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    stop: () => end(child, place.stopBy),
  };
}

async function start({ process: { command, environment }, log, startMax }: BrokerPlace): Promise<ChildProcess> {
  const from = log.length;
  const [program = "", ...words] = command;
  // In a group of its own: Ctrl-C in the terminal of a runner reaches it through the runner, when all is delivered.
  const child = spawn(program, words, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const ready = Promise.withResolvers<void>();
  // A runner that ends without cleaning up takes it along.
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  child.once("exit", () => process.removeListener("exit", killed));
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      log.push(...lines);
      if (lines.some((line) => / running$/.test(line))) ready.resolve();
    });
  }
  child.once("error", ready.reject);
  // "close" comes after the last line of the log.
  child.once("close", (code) => ready.reject(new Error(`${program} ended with ${code}:\n${log.slice(from).join("\n")}`)));
  const timer = setTimeout(() => ready.reject(new Error(`${program} did not start in ${startMax} ms`)), startMax);
  try {
    await ready.promise;
    return child;
  } catch (caught) {
    child.kill("SIGKILL");
    throw caught;
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess, how: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(how);
  // A paused process takes no SIGTERM.
  child.kill("SIGCONT");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MAX);
  await gone;
  clearTimeout(timer);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
