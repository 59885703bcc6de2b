import { chmod, lstat, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Duration } from "../../../config/units.ts";
import { asFault, Fault } from "../../fault/fault.ts";
import type { Control } from "../effects.ts";

const REQUEST_MAX = 4096;
const ANSWER_MAX = 16 * 1024 * 1024;
const CONNECTIONS_MAX = 8;
/** A connection has this long, in milliseconds, to bring its request, and again to take its answer. */
const IDLE_MAX = 5000;
/** The service's user and its group: who may ask is who is in the group. */
const SOCKET_MODE = 0o660;
/** How long an old socket has to show that somebody lives behind it, in milliseconds. */
const KNOCK_MAX = 1000;

/**
 * One connection carries one request and one answer, each a line of JSON. A request that is a string reaches `answer` as that
 * string ("status"), any other as its JSON text. An answer may be a promise; a refusal is `{ "error": "…" }`.
 * Throws Fault `agent.second` where another process answers on the path, `control.failed` where the path cannot be used.
 */
export function nodeControl(): Control {
  return {
    serve: async (path, answer, signal) => {
      if (signal.aborted) return;
      await removeStale(path);
      const open = new Set<Socket>();
      const server = createServer((socket) => {
        open.add(socket);
        socket.once("close", () => open.delete(socket));
        serveOne(socket, answer);
      });
      server.maxConnections = CONNECTIONS_MAX;
      try {
        await listening(server, path);
        await chmod(path, SOCKET_MODE);
        await aborted(signal);
      } catch (caught) {
        throw asFault(caught, "control.failed", `The control socket ${path} cannot be used`);
      } finally {
        for (const socket of open) socket.destroy();
        // Removes the file, too.
        await new Promise<void>((closed) => server.close(() => closed()));
      }
    },
  };
}

/** Asks the agent that listens on `path`. Throws Fault `agent.unreachable` where none answers within the time. */
export function askControl(path: string, request: unknown, within: Duration): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const parts: Buffer[] = [];
    let length = 0;
    const fail = (why: string, cause?: unknown): void => {
      end();
      reject(new Fault("agent.unreachable", `No agent answers on ${path} (${why})`, { path }, { cause }));
    };
    const timer = setTimeout(() => fail("no answer in time"), within);
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
    };
    socket.on("error", (caught: NodeJS.ErrnoException) => fail(caught.code ?? caught.message, caught));
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length > ANSWER_MAX) fail("its answer is too long");
    });
    socket.on("end", () => {
      end();
      try {
        resolve(JSON.parse(Buffer.concat(parts).toString("utf8")));
      } catch (caught) {
        fail("its answer is cut", caught);
      }
    });
  });
}

function serveOne(socket: Socket, answer: (request: string) => unknown): void {
  const parts: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => socket.destroy(), IDLE_MAX);
  const reply = async (line: string): Promise<void> => {
    const value = await replyTo(line, answer);
    timer.refresh();
    socket.end(`${JSON.stringify(value)}\n`);
  };
  socket.on("error", () => socket.destroy());
  socket.on("close", () => clearTimeout(timer));
  socket.on("data", function heard(part: Buffer) {
    const mark = part.indexOf("\n");
    parts.push(mark === -1 ? part : part.subarray(0, mark));
    length += mark === -1 ? part.length : mark;
    if (mark === -1 && length <= REQUEST_MAX) return;
    socket.off("data", heard);
    // Read on and forget, or the end of the connection would never be seen.
    socket.resume();
    if (length > REQUEST_MAX) socket.end(`${JSON.stringify({ error: `a request has at most ${REQUEST_MAX} bytes` })}\n`);
    else void reply(Buffer.concat(parts).toString("utf8"));
  });
}

async function replyTo(line: string, answer: (request: string) => unknown): Promise<unknown> {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch (caught) {
    return { error: `the request is no JSON (${String(caught)})` };
  }
  try {
    return (await answer(typeof request === "string" ? request : line)) ?? null;
  } catch (caught) {
    return { error: asFault(caught, "agent.failed", "The request failed").message };
  }
}

/** A killed agent leaves its socket behind; a living one answers a knock. */
async function removeStale(path: string): Promise<void> {
  const outcome = await new Promise<string>((resolve) => {
    const socket = connect(path, () => done("alive"));
    const timer = setTimeout(() => done("alive"), KNOCK_MAX);
    const done = (found: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(found);
    };
    socket.on("error", (caught: NodeJS.ErrnoException) => done(caught.code ?? "unknown"));
  });
  switch (outcome) {
    case "ENOENT":
      return;
    case "ECONNREFUSED":
      return removeSocket(path);
    case "alive":
    case "EAGAIN":
      throw new Fault("agent.second", `Another process answers on ${path}`, { path });
    default:
      throw new Fault("control.failed", `The control socket ${path} cannot be used (${outcome})`, { path, errno: outcome });
  }
}

/** Linux refuses a connection to a plain file in the same words, and that is not ours to remove. */
async function removeSocket(path: string): Promise<void> {
  if (!(await lstat(path)).isSocket()) throw new Fault("control.failed", `${path} is in the place of the control socket`, { path });
  await rm(path, { force: true });
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
