/**
 * What is looked for beyond shape, and what becomes of it. `refused`: nothing of the document is taken. `warned`: it is taken, and
 * `bedside config check` tells it. Refused is what cannot be meant, or could cost a reading or admit a stranger; warned is what can
 * be right in a laboratory and is seldom right in a room.
 */
export type Judgement = { readonly verdict: "refused" | "warned"; readonly where: string; readonly what: string; readonly why: string };

export const JUDGEMENTS = {
  no_broker:          { verdict: "refused", where: "broker",           what: "no broker is named",                                        why: "a gateway that reaches no centre keeps readings for nobody" },
  rules_in_file:      { verdict: "refused", where: "rules",            what: "rules in a gateway's file",                                 why: "which port is opened is signed by biomedical engineering: the document admissions" },
  admits_all:         { verdict: "refused", where: "rules[].when",     what: "a rule without a condition",                                why: "it would admit every port, also a stranger's" },
  pattern:            { verdict: "refused", where: "rules[].when.*",   what: "a pattern such as * where one value is named",              why: "it would never match; who writes it means all of them" },
  never_applies:      { verdict: "refused", where: "rules[].when",     what: "a rule behind one that asks for the same or less",          why: "it never decides anything" },
  device_twice:       { verdict: "refused", where: "rules[].device",   what: "one device at two sockets, known by nothing but the socket", why: "two devices would share one name" },
  driver_unknown:     { verdict: "refused", where: "rules[].driver",   what: "a driver that this program does not have",                  why: "the port would never be read" },
  line_unknown:       { verdict: "refused", where: "rules[].line",     what: "a line at which no device of this driver speaks",           why: "the port would never be read" },
  port_twice:         { verdict: "refused", where: "ports[]",          what: "a path, an address or a location that is declared twice",   why: "nobody could tell which of them is meant" },
  out_of_bounds:      { verdict: "refused", where: "pace, window, spool.size", what: "a quantity out of its bounds",                      why: "the bounds are what was tried" },
  window_below_pace:  { verdict: "refused", where: "window",           what: "a window shorter than the pace and 150ms",                  why: "all would be written to flash before it could be sent" },
  window_long:        { verdict: "warned",  where: "window",           what: "a window longer than 10s",                                  why: "a power cut may cost all of it, and with waves the memory (4 MiB a lane) is full before" },
  pace_slow:          { verdict: "warned",  where: "pace",             what: "a pace slower than 5s",                                     why: "alerts still go at once, but readings come so late" },
  spool_small:        { verdict: "warned",  where: "spool.size",       what: "a spool smaller than 64MiB",                                why: "one device with waves fills it within two hours without a broker" },
  admits_none:        { verdict: "warned",  where: "rules",            what: "no rule that allows, in a document of kind admissions",     why: "it closes every port of the gateway" },
  kind_of_adapter:    { verdict: "warned",  where: "rules[].when",     what: "an allow that names neither location, address nor serial",  why: "any adapter of that kind, in any socket, is taken for this one device" },
  never_matches:      { verdict: "warned",  where: "rules[].when",     what: "a vendor, product or interface that Linux never shows so",  why: "they are hexadecimal and in small letters: four digits, for interface two" },
  no_trust:           { verdict: "warned",  where: "trust",            what: "no trusted key",                                            why: "no document is ever taken, so that no port is ever opened" },
  no_trusted_role:    { verdict: "warned",  where: "trust",            what: "trusted keys, but none of one of the roles",                why: "documents of its kind are all refused; without admissions no port is ever opened" },
  key_name_twice:     { verdict: "warned",  where: "trust[].id",       what: "two trusted keys of one name",                              why: "signatures carry the name, and only the first of them is looked at" },
  key_two_roles:      { verdict: "warned",  where: "trust[].key",      what: "one key under two names or roles",                          why: "one person could then sign for operations and for biomedical engineering" },
  ports_declared:     { verdict: "warned",  where: "ports",            what: "a declared path",                                           why: "what comes through them is marked as a test" },
  port_nowhere:       { verdict: "refused", where: "ports[]",          what: "a declared port with neither a path nor an address, or both", why: "nobody could tell where it is" },
  udp_own:            { verdict: "warned",  where: "ports[].udp",      what: "an address of this box itself",                             why: "what comes from it is marked as a test" },
  path_relative:      { verdict: "warned",  where: "broker.*, documents[]", what: "a path that does not begin with /",                     why: "it depends on the folder that the agent is started in" },
} as const satisfies Readonly<Record<string, Judgement>>;

export type JudgementName = keyof typeof JUDGEMENTS;
