/** Bytes as the text of the same numbers (Latin-1), and back; a letter above 255 is cut to its low byte. */
export const latin1Of = (bytes: Iterable<number>): string => String.fromCharCode(...bytes);
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
