#!/usr/bin/env python3
"""A scripted etcd for what a real one will not do on request.

peer.py SCENARIO: listens on a free port of 127.0.0.1, prints it, answers each
connection's first call (HTTP/2 without TLS) as the scenario says, and runs
until it is killed.  The snapshot that it tells of is 64 KiB of counting
bytes in blobs of 4 KiB.
"""
import hashlib
import socket
import struct
import sys
import time

IMAGE = bytes(i % 251 for i in range(65536))
DIGEST = hashlib.sha256(IMAGE).digest()
BLOB = 4096
DATA, HEADERS, RST, SETTINGS, END, ENDHEAD = 0, 1, 3, 4, 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + payload


def headers(stream, flags, *pairs):
    block = b"".join(b"\0" + bytes([len(n)]) + n + bytes([len(v)]) + v
                     for n, v in pairs)
    return frame(HEADERS, flags | ENDHEAD, stream, block)


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def message(remaining, blob):
    body = b"\x10" + varint(remaining) if remaining else b""
    if blob:
        body += b"\x1a" + varint(len(blob)) + blob
    return b"\0" + struct.pack(">I", len(body)) + body


def receive(conn, n):
    data = b""
    while len(data) < n:
        more = conn.recv(n - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def await_request(conn):
    """Read the preface and frames until a request has ended: its stream."""
    receive(conn, 24)
    conn.sendall(frame(SETTINGS, 0, 0))
    while True:
        head = receive(conn, 9)
        receive(conn, int.from_bytes(head[:3], "big"))
        kind, flags = head[3], head[4]
        if kind == SETTINGS and not flags & 1:
            conn.sendall(frame(SETTINGS, 1, 0))
        if kind in (DATA, HEADERS) and flags & END:
            return int.from_bytes(head[5:], "big")


def blobs(start, end):
    for at in range(start, end, BLOB):
        blob = IMAGE[at:at + BLOB]
        yield message(len(IMAGE) - at - len(blob), blob)


class Answer:
    def __init__(self, conn, stream):
        self.conn, self.stream = conn, stream

    def begin(self, status=b"200", kind=b"application/grpc"):
        self.conn.sendall(headers(self.stream, 0, (b":status", status),
                                  (b"content-type", kind)))

    def send(self, data, end=0):
        for at in range(0, len(data), 16384):
            self.conn.sendall(frame(DATA, 0, self.stream,
                                    data[at:at + 16384]))
        if end:
            self.conn.sendall(frame(DATA, END, self.stream))

    def half(self):
        self.begin()
        self.send(b"".join(blobs(0, len(IMAGE) // 2)))

    def rest(self):
        self.send(b"".join(blobs(len(IMAGE) // 2, len(IMAGE))))
        self.send(message(0, DIGEST))

    def status(self, code, text=b""):
        self.conn.sendall(headers(self.stream, END, (b"grpc-status", code),
                                  (b"grpc-message", text)))

    # ---- the scenarios ----

    def good(self):
        self.half()
        self.rest()
        self.status(b"0")

    def wrong_digest(self):
        self.half()
        self.send(b"".join(blobs(len(IMAGE) // 2, len(IMAGE))))
        self.send(message(0, bytes(32)))
        self.status(b"0")

    def reset(self):
        self.half()
        self.conn.sendall(frame(RST, 0, self.stream, struct.pack(">I", 2)))

    def close(self):
        self.half()

    def late_error(self):
        self.half()
        self.status(b"14", b"etcdserver: server%20stopped")

    def early_end(self):
        self.half()
        self.status(b"0")

    def mid_message(self):
        self.half()
        self.send(message(0, DIGEST)[:9])
        self.status(b"0")

    def no_digest(self):
        self.half()
        self.send(b"".join(blobs(len(IMAGE) // 2, len(IMAGE))))
        self.status(b"0")

    def no_status(self):
        self.half()
        self.rest()
        self.send(b"", END)

    def lie(self):
        self.half()
        self.send(message(12345, IMAGE[:BLOB]))
        self.status(b"0")

    def too_much(self):
        self.half()
        self.rest()
        self.send(message(0, b"more"))
        self.status(b"0")

    def empty(self):
        self.half()
        while True:
            self.send(message(len(IMAGE) // 2, b"") * 10)
            time.sleep(0.01)

    def stall(self):
        self.half()
        time.sleep(600)

    def silent(self):
        time.sleep(600)

    def drip(self):
        self.begin()
        every = b"".join(blobs(0, len(IMAGE))) + message(0, DIGEST)
        for at in range(0, len(every), 8192):
            self.send(every[at:at + 8192])
            time.sleep(0.1)
        self.status(b"0")

    def bytewise(self):
        self.begin()
        every = b"".join(blobs(0, len(IMAGE))) + message(0, DIGEST)
        for at in range(0, len(every), 7):
            self.send(every[at:at + 7])
        self.status(b"0")

    def refuse(self):
        self.conn.sendall(headers(
            self.stream, END, (b":status", b"200"),
            (b"content-type", b"application/grpc"), (b"grpc-status", b"7"),
            (b"grpc-message", b"etcdserver: permission denied")))

    def web_page(self):
        self.begin(b"503", b"text/html")
        self.send(b"<html>sorry</html>", END)

    def not_grpc(self):
        self.begin(b"200", b"text/html")
        self.send(b"<html>hello</html>", END)

    def huge(self):
        self.begin()
        self.send(b"\0\x40\0\0\0" + bytes(64))
        time.sleep(600)

    def compressed(self):
        self.begin()
        self.send(b"\1\0\0\0\4abcd")
        self.status(b"0")

    def two_answers(self):
        self.begin()
        self.send(b"\0\0\0\0\0" * 2)
        self.status(b"0")

    def no_answer(self):
        self.begin()
        self.status(b"0")

    def garbage(self):
        self.begin()
        self.send(b"\0\0\0\0\4\xff\xff\xff\xff")
        self.status(b"0")


def serve(scenario):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        conn, _ = listener.accept()
        try:
            stream = await_request(conn)
            getattr(Answer(conn, stream), scenario)()
            conn.settimeout(5)
            while scenario != "close" and conn.recv(4096):
                pass
        except OSError:
            pass
        conn.close()


if __name__ == "__main__":
    serve(sys.argv[1])
