/** A running hash of everything the program asked of the world and what it was told: equal seeds must give equal hashes. */
export class Trace {
  #one = 0x811c9dc5 | 0;
  #two = 0x9e3779b9 | 0;
  readonly #told: ((line: string) => void) | undefined;

  /** `told` hears every line, for looking into one seed. */
  constructor(told?: (line: string) => void) {
    this.#told = told;
  }

  add(kind: string, ...what: readonly (string | number)[]): void {
    this.#told?.(`${kind} ${what.join(" ")}`);
    this.#text(kind);
    for (const part of what) this.#text(String(part));
  }

  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.#mix(byte);
    this.#mix(bytes.length);
  }

  get hash(): string {
    return [this.#one, this.#two].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #text(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.#mix(text.charCodeAt(at));
    this.#mix(0x1f);
  }

  #mix(value: number): void {
    this.#one = Math.imul(this.#one ^ value, 0x01000193);
    this.#two = (Math.imul(this.#two ^ value, 0x85ebca6b) + ((this.#two << 13) | (this.#two >>> 19))) | 0;
  }
}
