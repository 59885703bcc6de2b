import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";

/** A reader of a port that never waits, for tests: what the kernel holds is read when it is asked for. */
export type PtyReader = {
  /** Everything read so far. */
  readonly bytes: () => Buffer;
  readonly write: (bytes: Uint8Array) => void;
  /** True when the port hung up. */
  readonly gone: () => boolean;
  readonly close: () => void;
};

const READ_BYTES = 65_536;

export function openPtyReader(path: string): PtyReader {
  const file = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const chunks: Buffer[] = [];
  let gone = false;
  const drain = (): void => {
    while (!gone) {
      const buffer = Buffer.alloc(READ_BYTES);
      const count = readNow(file, buffer);
      if (count === "nothing") return;
      if (count === "gone") gone = true;
      else chunks.push(buffer.subarray(0, count));
    }
  };
  const timer = setInterval(drain, 5);
  let open = true;
  return {
    bytes: () => {
      if (open) drain();
      return Buffer.concat(chunks);
    },
    write: (bytes) => {
      writeSync(file, bytes);
    },
    gone: () => gone,
    close: () => {
      if (!open) return;
      clearInterval(timer);
      drain();
      open = false;
      closeSync(file);
    },
  };
}

function readNow(file: number, buffer: Buffer): number | "nothing" | "gone" {
  try {
    const count = readSync(file, buffer);
    return count === 0 ? "gone" : count;
  } catch (caught) {
    const code = caught instanceof Error && "code" in caught ? caught.code : undefined;
    if (code === "EAGAIN") return "nothing";
    if (code === "EIO") return "gone";
    throw caught;
  }
}
