import { readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { BUILD, VERSION } from "../../agent/cli/version.ts";

/**
 * Stands for the agent while only the recipe is in question: opens the first port of the configuration with the add-on and
 * sends what it reads there as its birth, over MQTT 5 and mutual TLS. Everything heavy is imported where it is needed.
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: "string" },
      "state-dir": { type: "string" },
      "runtime-dir": { type: "string" },
      json: { type: "boolean" },
    },
  });
  if (positionals[0] === "version") {
    process.stdout.write(`${JSON.stringify({ version: VERSION, build: BUILD, node: process.versions.node, arch: process.arch })}\n`);
    return;
  }
  await run(values.config ?? "");
}

async function run(path: string): Promise<void> {
  const [{ parse }, { LinuxBinding }, { connectAsync }] = await Promise.all([
    import("yaml"),
    import("@serialport/bindings-cpp"),
    import("mqtt"),
  ]);
  const { gateway, broker, ports } = parse(readFileSync(path, "utf8"));
  const port = await LinuxBinding.open({ path: ports[0].path, baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 });
  process.stderr.write("port open\n");
  const client = await connectAsync({
    protocol: "mqtts",
    host: broker.host,
    port: broker.port,
    ca: readFileSync(broker.ca),
    cert: readFileSync(broker.cert),
    key: readFileSync(broker.key),
    rejectUnauthorized: true,
    clientId: gateway,
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  process.stderr.write("connected\n");
  const publish = async (): Promise<void> => {
    const bytes = Buffer.alloc(64);
    const { bytesRead } = await port.read(bytes, 0, bytes.length);
    await client.publishAsync(`bedside/v1/${gateway}/up/birth`, bytes.subarray(0, bytesRead), { qos: 1 });
  };
  process.once("SIGTERM", () => process.exit(0));
  for (;;) await publish();
}

await_(main());

/** No top-level await: the one file is CommonJS. */
function await_(whole: Promise<void>): void {
  whole.catch((cause: unknown) => {
    process.stderr.write(`${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`);
    process.exitCode = 1;
  });
}
