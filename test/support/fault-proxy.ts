import { connect, createServer, type Server, type Socket } from "node:net";

/** The network between a gateway and its broker, with everything that goes wrong in one. TLS passes through unseen. */
export type FaultProxy = {
  /** What clients connect to. */
  readonly port: number;
  /** From now on, for old and new connections. */
  readonly be: (how: Weather) => void;
  /** Ends what is open with a reset; new connections are taken as the weather has it. */
  readonly cut: () => void;
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
};
export type Weather =
  | { readonly is: "good" }
  /** Both sides stay connected and nothing passes: half open. What is swallowed is gone for good. */
  | { readonly is: "half-open" }
  /** New connections are reset. */
  | { readonly is: "refusing" }
  /** Each piece is late by so much, give or take half of it, in order; at most so many bytes a piece. */
  | { readonly is: "slow"; readonly ms: number; readonly bytes: number };

export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let weather: Weather = { is: "good" };
  const server = createServer({ noDelay: true }, (client) => {
    if (weather.is === "refusing") {
      client.resetAndDestroy();
      return;
    }
    const broker = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const pair = [client, broker] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [broker, client]] as const) {
      const doomed = { is: false };
      const pass = pipeOf(to, () => weather);
      from.on("data", (bytes) => {
        // A stream with a hole in it is never whole again.
        if (weather.is === "half-open") doomed.is = true;
        if (!doomed.is) pass(bytes);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        pairs.delete(pair);
        if (weather.is !== "half-open") to.destroy();
      });
    }
  });
  return {
    port: await listening(server),
    be: (how) => {
      weather = how;
    },
    cut: () => {
      for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
    },
    connections: () => pairs.size,
    stop: async () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Hands pieces on, in order, as late as the weather makes them. */
function pipeOf(to: Socket, weather: () => Weather): (bytes: Buffer) => void {
  let free = 0;
  return (bytes) => {
    const now = weather();
    if (now.is !== "slow" && free <= performance.now()) {
      to.write(bytes);
      return;
    }
    const [late, most] = now.is === "slow" ? [now.ms * (0.5 + Math.random()), now.bytes] : [0, bytes.length];
    for (let at = 0; at < bytes.length; at += most) {
      free = Math.max(free, performance.now()) + late;
      const piece = bytes.subarray(at, at + most);
      setTimeout(() => to.writable && to.write(piece), free - performance.now());
    }
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("no port"));
      else resolve(address.port);
    });
  });
}
