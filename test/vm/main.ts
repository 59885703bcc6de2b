import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../config/package/target.ts";
import { biomedicalEngineer } from "../support/admissions.ts";
import { makeAuthority } from "../support/pki.ts";
import { CHECKS } from "./checks.ts";
import { makeCargo, prepareImage } from "./image.ts";
import { bootMachine, type Machine } from "./machine.ts";

/** The packaged file and its unit in a machine with a kernel and a systemd of its own, installed as INSTALL.md says. */

const FILE = join(ROOT, "dist/bedside-linux-x64");
const say = (line: string): void => console.error(line);

const INSTALL = `set -e
mkdir -p /cargo; mount -o ro /dev/vdb /cargo; cd /cargo
install -m 600 -o mosquitto ca.pem server.pem server.key mosquitto.conf /etc/mosquitto/
systemd-run --unit=broker /usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf
# From here on as INSTALL.md says.
install -m 755 bedside /usr/local/bin/bedside
useradd --system -G dialout bedside
install -d -g bedside -m 750 /etc/bedside
install -g bedside -m 640 bedside.yaml ca.pem cert.pem admissions.signed /etc/bedside/
install -o bedside -m 600 key.pem /etc/bedside/
install -m 644 bedside.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable --now bedside`;

const CONFIGURATION = `gateway: gw-vm
broker: { host: localhost, port: 8883, ca: /etc/bedside/ca.pem, cert: /etc/bedside/cert.pem, key: /etc/bedside/key.pem }
`;
const ADMITTED = { when: { serial: "MON-1" }, device: "dv-1", driver: "nonin", socket: "ICU-1/A" };
const BROKER = `listener 8883 127.0.0.1
cafile /etc/mosquitto/ca.pem
certfile /etc/mosquitto/server.pem
keyfile /etc/mosquitto/server.key
require_certificate true
use_identity_as_username true
tls_version tlsv1.3
log_dest stderr
`;

function pack(folder: string): void {
  const pki = makeAuthority("Hospital CA");
  const gateway = pki.issue({ cn: "gw-vm", kind: "client" });
  const broker = pki.issue({ cn: "localhost", kind: "server" });
  const documents = biomedicalEngineer().admit(join(folder, "admissions.signed"), "gw-vm", [ADMITTED]);
  copyFileSync(FILE, join(folder, "bedside"));
  copyFileSync(join(ROOT, "config/host/bedside.service"), join(folder, "bedside.service"));
  const texts = {
    "bedside.yaml": CONFIGURATION + documents.replace(folder, "/etc/bedside"),
    "mosquitto.conf": BROKER,
    "ca.pem": pki.cert,
    "cert.pem": gateway.cert,
    "key.pem": gateway.key,
    "server.pem": broker.cert,
    "server.key": broker.key,
  };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
}

async function checkAll(machine: Machine): Promise<number> {
  let failed = 0;
  console.log(await machine.must("systemctl --version | head -1; uname -r"));
  console.log("result  seconds  what                                                                      seen");
  for (const { what, look } of CHECKS) {
    const began = performance.now();
    const { holds, seen } = await look(machine).catch((caught: unknown) => ({ holds: false, seen: String(caught) }));
    if (!holds) failed += 1;
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(7);
    console.log(`${holds ? "ok    " : "FAILED"}  ${seconds}  ${what.padEnd(72)}  ${seen.trim().replaceAll("\n", " · ")}`);
  }
  if (failed > 0) console.log(await machine.must("journalctl -u bedside --no-pager | tail -60"));
  return failed;
}

async function main(): Promise<number> {
  if (!existsSync(FILE)) throw new Error(`${FILE} is not there; make it with  ./build.sh package host`);
  const image = prepareImage(say);
  const folder = mkdtempSync(join(tmpdir(), "bedside-cargo-"));
  let machine: Machine | undefined;
  try {
    mkdirSync(join(folder, "files"));
    pack(join(folder, "files"));
    makeCargo(join(folder, "files"), join(folder, "disk"));
    say("Booting (emulated down to the processor: a minute) ...");
    machine = await bootMachine(image, join(folder, "disk"));
    await machine.must(INSTALL, 180);
    const failed = await checkAll(machine);
    console.log(failed === 0 ? "The service does what its unit says, under a real systemd." : `${failed} of ${CHECKS.length} do not hold.`);
    return failed === 0 ? 0 : 1;
  } finally {
    await machine?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
