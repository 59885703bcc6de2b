import type { Message } from "../effects/effects.ts";
import type { Lane } from "../model/model.ts";

/** A message that the broker keeps for whoever comes later. */
export const retained = (topic: string, payload: Uint8Array): Message => ({ topic, payload, retain: true, properties: {} });

/** The topics of one gateway. Its id is the certificate's CN and the client id, so that a broker can pin all three. */
export function topicsOf(gateway: string) {
  const up = `bedside/v1/${gateway}/up`;
  const down = `bedside/v1/${gateway}/down`;
  return {
    desired: (kind: string) => `${down}/desired/${kind}`,
    reported: (kind: string) => `${up}/reported/${kind}`,
    birth: `${up}/birth`,
    health: `${up}/health`,
    lane: (lane: Lane) => `${up}/${LEAVES[lane]}`,
  } as const;
}
export type Topics = ReturnType<typeof topicsOf>;

const LEAVES: Readonly<Record<Lane, string>> = { alert: "alerts", event: "events", report: "reports", wave: "waves" };
