#!/usr/bin/env python3
"""A disk with a volatile cache, as one file of a FUSE file system; a loop device makes a block device of it.

    block_disk.py FOLDER IMAGE LOG

FOLDER/disk then has the bytes of IMAGE, in memory. Everything that is written to it, and every flush, is appended to LOG with its time,
so that whoever reads LOG can make the disk as a power cut at any moment would have left it. Prints "ready". Obeys, and answers, lines on
standard input: "fail nothing", "fail flushes", "fail writes" (EIO from then on), "mark" (answers with the length of LOG). Its end ends it:
FOLDER must be unmounted by then. No library: the kernel's protocol is <linux/fuse.h>, version 7.31. Root only.

LOG: for each step  u8 kind (1 write, 2 flush) · u64 CLOCK_MONOTONIC ns · u64 offset · u32 length · the bytes.
"""
import ctypes, errno, os, select, struct, sys, time

FUSE_HEADER, OUT = struct.Struct("<IIQQIIII"), struct.Struct("<IiQ")
LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH = 1, 2, 3, 4, 14, 15, 16, 17, 18, 20, 25
INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, BATCH_FORGET = 26, 27, 28, 29, 34, 42
ROOT_INODE, DISK_INODE, NAME = 1, 2, b"disk"
WRITE_MAX, BIG_WRITES, MAX_PAGES, DIRECT_IO, FOREVER = 1 << 20, 1 << 5, 1 << 22, 1, 1 << 30
WRITTEN, FLUSHED = 1, 2
STEP = struct.Struct("<BQQI")


class Disk:
    def __init__(self, image, log):
        with open(image, "rb") as file:
            self.data = bytearray(file.read())
        self.log, self.length, self.fails = open(log, "ab", buffering=0), 0, "nothing"

    def step(self, kind, offset=0, data=b""):
        self.length += self.log.write(STEP.pack(kind, time.monotonic_ns(), offset, len(data)) + data)

    def attributes(self, inode):
        mode, size = (0o100600, len(self.data)) if inode == DISK_INODE else (0o040700, 0)
        return struct.pack("<6Q3I7I", inode, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def answer(self, code, inode, body):
        """The bytes of an answer, or an error's number, or None where none is wanted."""
        if code == INIT:
            return struct.pack("<IIIIHHIIHH32x", 7, 31, 0, BIG_WRITES | MAX_PAGES, 16, 12, WRITE_MAX, 1, WRITE_MAX >> 12, 0)
        if code in (FORGET, BATCH_FORGET):
            return None
        if code == LOOKUP:
            if inode != ROOT_INODE or body.rstrip(b"\0") != NAME:
                return errno.ENOENT
            return struct.pack("<QQQQII", DISK_INODE, 0, FOREVER, FOREVER, 0, 0) + self.attributes(DISK_INODE)
        if code in (GETATTR, SETATTR):
            return struct.pack("<QII", FOREVER, 0, 0) + self.attributes(inode)
        if code in (OPEN, OPENDIR):
            return struct.pack("<QII", 1, DIRECT_IO if code == OPEN else 0, 0)
        if code == STATFS:
            return struct.pack("<5Q4I24x", 0, 0, 0, 0, 0, 4096, 255, 4096, 0)
        if code == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return bytes(self.data[offset:offset + size])
        if code == WRITE:
            _, offset, size = struct.unpack_from("<QQI", body)
            return self.write(offset, body[40:40 + size])
        if code == FSYNC:
            if self.fails != "nothing":
                return errno.EIO
            self.step(FLUSHED)
            return b""
        return b"" if code in (FLUSH, RELEASE, RELEASEDIR, ACCESS, READDIR) else errno.ENOSYS

    def write(self, offset, data):
        if self.fails == "writes":
            return errno.EIO
        self.data[offset:offset + len(data)] = data
        self.step(WRITTEN, offset, data)
        return struct.pack("<II", len(data), 0)


def mount(folder):
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
    if libc.mount(b"bedside-disk", folder.encode(), b"fuse", 0, options) != 0:
        sys.exit(f"no FUSE file system can be mounted on {folder}: {os.strerror(ctypes.get_errno())}")
    return device


def main():
    folder, image, log = sys.argv[1:]
    disk, device, told = Disk(image, log), mount(folder), b""
    print("ready", flush=True)
    while True:
        for source in select.select([device, sys.stdin.buffer], [], [])[0]:
            if source is not device:
                more = os.read(0, 4096)
                if more == b"":
                    return
                *lines, told = (told + more).split(b"\n")
                for line in lines:
                    if line.startswith(b"fail "):
                        disk.fails = line[5:].decode()
                    print(disk.length if line == b"mark" else line.decode(), flush=True)
                continue
            try:
                request = os.read(device, WRITE_MAX + 4096)
            except OSError as caught:
                if caught.errno in (errno.ENODEV, errno.ENOENT, errno.EINTR):  # unmounted; or a request that was taken back
                    if caught.errno == errno.ENODEV:
                        return
                    continue
                raise
            _, code, unique, inode, *_ = FUSE_HEADER.unpack_from(request)
            answer = disk.answer(code, inode, request[FUSE_HEADER.size:])
            if answer is None:
                continue
            failed = isinstance(answer, int)
            body = b"" if failed else answer
            os.write(device, OUT.pack(OUT.size + len(body), -answer if failed else 0, unique) + body)


if __name__ == "__main__":
    main()
