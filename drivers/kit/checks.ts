/** Sum of the bytes modulo 256. Weak: about one in 256 of shifted or random frames passes it. */
export function sum8(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum & 0xff;
}
