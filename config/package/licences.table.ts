/** SPDX ids under which code may be part of the packaged file: none asks that our own code be under it, too. */
export const ALLOWED: readonly string[] = [
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "blessing", // SQLite's dedication to the public domain.
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Python-2.0",
  "Unicode-3.0",
  "Unlicense",
  "Zlib",
];

/** Where a package offers a choice, the licence under which we use it: by name, what it declares, what we took. */
export const CHOSEN: Readonly<Record<string, { readonly declared: string; readonly used: string }>> = {
  "node-forge": { declared: "(BSD-3-Clause OR GPL-2.0)", used: "BSD-3-Clause" },
};

/** A library inside Node: its licence, and by what vulnerability lists know it ("vendor:product" of a CPE). */
export type NodePart = { readonly name: string; readonly purl: string; readonly licence: string; readonly cpe?: string };

/** By the name in process.versions. Node's LICENSE holds the text of each. Behind "Or" stands what else was offered. */
// biome-ignore format: a table is read by eye.
export const NODE_PARTS: Readonly<Record<string, NodePart>> = {
  acorn:    { name: "acorn",    purl: "pkg:npm/acorn",        licence: "MIT" },
  ada:      { name: "ada",      purl: "pkg:generic/ada",      licence: "MIT" }, // Or Apache-2.0.
  amaro:    { name: "amaro",    purl: "pkg:npm/amaro",        licence: "MIT AND Apache-2.0" }, // With swc inside.
  ares:     { name: "c-ares",   purl: "pkg:generic/c-ares",   licence: "MIT",          cpe: "c-ares:c-ares" },
  brotli:   { name: "brotli",   purl: "pkg:generic/brotli",   licence: "MIT",          cpe: "google:brotli" },
  icu:      { name: "ICU",      purl: "pkg:generic/icu", licence: "Unicode-3.0", cpe: "unicode:international_components_for_unicode" },
  llhttp:   { name: "llhttp",   purl: "pkg:generic/llhttp",   licence: "MIT",          cpe: "llhttp:llhttp" },
  merve:    { name: "merve",    purl: "pkg:generic/merve",    licence: "MIT" },
  nbytes:   { name: "nbytes",   purl: "pkg:generic/nbytes",   licence: "MIT" },
  ncrypto:  { name: "ncrypto",  purl: "pkg:generic/ncrypto",  licence: "MIT" },
  nghttp2:  { name: "nghttp2",  purl: "pkg:generic/nghttp2",  licence: "MIT",          cpe: "nghttp2:nghttp2" },
  openssl:  { name: "OpenSSL",  purl: "pkg:generic/openssl",  licence: "Apache-2.0",   cpe: "openssl:openssl" },
  simdjson: { name: "simdjson", purl: "pkg:generic/simdjson", licence: "Apache-2.0",   cpe: "simdjson:simdjson" },
  simdutf:  { name: "simdutf",  purl: "pkg:generic/simdutf",  licence: "MIT",          cpe: "simdutf:simdutf" }, // Or Apache-2.0.
  sqlite:   { name: "SQLite",   purl: "pkg:generic/sqlite",   licence: "blessing",     cpe: "sqlite:sqlite" },
  undici:   { name: "undici",   purl: "pkg:npm/undici",       licence: "MIT",          cpe: "nodejs:undici" },
  uv:       { name: "libuv",    purl: "pkg:generic/libuv",    licence: "MIT",          cpe: "libuv:libuv" },
  uvwasi:   { name: "uvwasi",   purl: "pkg:generic/uvwasi",   licence: "MIT" },
  v8:       { name: "V8",       purl: "pkg:generic/v8",       licence: "BSD-3-Clause", cpe: "google:v8" },
  zlib:     { name: "zlib",     purl: "pkg:generic/zlib",     licence: "Zlib",         cpe: "zlib:zlib" }, // Chromium's copy.
  zstd:     { name: "zstd",     purl: "pkg:generic/zstd",     licence: "BSD-3-Clause", cpe: "facebook:zstandard" }, // Or GPL-2.0.
};

/** Stands in process.versions, but is no code of its own. */
export const NO_NODE_PARTS: Readonly<Record<string, string>> = {
  node: "Node itself",
  modules: "the number of an interface",
  napi: "the number of an interface",
  cldr: "data inside ICU",
  tz: "data inside ICU",
  unicode: "data inside ICU",
};
