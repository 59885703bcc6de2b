/** What a device or its line may do wrong: name, what it does, its parameters with what they are where they are not given. */
export const FAULT_TABLE = [
  { kind: "silence", says: "neither sends nor hears; it goes on living", parameters: {} },
  { kind: "unplug", says: "the port is gone, and with +TIME there again", parameters: {} },
  { kind: "swap", says: "another device stands on the line: another of its kind, or the one named", parameters: {} },
  { kind: "flip", says: "bits of a message are flipped, so that a reader can see it", parameters: { every: 5, bits: 1 } },
  { kind: "checksum", says: "a message is whole, but its checksum is wrong", parameters: { every: 5 } },
  { kind: "cut", says: "only the first bytes of a message leave, perhaps none", parameters: { every: 5 } },
  { kind: "noise", says: "random bytes follow a message", parameters: { bytes: 40, every: 5 } },
  { kind: "repeat", says: "a message is sent again, as a new one", parameters: { times: 1, every: 5 } },
  { kind: "late", says: "a message, and what is behind it, comes later", parameters: { time: 2000, every: 5 } },
  { kind: "split", says: "messages leave in pieces of so many bytes, with pauses between them", parameters: { bytes: 2, pause: 5, every: 1 } },
] as const;

/** Other words that people use. */
export const FAULT_ALIASES = { garbage: "noise", truncate: "cut", sum: "checksum" } as const;

/** Parameters that are times, in ms; the others are counts of at least 1. */
export const TIME_PARAMETERS = ["time", "pause"] as const;
