import { type Bytes, isDue, type Mono, Seconds } from "../../config/units.ts";
import type { Effects } from "../effects/effects.ts";

const ASK_EVERY = Seconds(10);

/** Memory of this process and of the host, asked now and then. */
export class HostWatch {
  readonly #effects: Pick<Effects, "host">;
  #askedAt: Mono | undefined;
  memory: { readonly resident: Bytes; readonly free: Bytes } = { resident: 0 as Bytes, free: 0 as Bytes };

  constructor(effects: Pick<Effects, "host">) {
    this.#effects = effects;
  }

  tick(now: Mono): void {
    if (!isDue(this.#askedAt, ASK_EVERY, now)) return;
    this.#askedAt = now;
    void this.#effects.host.memory().then((memory) => {
      this.memory = memory;
    });
  }
}
