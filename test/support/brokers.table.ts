import { hivemqMissing, startHivemq } from "./hivemq.ts";
import { startMosquitto } from "./mosquitto.ts";

/** The brokers that one end-to-end test runs on, and where they differ: proto/README.md, "Differences a gateway must survive". */
export type BrokerRow = {
  readonly name: string;
  readonly start: typeof startHivemq;
  /** Why it cannot be run here, and the command that mends it. */
  readonly missing: typeof hivemqMissing | undefined;
  readonly receiveMaximum: number;
  /** Reason code of a DISCONNECT; undefined: none comes. */
  readonly burst: number | undefined;
  readonly afterRefusedPublish: number | undefined;
  readonly takeOver: number | undefined;
  /** Of CONNACK. */
  readonly foreignClientId: number;
  readonly foreignWill: number;
  /** undefined: the connection ends before, with a TLS alert. */
  readonly revoked: number | undefined;
  /** Of SUBACK. */
  readonly foreignSubscription: number;
  /** Whether what it has acknowledged outlives a kill right behind. */
  readonly keepsWhenKilled: boolean;
  /** What an agent tells that another client with its certificate threw out. */
  readonly thrownOut: "uplink.closed" | "uplink.identity_twice";
};

export const BROKERS: readonly BrokerRow[] = [
  { name: "mosquitto", start: startMosquitto, missing: undefined,     receiveMaximum: 100, burst: undefined, afterRefusedPublish: undefined, takeOver: undefined, foreignClientId: 0x00, foreignWill: 0x00, revoked: undefined, foreignSubscription: 0x01, keepsWhenKilled: false, thrownOut: "uplink.closed" },
  { name: "HiveMQ",    start: startHivemq,    missing: hivemqMissing, receiveMaximum: 10,  burst: 0x93,      afterRefusedPublish: 0x87,      takeOver: 0x8e,      foreignClientId: 0x85, foreignWill: 0x87, revoked: 0x87,      foreignSubscription: 0x87, keepsWhenKilled: true,  thrownOut: "uplink.identity_twice" },
];
