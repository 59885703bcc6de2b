/** What a packaged file says of its own parts. Written when it is packaged, and kept inside it as JSON. */
export type PackagedParts = {
  /** The oldest C library that the file runs with. */
  readonly glibc: string;
  readonly node: Part & { readonly parts: readonly Part[] };
  readonly addon: Part & { readonly parts: readonly Part[] };
  readonly npm: readonly Part[];
};

export type Part = {
  readonly name: string;
  readonly version: string;
  /** SPDX id or expression, under which it is used. */
  readonly licence: string;
  /** "SHA-512 " or "SHA-256 " and hex: of npm's tarball, or of the file inside. Node's covers its parts. */
  readonly hash?: string;
};
