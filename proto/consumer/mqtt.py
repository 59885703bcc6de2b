"""The part of MQTT 5 that a consumer needs: one session that outlives the program, and a PUBACK only for what was stored."""
import socket, ssl, struct, time

KEEP_ALIVE_S, SESSION_S, AT_ONCE = 30, 7 * 86400, 100  # how long the broker keeps what comes meanwhile; messages before a PUBACK
LOOK_S, LONGEST_PAUSE_S = 0.5, 30  # how often a signal to end is looked for; between two attempts to connect
CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 0x10, 0x20, 0x30, 0x40, 0x82, 0xC0, 0xE0
USER_PROPERTY = 0x26
FIXED = {0x01: 1, 0x02: 4, 0x23: 2}  # properties of a message that are numbers; those of changing length follow
VARINT, TEXT = (0x0B,), (0x03, 0x08, 0x09)

class Refused(Exception):
    """The broker answered, and does not want us: trying again changes nothing."""

def text(words):
    data = words.encode()
    return struct.pack(">H", len(data)) + data

def varint(number):
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)

def packet(kind, body=b""):
    return bytes([kind]) + varint(len(body)) + body

class Reader:
    """Cuts a packet into its parts."""
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise OSError("a packet ends inside a field")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def varint(self):
        value, shift = 0, 0
        while True:
            byte, = self.take(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def text(self):
        return self.take(self.number(2)).decode()

    def user_properties(self):
        end, out = self.varint(), {}
        end += self.at
        while self.at < end:
            name = self.varint()
            if name == USER_PROPERTY:
                key = self.text()
                out[key] = self.text()
            elif name in FIXED:
                self.take(FIXED[name])
            elif name in VARINT:
                self.varint()
            elif name in TEXT:
                self.take(self.number(2))
            else:
                raise OSError(f"unknown property {name}")
        return out

class Connection:
    def __init__(self, words, topic):
        context = ssl.create_default_context(cafile=words.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(words.cert, words.key)
        plain = socket.create_connection((words.broker, int(words.port)), timeout=KEEP_ALIVE_S)
        try:
            self.line = context.wrap_socket(plain, server_hostname=words.broker)
            self.waiting, self.heard, self.sent = b"", time.monotonic(), time.monotonic()
            properties = struct.pack(">BIBH", 0x11, SESSION_S, 0x21, AT_ONCE)
            flags = 0  # no clean start: the session goes on
            self.send(CONNECT, text("MQTT") + struct.pack(">BBH", 5, flags, KEEP_ALIVE_S) + varint(len(properties)) + properties
                      + text(words.client_id))
            answer = None
            while answer is None:
                answer = self.packet()
            kind, body = answer
            if kind & 0xF0 != CONNACK or body[1] >= 0x80:
                raise Refused(f"{words.broker} refuses client id {words.client_id}: reason {body[1]:#04x}")
            self.send(SUBSCRIBE, struct.pack(">HB", 1, 0) + text(topic) + bytes([1]))
        except BaseException:
            plain.close()
            raise

    def send(self, kind, body=b""):
        self.line.sendall(packet(kind, body))
        self.sent = time.monotonic()

    def packet(self):
        """The next one as (kind, body); None while there is none, after LOOK_S. A line that is silent for too long is gone."""
        whole = self.cut()
        if whole is None:
            self.line.settimeout(LOOK_S)
            try:
                came = self.line.recv(1 << 16)
            except (socket.timeout, ssl.SSLWantReadError):
                came = None
            if came == b"":
                raise OSError("the broker closed the connection")
            now = time.monotonic()
            if came:
                self.waiting, self.heard = self.waiting + came, now
            if now - self.heard > 1.5 * KEEP_ALIVE_S:
                raise OSError("the broker is silent")
            if now - self.sent > KEEP_ALIVE_S / 2:
                self.send(PINGREQ)
            self.line.settimeout(KEEP_ALIVE_S)
            whole = self.cut()
        return whole

    def cut(self):
        for end in range(1, min(5, len(self.waiting))):
            if self.waiting[end] < 0x80:
                reader = Reader(self.waiting[1:end + 1])
                length = reader.varint()
                if len(self.waiting) <= end + length:
                    return None
                kind, body = self.waiting[0], self.waiting[end + 1:end + 1 + length]
                self.waiting = self.waiting[end + 1 + length:]
                return kind, body
        return None

def messages(words, topic, ended):
    """
    Lines as mosquitto_sub -F '%t\\t%x\\t%r\\t%P' prints them, until ended() says so; None where nothing came for a moment. A message is
    acknowledged when the next one is asked for: whoever takes them has stored it then. Connects again whenever the line is lost; raises
    Refused where the broker refuses, and OSError where not even the first connection stands.
    """
    pause, stood = 1, False
    while not ended():
        try:
            connection = Connection(words, topic)
            pause, stood = 1, True
            while not ended():
                kind, body = connection.packet() or (0, b"")
                if kind & 0xF0 == DISCONNECT:
                    raise OSError("the broker ends the session")
                if kind & 0xF0 != PUBLISH:
                    yield None
                    continue
                reader = Reader(body)
                topic_name = reader.text()
                number = reader.take(2) if kind & 0x06 else None
                properties = " ".join(f"{name}:{value}" for name, value in reader.user_properties().items())
                yield "\t".join((topic_name, body[reader.at:].hex(), str(kind & 1), properties)) + "\n"
                if number is not None:
                    connection.send(PUBACK, number)
            connection.send(DISCONNECT)
            connection.line.close()
        except OSError:
            if not stood:
                raise
            for _ in range(int(pause / LOOK_S)):
                if ended():
                    return
                time.sleep(LOOK_S)
            pause = min(2 * pause, LONGEST_PAUSE_S)
