import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { asRoot, NOBODY, through } from "./as-user.ts";

/** A real PostgreSQL that only this test can reach: a socket in a temporary folder, no port. It refuses root, so root becomes nobody. */
export type Postgres = {
  /** For psql and libpq. */
  readonly conninfo: string;
  /** What a query says, a row a line, cells separated by tabs; NULL is \N. */
  readonly ask: (query: string) => readonly (readonly string[])[];
  readonly stop: () => Promise<void>;
};

const START_MS = 15_000;
const DEBIAN = "/usr/lib/postgresql";

/** The folder of initdb and postgres, which Debian keeps off the path; undefined where PostgreSQL is not installed. */
export function postgresPath(): string | undefined {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, "bin")) : [];
  return [...debian, ...(process.env.PATH ?? "").split(delimiter)].find((folder) => existsSync(join(folder, "initdb")));
}

export async function startPostgres(programs: string): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), "bedside-postgres-"));
  if (asRoot) chownSync(folder, NOBODY, NOBODY);
  const [program = "", ...before] = ["env", ...through(NOBODY)];
  const environment = { PATH: process.env.PATH ?? "", LC_ALL: "C" };
  const [data, conninfo] = [join(folder, "data"), `host=${folder} user=bedside dbname=postgres`];
  const make = [...before, join(programs, "initdb"), "-D", data, "-A", "trust", "-U", "bedside", "-E", "UTF8", "--no-sync"];
  execFileSync(program, make, { env: environment, cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const serve = [join(programs, "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"];
  const child = spawn(program, [...before, ...serve], { env: environment, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  // A runner that ends without cleaning up takes it along.
  const killed = (): void => void child.kill("SIGQUIT");
  process.once("exit", killed);
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  await ready(child);
  return {
    conninfo,
    ask: (query) => {
      const words = ["-Xq", "-v", "ON_ERROR_STOP=1", "-c", `COPY (${query}) TO STDOUT`, conninfo];
      const told = execFileSync("psql", words, { encoding: "utf8", env: environment });
      return told === ""
        ? []
        : told
            .trimEnd()
            .split("\n")
            .map((line) => line.split("\t"));
    },
    stop: async () => {
      child.kill("SIGINT");
      await ended;
      process.removeListener("exit", killed);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((done, failed) => {
    let log = "";
    const give = (why: string): void => failed(new Error(`PostgreSQL ${why}:\n${log}`));
    const late = setTimeout(() => give(`was not ready within ${START_MS} ms`), START_MS);
    child.once("close", () => give("ended"));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (!log.includes("ready to accept connections")) return;
      clearTimeout(late);
      done();
    });
  });
}
