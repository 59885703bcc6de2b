import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../config/package/target.ts";

/** A disk with a small Debian and systemd on it, and the kernel to boot it by. */
export type Image = { readonly root: string; readonly kernel: string; readonly initrd: string };

const FOLDER = join(ROOT, ".build/vm");
const SUITE = "bookworm";
const PACKAGES = ["systemd", "systemd-sysv", "udev", "dbus", "kmod", "libstdc++6", "linux-image-amd64", "procps", "iproute2", "mosquitto"];
/** What no gateway here needs, and what would only make the disk larger and the boot slower. */
const LEFT_OUT = [
  ...["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/lib/modules/*/kernel/sound/*"],
  ...["gpu", "media", "net", "infiniband", "iio", "staging", "scsi", "mtd"].map((kind) => `/lib/modules/*/kernel/drivers/${kind}/*`),
];
/** Nothing here may start by itself while a test measures. */
const MASKED = ["apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service"].concat([
  "fstrim.timer",
  "systemd-timesyncd.service",
  "systemd-networkd.service",
  "getty@tty1.service",
  "mosquitto.service",
]);

/** One line in: a script as base64. One line out: its exit code, and what it said as base64. */
const LAB = `#!/bin/sh
until [ -e /dev/virtio-ports/ctl ]; do sleep 0.1; done
exec 3<>/dev/virtio-ports/ctl
echo ready >&3
while read -r line <&3; do
  printf '%s' "$line" | base64 -d >/run/lab.sh
  sh /run/lab.sh >/run/lab.out 2>&1
  code=$?
  printf '%s %s\\n' "$code" "$(base64 -w0 /run/lab.out)" >&3
done
`;
const LAB_UNIT = `[Unit]
After=basic.target
[Service]
ExecStart=/usr/local/sbin/lab
Restart=always
`;

/** Made once, in minutes, from Debian's packages; made anew where what it is made from has changed. Needs to be root. */
export function prepareImage(say: (line: string) => void): Image {
  const recipe = createHash("sha256")
    .update(readFileSync(new URL(import.meta.url)))
    .digest("hex");
  const image = { root: join(FOLDER, "root.ext4"), kernel: join(FOLDER, "kernel"), initrd: join(FOLDER, "initrd") };
  const stamp = join(FOLDER, "recipe");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === recipe) return image;
  say(`Making a ${SUITE} for the machine, from Debian's packages (minutes, once) ...`);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  // Not below this folder: while it is made, all of /proc hangs in it, and whoever looks for files here would walk through that.
  const root = mkdtempSync(join(tmpdir(), "bedside-vm-root-"));
  const without = LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`);
  run("mmdebstrap", ["--mode=root", "--variant=minbase", ...without, `--include=${PACKAGES.join(",")}`, SUITE, root]);
  furnish(root);
  for (const [name, place] of [["vmlinuz-", image.kernel] as const, ["initrd.img-", image.initrd] as const]) {
    const file = readdirSync(join(root, "boot")).find((one) => one.startsWith(name));
    if (file === undefined) throw new Error(`The image has no ${name}`);
    renameSync(join(root, "boot", file), place);
  }
  run("truncate", ["-s", "1500M", image.root]);
  run("mkfs.ext4", ["-q", "-F", "-d", root, image.root]);
  rmSync(root, { recursive: true, force: true });
  writeFileSync(stamp, recipe);
  return image;
}

/** A second disk with files for this run. */
export function makeCargo(folder: string, disk: string): void {
  run("truncate", ["-s", "200M", disk]);
  run("mkfs.ext4", ["-q", "-F", "-d", folder, disk]);
}

function furnish(root: string): void {
  const units = join(root, "etc/systemd/system");
  mkdirSync(join(units, "multi-user.target.wants"), { recursive: true });
  writeFileSync(join(root, "usr/local/sbin/lab"), LAB);
  chmodSync(join(root, "usr/local/sbin/lab"), 0o755);
  writeFileSync(join(units, "lab.service"), LAB_UNIT);
  symlinkSync("../lab.service", join(units, "multi-user.target.wants/lab.service"));
  for (const unit of MASKED) {
    rmSync(join(units, unit), { force: true });
    symlinkSync("/dev/null", join(units, unit));
  }
  writeFileSync(join(root, "etc/hostname"), "gateway\n");
  writeFileSync(join(root, "etc/hosts"), "127.0.0.1 localhost\n127.0.1.1 gateway\n");
  // Otherwise the first boot asks a person.
  writeFileSync(join(root, "etc/machine-id"), "0123456789abcdef0123456789abcdef\n");
  writeFileSync(join(root, "etc/fstab"), "/dev/vda / ext4 rw 0 0\n");
}

function run(program: string, words: readonly string[]): void {
  execFileSync(program, words, { stdio: ["ignore", "inherit", "inherit"] });
}
