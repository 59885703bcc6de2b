import { chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { hostArch } from "../../config/package/target.ts";
import { asRoot, through } from "../support/as-user.ts";
import { freePort } from "../support/mosquitto.ts";
import { type Authority, makeAuthority } from "../support/pki.ts";
import { packagedFile, type Running, start } from "./agent-process.ts";

/**
 * The packaged file as a user without rights runs it. Root may read and write anything, so root becomes somebody first
 * (setpriv, util-linux); anybody else stays who he is.
 */
export type OrdinaryUser = {
  readonly uid: number;
  readonly folder: string;
  readonly runtime: string;
  readonly key: string;
  readonly keyText: string;
  readonly at: (name: string) => string;
  /** Gives what root has made to the user; nothing where there is no root. */
  readonly own: (...paths: readonly string[]) => void;
  readonly configure: (credentials?: Readonly<Partial<Record<"ca" | "cert" | "key", string>>>) => void;
  readonly run: (how?: { readonly state?: string; readonly runtime?: string; readonly config?: string; readonly mask?: string }) => Running;
  readonly stop: () => Promise<void>;
};

/** Nobody's number, on any system: not 65534, under which other programs may run. */
const SOMEBODY = 64_242;

export async function ordinaryUser(pki: Authority = makeAuthority("hospital")): Promise<OrdinaryUser> {
  const uid = asRoot ? SOMEBODY : (process.getuid?.() ?? 0);
  const folder = mkdtempSync(join(tmpdir(), "bedside-user-"));
  const runtime = mkdtempSync("/dev/shm/bedside-user-");
  const at = (name: string): string => join(folder, name);
  const own = (...paths: readonly string[]): void => {
    if (asRoot) for (const path of paths) chownSync(path, uid, uid);
  };
  // The work tree may lie where only root comes.
  copyFileSync(packagedFile(hostArch()), at("bedside"));
  const { cert, key } = pki.issue({ cn: "gw-user", kind: "client" });
  writeFileSync(at("ca.crt"), pki.cert);
  writeFileSync(at("gw.crt"), cert);
  writeFileSync(at("gw.key"), key, { mode: 0o600 });
  mkdirSync(at("state"), { mode: 0o700 });
  // Nobody listens there.
  const port = await freePort();
  const configure: OrdinaryUser["configure"] = ({ ca = at("ca.crt"), cert: certificate = at("gw.crt"), key: secret = at("gw.key") } = {}) =>
    writeFileSync(
      at("bedside.yaml"),
      `gateway: gw-user\nbroker: { host: localhost, port: ${port}, ca: ${ca}, cert: ${certificate}, key: ${secret} }\n`,
      { mode: 0o644 },
    );
  configure();
  own(folder, runtime, at("gw.key"), at("state"));
  const running: Running[] = [];
  return {
    uid,
    folder,
    runtime,
    key: at("gw.key"),
    keyText: key,
    at,
    own,
    configure,
    run: ({ state = at("state"), runtime: runtimeDir = runtime, config = at("bedside.yaml"), mask = "077" } = {}) => {
      const words = ["run", "--config", config, "--state-dir", state, "--runtime-dir", runtimeDir];
      const one = start(["/bin/sh", "-c", `umask ${mask}; exec "$@"`, "sh", ...through(uid), at("bedside"), ...words]);
      running.push(one);
      return one;
    },
    stop: async () => {
      for (const one of running) {
        one.child.kill("SIGKILL");
        await one.ended;
      }
      for (const place of [folder, runtime]) rmSync(place, { recursive: true, force: true });
    },
  };
}
