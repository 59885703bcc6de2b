/** What MQTT 5 lets a server send to this client: reason codes (2.4) and properties (2.2.2.2), one a row. */
export type PacketKind = "connack" | "publish" | "puback" | "suback" | "disconnect";
export type PropertyRow = {
  readonly name: string;
  readonly type: "bit" | "u16" | "u32" | "variable" | "text" | "pair" | "binary";
  readonly in: readonly PacketKind[];
  readonly nonZero: boolean;
  readonly repeats: boolean;
};

export const DISCONNECT = 14;

/** Rows with an empty `in` exist, but are not for this client: it asks for no authentication, no aliases, no response information. */
export const PROPERTIES: Readonly<Record<number, PropertyRow>> = {
  1:  { name: "Payload Format Indicator",          type: "bit",      in: ["publish"],                                    nonZero: false, repeats: false },
  2:  { name: "Message Expiry Interval",           type: "u32",      in: ["publish"],                                    nonZero: false, repeats: false },
  3:  { name: "Content Type",                      type: "text",     in: ["publish"],                                    nonZero: false, repeats: false },
  8:  { name: "Response Topic",                    type: "text",     in: ["publish"],                                    nonZero: false, repeats: false },
  9:  { name: "Correlation Data",                  type: "binary",   in: ["publish"],                                    nonZero: false, repeats: false },
  11: { name: "Subscription Identifier",           type: "variable", in: ["publish"],                                    nonZero: true,  repeats: true },
  17: { name: "Session Expiry Interval",           type: "u32",      in: ["connack"],                                    nonZero: false, repeats: false },
  18: { name: "Assigned Client Identifier",        type: "text",     in: ["connack"],                                    nonZero: false, repeats: false },
  19: { name: "Server Keep Alive",                 type: "u16",      in: ["connack"],                                    nonZero: false, repeats: false },
  21: { name: "Authentication Method",             type: "text",     in: [],                                             nonZero: false, repeats: false },
  22: { name: "Authentication Data",               type: "binary",   in: [],                                             nonZero: false, repeats: false },
  23: { name: "Request Problem Information",       type: "bit",      in: [],                                             nonZero: false, repeats: false },
  24: { name: "Will Delay Interval",               type: "u32",      in: [],                                             nonZero: false, repeats: false },
  25: { name: "Request Response Information",      type: "bit",      in: [],                                             nonZero: false, repeats: false },
  26: { name: "Response Information",              type: "text",     in: [],                                             nonZero: false, repeats: false },
  28: { name: "Server Reference",                  type: "text",     in: ["connack", "disconnect"],                      nonZero: false, repeats: false },
  31: { name: "Reason String",                     type: "text",     in: ["connack", "puback", "suback", "disconnect"],  nonZero: false, repeats: false },
  33: { name: "Receive Maximum",                   type: "u16",      in: ["connack"],                                    nonZero: true,  repeats: false },
  34: { name: "Topic Alias Maximum",               type: "u16",      in: ["connack"],                                    nonZero: false, repeats: false },
  35: { name: "Topic Alias",                       type: "u16",      in: [],                                             nonZero: true,  repeats: false },
  36: { name: "Maximum QoS",                       type: "bit",      in: ["connack"],                                    nonZero: false, repeats: false },
  37: { name: "Retain Available",                  type: "bit",      in: ["connack"],                                    nonZero: false, repeats: false },
  38: { name: "User Property",                     type: "pair",     in: ["connack", "publish", "puback", "suback", "disconnect"], nonZero: false, repeats: true },
  39: { name: "Maximum Packet Size",               type: "u32",      in: ["connack"],                                    nonZero: true,  repeats: false },
  40: { name: "Wildcard Subscription Available",   type: "bit",      in: ["connack"],                                    nonZero: false, repeats: false },
  41: { name: "Subscription Identifier Available", type: "bit",      in: ["connack"],                                    nonZero: false, repeats: false },
  42: { name: "Shared Subscription Available",     type: "bit",      in: ["connack"],                                    nonZero: false, repeats: false },
};

/** The names of the standard, table 2-6, beside the codes. */
export const REASONS: Readonly<Record<number, string>> = {
  0x00: "Success",
  0x01: "Granted QoS 1",
  0x02: "Granted QoS 2",
  0x10: "No matching subscribers",
  0x80: "Unspecified error",
  0x81: "Malformed Packet",
  0x82: "Protocol Error",
  0x83: "Implementation specific error",
  0x84: "Unsupported Protocol Version",
  0x85: "Client Identifier not valid",
  0x86: "Bad User Name or Password",
  0x87: "Not authorized",
  0x88: "Server unavailable",
  0x89: "Server busy",
  0x8a: "Banned",
  0x8b: "Server shutting down",
  0x8c: "Bad authentication method",
  0x8d: "Keep Alive timeout",
  0x8e: "Session taken over",
  0x8f: "Topic Filter invalid",
  0x90: "Topic Name invalid",
  0x91: "Packet Identifier in use",
  0x93: "Receive Maximum exceeded",
  0x94: "Topic Alias invalid",
  0x95: "Packet too large",
  0x96: "Message rate too high",
  0x97: "Quota exceeded",
  0x98: "Administrative action",
  0x99: "Payload format invalid",
  0x9a: "Retain not supported",
  0x9b: "QoS not supported",
  0x9c: "Use another server",
  0x9d: "Server moved",
  0x9e: "Shared Subscriptions not supported",
  0x9f: "Connection rate exceeded",
  0xa0: "Maximum connect time",
  0xa1: "Subscription Identifiers not supported",
  0xa2: "Wildcard Subscriptions not supported",
};

/** Which codes a server may put into which packet: 3.2.2.2, 3.4.2.1, 3.9.3, 3.14.2.1. */
export const KNOWN_REASONS: Readonly<Record<Exclude<PacketKind, "publish">, readonly number[]>> = {
  connack:    [0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f],
  puback:     [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  suback:     [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
  disconnect: [0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2],
};

/**
 * What each refusal means for a person, and what this box does about it.
 *
 * | react  | the box                                                                   |
 * |--------|---------------------------------------------------------------------------|
 * | again  | tries again at its own pace (the first time within 2 s)                   |
 * | later  | tries again, but not before 30 s: the broker is at a limit                |
 * | person | as "later", and says that a person must change something                  |
 *
 * A PUBACK ends no connection: its lane rests for 30 s, its records are kept and tried again; "person" says who must act.
 */
export type ReactionRow = { readonly react: "again" | "later" | "person"; readonly means: string };

export const REACTIONS: Readonly<Record<"connack" | "puback" | "disconnect", Readonly<Record<number, ReactionRow>>>> = {
  connack: {
    0x80: { react: "later",  means: "it does not say why" },
    0x81: { react: "person", means: "it could not read our first message" },
    0x82: { react: "person", means: "it does not allow something in our first message" },
    0x83: { react: "later",  means: "it does not say why" },
    0x84: { react: "person", means: "it does not speak MQTT 5" },
    0x85: { react: "person", means: "it does not accept this gateway's name as client id" },
    0x86: { react: "person", means: "it wants a name and a password, or does not know the name in this box's certificate" },
    0x87: { react: "person", means: "it does not let this gateway in" },
    0x88: { react: "again",  means: "it is not ready" },
    0x89: { react: "again",  means: "it has too much to do" },
    0x8a: { react: "person", means: "this gateway was locked out" },
    0x8c: { react: "person", means: "it wants another way to log in than by certificate" },
    0x90: { react: "person", means: "it does not accept the topic that this gateway's death would be told on" },
    0x95: { react: "person", means: "our first message is too long for it" },
    0x97: { react: "later",  means: "a limit is reached, of connections or of messages" },
    0x99: { react: "person", means: "it does not accept the content of our first message" },
    0x9a: { react: "person", means: "it keeps no retained messages, and this box needs them" },
    0x9b: { react: "person", means: "it does not acknowledge messages (QoS 1), and this box needs that" },
    0x9c: { react: "person", means: "it sends this box to another broker; only a person may change broker.host" },
    0x9d: { react: "person", means: "the broker has moved; only a person may change broker.host" },
    0x9f: { react: "later",  means: "too many connect at the same time" },
  },
  puback: {
    0x80: { react: "later",  means: "it does not say why" },
    0x83: { react: "later",  means: "it does not say why" },
    0x87: { react: "person", means: "this gateway may not write there" },
    0x90: { react: "person", means: "it does not accept this topic" },
    0x91: { react: "later",  means: "it still counts an earlier message with this number" },
    0x97: { react: "later",  means: "a limit is reached, of messages or of room" },
    0x99: { react: "person", means: "it does not accept the content" },
  },
  disconnect: {
    0x00: { react: "again",  means: "without saying why" },
    0x80: { react: "again",  means: "it does not say why" },
    0x81: { react: "later",  means: "it could not read a message of ours" },
    0x82: { react: "later",  means: "it does not allow a message of ours" },
    0x83: { react: "again",  means: "it does not say why" },
    0x87: { react: "person", means: "this gateway may not do what it did" },
    0x89: { react: "later",  means: "it has too much to do" },
    0x8b: { react: "again",  means: "it is shutting down" },
    0x8d: { react: "again",  means: "it heard nothing of this box for too long" },
    0x8e: { react: "later",  means: "another connection with this box's identity took its place" },
    0x8f: { react: "person", means: "it does not accept what we subscribe to" },
    0x90: { react: "person", means: "it does not accept a topic of ours" },
    0x93: { react: "later",  means: "we sent more at once than it allowed" },
    0x94: { react: "later",  means: "we used a short topic name that it does not know" },
    0x95: { react: "person", means: "a message of ours is too long for it" },
    0x96: { react: "later",  means: "we send too fast for it" },
    0x97: { react: "later",  means: "a limit is reached, of messages or of room" },
    0x98: { react: "person", means: "a person or a rule at the centre cut this gateway off" },
    0x99: { react: "person", means: "it does not accept the content of a message" },
    0x9a: { react: "person", means: "it keeps no retained messages, and this box needs them" },
    0x9b: { react: "person", means: "it does not acknowledge messages (QoS 1), and this box needs that" },
    0x9c: { react: "person", means: "it sends this box to another broker; only a person may change broker.host" },
    0x9d: { react: "person", means: "the broker has moved; only a person may change broker.host" },
    0x9e: { react: "person", means: "it does not accept what we subscribe to" },
    0x9f: { react: "later",  means: "too many connect at the same time" },
    0xa0: { react: "again",  means: "it lets no connection last longer" },
    0xa1: { react: "person", means: "it does not accept what we subscribe to" },
    0xa2: { react: "person", means: "it does not accept what we subscribe to" },
  },
};
