import type { Target } from "../target.ts";
import { DRIVER_TARGETS } from "./drivers.ts";
import { PARSER_TARGETS } from "./parsers.ts";

/** Everything that reads bytes nobody vouches for. */
export const TARGETS: readonly Target[] = [...DRIVER_TARGETS, ...PARSER_TARGETS];
