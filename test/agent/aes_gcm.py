"""AES-256-GCM, opening only, after FIPS 197 and SP 800-38D. Run alone it opens the cases on its input: a JSON list of
{key, nonce, told, sealed}, all in hex, the tag behind what is sealed; it prints a list of hex, null where the tag does not hold."""
import json, struct, sys

ROUNDS, TAG = 14, 16


def doubled(byte):
    return (byte << 1 ^ (0x11B if byte & 0x80 else 0)) & 0xFF


def substitutions():
    """FIPS 197, 5.1.1: the inverse in GF(2^8), found by the powers of 3, then the affine map."""
    power, at = [], 1
    for _ in range(255):
        power.append(at)
        at ^= doubled(at)
    box = [0x63] * 256
    for exponent, byte in enumerate(power):
        inverse = power[-exponent % 255]
        turned = inverse
        for _ in range(4):
            inverse = (inverse << 1 | inverse >> 7) & 0xFF
            turned ^= inverse
        box[byte] = turned ^ 0x63
    return box


BOX = bytes(substitutions())
TWICE = bytes(doubled(byte) for byte in range(256))
THRICE = bytes(doubled(byte) ^ byte for byte in range(256))


def schedule(key):
    """FIPS 197, 5.2, for keys of eight words: the 16 bytes of each round."""
    words, constant = [key[at:at + 4] for at in range(0, 32, 4)], 1
    for at in range(8, 4 * (ROUNDS + 1)):
        word = words[-1]
        if at % 8 == 0:
            word = (word[1:] + word[:1]).translate(BOX)
            word = bytes((word[0] ^ constant,)) + word[1:]
            constant = doubled(constant)
        elif at % 8 == 4:
            word = word.translate(BOX)
        words.append(bytes(one ^ two for one, two in zip(words[-8], word)))
    return [b"".join(words[at:at + 4]) for at in range(0, len(words), 4)]


def xor(*planes):
    sum_ = 0
    for plane in planes:
        sum_ ^= int.from_bytes(plane, "big")
    return sum_.to_bytes(len(planes[0]), "big")


class Seal:
    """What one key opens."""

    def __init__(self, key):
        self.rounds = schedule(key)
        self.products = products(int.from_bytes(self.blocks([bytes(1)] * 16), "big"))

    def blocks(self, planes):
        """Many blocks at once: plane i holds byte i of each of them, so that a step of the cipher is one of whole planes."""
        count = len(planes[0])
        for number, key in enumerate(self.rounds):
            if number > 0:
                shifted = [planes[(5 * at) % 16].translate(BOX) for at in range(16)]  # row r of column c comes from column c + r
                planes = shifted if number == ROUNDS else [mixed(shifted[at & 12:(at & 12) + 4], at & 3) for at in range(16)]
            planes = [xor(plane, bytes((byte,)) * count) for plane, byte in zip(planes, key)]
        out = bytearray(16 * count)
        for at, plane in enumerate(planes):
            out[at::16] = plane
        return bytes(out)

    def stream(self, nonce, count):
        """The blocks of counter 1 and following: the first is for the tag (SP 800-38D, 7.2)."""
        numbers = b"".join(struct.pack(">I", 1 + at) for at in range(count))
        return self.blocks([bytes((byte,)) * count for byte in nonce] + [numbers[at::4] for at in range(4)])

    def digest(self, told, sealed):
        """GHASH of SP 800-38D, 6.4."""
        padded = b"".join(one + bytes(-len(one) % 16) for one in (told, sealed)) + struct.pack(">2Q", 8 * len(told), 8 * len(sealed))
        running, tables = 0, self.products
        for at in range(0, len(padded), 16):
            running ^= int.from_bytes(padded[at:at + 16], "big")
            running_bytes, running = running.to_bytes(16, "big"), 0
            for table, byte in zip(tables, running_bytes):
                running ^= table[byte]
        return running

    def open(self, nonce, told, sealed):
        """What was sealed under a nonce of 12 bytes; None where the tag does not hold."""
        if len(sealed) < TAG:
            return None
        body, tag = sealed[:-TAG], sealed[-TAG:]
        stream = self.stream(nonce, 1 + (len(body) + 15) // 16)
        if self.digest(told, body) != int.from_bytes(xor(tag, stream[:TAG]), "big"):
            return None
        return xor(body, stream[TAG:TAG + len(body)])


def mixed(column, row):
    """FIPS 197, 5.1.3."""
    turned = column[row:] + column[:row]
    return xor(turned[0].translate(TWICE), turned[1].translate(THRICE), turned[2], turned[3])


def products(by):
    """For each place of a byte in a block, and each byte: its product. The first bit of a block is the lowest power (6.3)."""
    tables = []
    for _ in range(16):
        table = [0] * 256
        for bit in (128, 64, 32, 16, 8, 4, 2, 1):
            table[bit] = by
            by = by >> 1 ^ (0xE1 << 120 if by & 1 else 0)
        for byte in range(256):
            low = byte & -byte
            table[byte] = table[low] ^ table[byte ^ low] if byte != low else table[byte]
        tables.append(table)
    return tables


if __name__ == "__main__":
    opened = []
    for case in json.load(sys.stdin):
        key, nonce, told, sealed = (bytes.fromhex(case[name]) for name in ("key", "nonce", "told", "sealed"))
        plain = Seal(key).open(nonce, told, sealed)
        opened.append(None if plain is None else plain.hex())
    json.dump(opened, sys.stdout)
