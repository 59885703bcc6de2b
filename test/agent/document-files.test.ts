import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { admissionsOf, readDocumentFiles } from "../../agent/cli/document-files.ts";
import { readFileSettings, type Settings } from "../../config/schema.ts";
import { biomedicalEngineer } from "../support/admissions.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bedside-documents-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settingsWith = (more: object): Settings => {
  const read = readFileSettings({ gateway: "gw-1", broker: { host: "b", port: 1, ca: "/a", cert: "/c", key: "/k" }, ...more });
  return "settings" in read ? read.settings : expect.fail(JSON.stringify(read.mistakes));
};
const admitted = (device: string) => [{ when: { location: "bench-1" }, device, driver: "nonin" }];

describe("the documents that a configuration file names", () => {
  test("are read as they are; a FIFO, a folder, a device and a giant are told with their paths, and hold nothing up", async () => {
    writeFileSync(at("good"), "anything");
    writeFileSync(at("giant"), Buffer.alloc(256 * 1024 + 1));
    execFileSync("mkfifo", [at("fifo")]);
    const paths = [at("good"), at("fifo"), folder, "/dev/zero", at("giant"), at("nowhere")];
    const read = await readDocumentFiles({ documents: paths });
    expect(read.map((one) => ("bytes" in one ? [one.path, Buffer.from(one.bytes).toString()] : [one.path, one.fault.message]))).toEqual([
      [at("good"), "anything"],
      ...[
        "it is no regular file",
        "it is no regular file",
        "it is no regular file",
        "it is larger than 262144 bytes",
        "it does not exist",
      ].map((why, index) => [paths[index + 1], `Cannot read a signed document: ${paths[index + 1]} (${why})`]),
    ]);
    for (const one of read) if ("fault" in one) expect(one.fault.key).toBe("document.file_unreadable");
  });

  test("tell by which rules a box with that file would begin: those of the highest generation that it takes", async () => {
    const [engineer, stranger] = [biomedicalEngineer("bio-1"), biomedicalEngineer("bio-2")];
    engineer.admit(at("1.signed"), "gw-1", admitted("dv-1"));
    const lines = engineer.admit(at("2.signed"), "gw-1", admitted("dv-2"));
    engineer.admit(at("3.signed"), "gw-2", admitted("dv-3"));
    stranger.admit(at("4.signed"), "gw-1", admitted("dv-4"));
    const [, key = ""] = /key: "([^"]+)"/.exec(lines) ?? [];
    const trust = [{ id: "bio-1", role: "biomedical", key }];
    const documents = [2, 1, 3, 4].map((number) => at(`${number}.signed`));
    const { rules, told } = await admissionsOf(settingsWith({ trust, documents: [...documents, at("none.signed")] }));
    expect(rules).toMatchObject([{ when: { location: "bench-1" }, device: "dv-2" }]);
    expect(told.map((one) => one.slice(0, 7))).toEqual(["BED-627", "BED-611", "BED-615"]);
    for (const [index, name] of ["none", "4", "3"].entries()) expect(told[index]).toContain(at(`${name}.signed`));
    expect(await admissionsOf(settingsWith({}))).toEqual({ rules: [], told: [] });
  });
});
