import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../config/package/target.ts";
import { type RunningBroker, startBroker } from "./broker-process.ts";
import { type MosquittoOptions, writeBrokerFiles } from "./mosquitto.ts";

/** HiveMQ Community Edition, as config/broker/hivemq has it, from the same certificates and access rules as mosquitto. */

const CONFIGURATION = join(ROOT, "config/broker/hivemq");
/** Where `./build.sh brokers` puts it. */
const INSTALLED = join(ROOT, ".build/hivemq");
/** Five seconds on a machine that does nothing else. */
const START_MAX = 60_000;
/** Starting is what counts here; the compiler that is best after minutes is left out. */
const JAVA_OPTS = "-XX:TieredStopAtLevel=1";

/** Why it cannot be run here, with the command that mends it; undefined where it can. */
export function hivemqMissing(): string | undefined {
  const made = join(INSTALLED, "classes/Broker.class");
  if (!existsSync(made)) return "HiveMQ is not in .build/hivemq: ./build.sh brokers fetches it (100 MB, with maven)";
  const source = join(CONFIGURATION, "Broker.java");
  if (statSync(made).mtimeMs < statSync(source).mtimeMs)
    return ".build/hivemq is older than Broker.java: ./build.sh brokers makes it again";
  if (spawnSync("java", ["-version"]).status !== 0) return "java is missing: apt-get install openjdk-17-jdk-headless";
  return undefined;
}

export function startHivemq(options: Omit<MosquittoOptions, "without" | "more">): Promise<RunningBroker> {
  const { folder } = options;
  return startBroker({
    port: options.port,
    startMax: START_MAX,
    stopBy: "SIGKILL",
    start: (port) => {
      mkdirSync(join(folder, "db"), { recursive: true });
      writeBrokerFiles(options);
      return {
        command: [join(CONFIGURATION, "start.sh"), INSTALLED],
        environment: {
          JAVA_OPTS,
          BROKER_ADDRESS: "127.0.0.1",
          BROKER_PORT: String(port),
          BROKER_CONFIG: folder,
          BROKER_DATA: join(folder, "db"),
        },
      };
    },
  });
}
