import { type Device, IDENTITY, MODE } from "../../proto/messages.ts";
import { assert } from "../fault/fault.ts";
import type { Attachment } from "./attachment.ts";

/** Epoch 0 is the gateway itself. */
export const GATEWAY_EPOCH = 0;

/** Numbers attachments within the run, and knows how a batch introduces each that still speaks. */
export class Epochs {
  readonly #devices = new Map<number, Device>([[GATEWAY_EPOCH, { epoch: GATEWAY_EPOCH }]]);
  #last = GATEWAY_EPOCH;

  begin(attachment: Attachment): Device {
    this.#last += 1;
    const device = wireDevice(this.#last, attachment);
    this.#devices.set(this.#last, device);
    return device;
  }

  device(epoch: number): Device {
    const device = this.#devices.get(epoch);
    assert(device !== undefined, `epoch ${epoch} speaks while it lasts`);
    return device;
  }

  /** What is known of it changed, or who claims it. The caller begins new batches: a batch introduces a device once. */
  change(epoch: number, attachment: Known): void {
    if (this.#devices.has(epoch)) this.#devices.set(epoch, wireDevice(epoch, attachment));
  }

  /** Nothing more comes of this epoch. */
  end(epoch: number): void {
    this.#devices.delete(epoch);
  }
}

type Known = Pick<Attachment, "device" | "socket" | "node" | "mode" | "facts" | "known" | "contested">;

export function wireDevice(epoch: number, { device, socket, node, mode, facts, known, contested }: Known): Device {
  // What the device itself told says more than what its adapter says, and that more than its place.
  const identity = facts.serial === undefined ? IDENTITY[known] : IDENTITY.protocol;
  const below = node === undefined ? {} : { node };
  return { epoch, device, socket, ...below, mode: MODE[mode], identity, ...(contested ? { contested } : {}) };
}
