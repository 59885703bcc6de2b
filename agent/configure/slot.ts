import { fromHex } from "../../config/bytes-text.ts";
import type { Kind } from "../../config/envelope/envelope.ts";
import { higher, type Mark } from "../../config/envelope/generation.ts";
import { isDue, type Mono, Seconds } from "../../config/units.ts";
import type { Reported } from "../../proto/messages.ts";
import { DOCUMENT_STATUS } from "../../proto/messages.ts";
import { asFault, Fault } from "../fault/fault.ts";
import { nextTrial, type TrialAction, type TrialInput, type TrialRecord, type TrialState, trialStart } from "../trial/trial.ts";
import { type Document, type Finding, type Judgement, judgeDocument, type Known } from "./document.ts";
import { type GivenFile, judgeFile } from "./document-file.ts";
import { marksOf } from "./keeping.ts";

/** Refusals that are told; the newest first. */
const FINDINGS_MAX = 32;
/** What was refused without a trial is remembered while the process lives: judged again, it would be refused again. */
const REFUSED_MAX = 32;
/** A flood of messages costs one look a kind in this time. */
export const JUDGE_EVERY = Seconds(1);

export type SlotOptions = {
  readonly kind: Kind;
  readonly gateway: string;
  readonly record: TrialRecord<Document>;
  /** The highest that ever ran for good. */
  readonly floor: Mark | undefined;
  /** Documents that lie on this box, by rising generation. */
  readonly files: readonly GivenFile[];
  /** What a document is judged by, now. */
  readonly known: () => Omit<Known, "running" | "refused" | "floor">;
  /** Whether it could cut the gateway off from the centre. */
  readonly needsTrial: (document: Document) => boolean;
  /** Tries what needs a trial beside what runs, which goes on meanwhile. Throws Fault where it would not do. */
  readonly probe: (document: Document) => Promise<void>;
  /** Throws Fault `disk.*`. */
  readonly store: (record: TrialRecord<Document>, floor: Mark | undefined) => Promise<void>;
  readonly apply: (document: Document | undefined) => void;
  readonly raise: (fault: Fault) => void;
  readonly clear: () => void;
  /** What is reported no longer tells the truth. */
  readonly changed: () => void;
  /** What is to be told of what runs from the start on. */
  readonly remark: Finding | undefined;
  readonly told: (what: Extract<TrialAction<Document>, { do: "tell" }>["what"], document: string) => void;
};

type Probe = { readonly document: Document; result: "under way" | "passed" | Fault };

/** One kind of desired documents: what runs, what is tried, what was refused and why. The thin runner of `nextTrial`. */
export class Slot {
  readonly #options: SlotOptions;
  #state: TrialState<Document>;
  #inputs: TrialInput<Document>[] = [];
  /** The newest that was heard and not looked at; ten thousand pushes cost one look a tick. */
  #heard: Uint8Array | undefined;
  /** What lies on this box and was not looked at. */
  #files: readonly GivenFile[];
  /** Where what was taken from this box lies, by its hash. */
  readonly #paths = new Map<string, string>();
  #judgedAt: Mono | undefined;
  #probe: Probe | undefined;
  #waiting: Document | undefined;
  #refused: readonly Mark[] = [];
  #findings: Reported["refusals"] = [];
  #reverted = false;
  #floor: Mark | undefined;

  /** Applies what runs from the start on. */
  constructor(options: SlotOptions) {
    this.#options = options;
    this.#files = options.files;
    const { state, actions } = trialStart(options.record);
    this.#state = state;
    this.#floor = higher(options.record.active, options.floor);
    for (const action of actions) this.#act(action);
    const { active } = options.record;
    if (options.remark !== undefined && active !== undefined) this.#findings = findingsOf(active, [options.remark]);
  }

  heard(bytes: Uint8Array): void {
    this.#heard = bytes;
  }

  /** The candidate that runs proved itself. */
  proved(): void {
    if (this.#state.phase === "trying") this.#inputs.push({ saw: "proved", id: this.#state.candidate.id });
  }

  /** What runs now, on trial or for good. */
  get running(): Document | undefined {
    const { phase, record } = this.#state;
    if (phase === "trying" || phase === "keeping") return this.#state.candidate;
    return phase === "replacing" && this.#state.runs === "new" ? this.#state.candidate : record.active;
  }

  /** The newest that was taken, whether or not it runs yet. */
  get newest(): Document | undefined {
    return this.#waiting ?? (this.#state.phase === "replacing" ? this.#state.candidate : this.running);
  }

  tick(now: Mono): void {
    for (const input of this.#inputs.splice(0)) this.#step(input, now);
    this.#step({ saw: "tick" }, now);
    this.#endProbe();
    this.#takeFiles();
    if (this.#heard !== undefined && isDue(this.#judgedAt, JUDGE_EVERY, now)) {
      const heard = this.#heard;
      this.#heard = undefined;
      this.#judgedAt = now;
      this.#judge(heard, now);
    }
    this.#offerWaiting(now);
  }

  /**
   * What needs a trial waits until nothing else is under way, and is tried beside what runs first; what needs none goes before what
   * is only being written down.
   */
  #offerWaiting(now: Mono): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const tried = this.#options.needsTrial(waiting);
    const { phase } = this.#state;
    if (phase !== "settled" && (tried || phase !== "replacing")) return;
    if (tried && this.#probe?.result !== "passed") {
      if (this.#probe === undefined) void this.#beginProbe(waiting);
      return;
    }
    this.#probe = undefined;
    this.#waiting = undefined;
    this.#step({ saw: tried ? "offered" : "replaced", candidate: waiting }, now);
  }

  async #beginProbe(document: Document): Promise<void> {
    const probe: Probe = { document, result: "under way" };
    this.#probe = probe;
    try {
      await this.#options.probe(document);
      probe.result = "passed";
    } catch (caught) {
      probe.result = asFault(caught, "document.unreachable", "The new broker could not be tried");
    }
  }

  /** What failed beside is not tried in earnest; what was overtaken meanwhile is forgotten. */
  #endProbe(): void {
    if (this.#probe === undefined || this.#probe.result === "under way") return;
    const { document, result } = this.#probe;
    if (result === "passed" && this.#waiting?.id === document.id) return;
    this.#probe = undefined;
    if (result === "passed") return;
    if (this.#waiting?.id === document.id) this.#waiting = undefined;
    this.#refused = [document, ...this.#refused].slice(0, REFUSED_MAX);
    this.#refuse(document, [{ key: "document.unreachable", path: "broker", text: result.message }]);
  }

  reported(): Reported {
    const { kind, gateway } = this.#options;
    const running = this.running;
    return {
      gateway,
      kind,
      generation: running?.generation ?? 0,
      sha256: running === undefined ? new Uint8Array() : fromHex(running.sha256),
      status: this.#status(),
      refusals: this.#findings,
    };
  }

  #status(): number {
    if (this.#state.phase === "trying" || this.#state.phase === "keeping") return DOCUMENT_STATUS.trial;
    if (this.#reverted) return DOCUMENT_STATUS.reverted;
    return this.running === undefined ? DOCUMENT_STATUS.none : DOCUMENT_STATUS.applied;
  }

  /** All in one turn, before what the broker sends; of several only the newest comes to run. */
  #takeFiles(): void {
    const files = this.#files;
    this.#files = [];
    for (const { path, bytes } of files) {
      const judged = judgeFile(bytes, this.#known());
      if (judged.is === "good") {
        this.#paths.set(judged.document.sha256, path);
        this.#waiting = judged.document;
      }
      if (judged.is === "refused") this.#tellRefusal(judged, path);
    }
  }

  #judge(bytes: Uint8Array, now: Mono): void {
    const judged = judgeDocument(bytes, this.#known());
    switch (judged.is) {
      case "same":
        this.#options.clear();
        return;
      case "refused":
        this.#tellRefusal(judged, undefined);
        return;
      case "good":
        this.#waiting = judged.document;
        this.#offerWaiting(now);
        return;
    }
  }

  #known(): Known {
    const refused = [...this.#refused, ...marksOf(this.#state.record.refused)];
    return { ...this.#options.known(), running: this.newest, floor: this.#floor, refused };
  }

  #tellRefusal({ mark, sha256, findings }: Extract<Judgement, { is: "refused" }>, path: string | undefined): void {
    if (mark !== undefined) this.#refused = [mark, ...this.#refused].slice(0, REFUSED_MAX);
    this.#refuse({ generation: mark?.generation ?? 0, sha256 }, findings, path);
  }

  /** `file`: it stands for as long as the file lies there, whatever else is heard. */
  #refuse(mark: Mark, findings: readonly Finding[], file?: string): void {
    const { kind, raise, changed } = this.#options;
    const [first] = findings;
    if (first === undefined) return;
    const place = first.path === "" ? "" : `${first.path}: `;
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
    const from = file ?? this.#paths.get(mark.sha256);
    const what = from === undefined ? `The document ${kind} that was sent` : `The document in ${from}`;
    const context = { kind, ...(file !== undefined && { file }) };
    raise(new Fault(first.key, `${what} is refused: ${place}${first.text}${more}`, context));
    const told = from === undefined ? findings : findings.map((one) => ({ ...one, text: `${from} on the box: ${one.text}` }));
    const news = findingsOf(mark, told);
    // A broker sends what it retains at every connect: what was told is nothing new.
    if (news.every((one, at) => sameRefusal(one, this.#findings[at]))) return;
    this.#findings = [...news, ...this.#findings].slice(0, FINDINGS_MAX);
    changed();
  }

  #step(input: TrialInput<Document>, now: Mono): void {
    const { state, actions } = nextTrial(this.#state, input, now);
    this.#state = state;
    for (const action of actions) this.#act(action);
  }

  #act(action: TrialAction<Document>): void {
    const { apply, told, changed, clear } = this.#options;
    switch (action.do) {
      case "store":
        void this.#store(action.record);
        return;
      case "apply":
        apply(action.what);
        changed();
        return;
      case "tell":
        told(action.what, action.id);
        this.#reverted = action.what === "reverted" || (this.#reverted && action.what !== "kept");
        if (action.what === "kept") clear();
        if (action.what === "reverted") this.#tellRefused(action.id, "document.reverted", REVERTED[action.because ?? "failed"]);
        if (action.what === "not_begun") this.#tellRefused(action.id, "document.not_kept", "the disk did not take it, so it is not tried");
        if (action.what === "unkept")
          this.#tellRefused(action.id, "document.not_kept", "the disk did not take it; it runs until the next start");
        changed();
        return;
    }
  }

  async #store(record: TrialRecord<Document>): Promise<void> {
    const floor = higher(record.active, this.#floor);
    try {
      await this.#options.store(record, floor);
      this.#floor = floor;
      this.#inputs.push({ saw: "stored" });
    } catch (caught) {
      asFault(caught, "disk.failed", "A document cannot be kept");
      this.#inputs.push({ saw: "storeFailed" });
    }
  }

  #tellRefused(id: string, key: Finding["key"], text: string): void {
    for (const mark of marksOf([id])) this.#refuse(mark, [{ key, path: "", text }]);
  }
}

const REVERTED = {
  deadline: "it did not prove itself in time: no round trip over the new settings",
  failed: "it failed its check",
  restart: "the gateway started anew before it had proved itself",
};

const findingsOf = ({ generation, sha256 }: Mark, findings: readonly Finding[]): Reported["refusals"] =>
  findings.map((finding) => ({ generation, sha256: fromHex(sha256), ...finding }));
const sameRefusal = (one: Reported["refusals"][number], other: Reported["refusals"][number] | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
