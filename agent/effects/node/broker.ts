import { asFault } from "../../fault/fault.ts";
import { PACKET_LIMITS, packetCheck } from "../../uplink/packet-check.ts";
import type { Broker, BrokerSession, ConnectOptions } from "../effects.ts";
import { openLine, type TicketStore, ticketStore } from "./broker-line.ts";
import { openSession } from "./broker-session.ts";

/**
 * The broker as it is in the world: TCP, mutual TLS 1.3, MQTT 5, one client object a connection. TLS tickets are kept in
 * memory, so that a reconnect costs both sides half. An aborted signal drops the connection without DISCONNECT, and the
 * broker then sends the will; an orderly end is `BrokerSession.end`.
 */
export function nodeBroker(): Broker {
  const tickets = ticketStore();
  return { connect: (options, signal) => connect({ options, signal, tickets }) };
}

/**
 * Bytes. MQTT.js keeps for ever four bytes for each length of packet that it once wrote (below 16,384), each in the pool that Node had
 * open then. With Node's own pools of 64 KiB twenty devices would hold 8 MB after half a minute, and more each hour.
 */
const POOL_BYTES = 512;

/** Loaded here and nowhere else, so that no other command of the program pays for it. */
function loadMqtt(): Promise<typeof import("mqtt")> {
  Buffer.poolSize = POOL_BYTES;
  return import("mqtt");
}

async function connect(wanted: { options: ConnectOptions; signal: AbortSignal; tickets: TicketStore }): Promise<BrokerSession> {
  const mqtt = await loadMqtt();
  const line = openLine(wanted);
  try {
    await Promise.race([line.secured, line.closed.then(rethrow)]);
    const session = openSession({ mqtt, line, options: wanted.options, check: packetCheck(PACKET_LIMITS) });
    return await Promise.race([session, line.closed.then(rethrow)]);
  } catch (caught) {
    line.drop(asFault(caught, "uplink.protocol", "The MQTT client failed"));
    throw caught;
  } finally {
    line.settled();
  }
}

function rethrow(fault: unknown): never {
  throw fault;
}
