#!/usr/bin/env python3
"""A scripted etcd for what a real one will not do on request.

peer.py SCENARIO [FILE]: listens on a free port of 127.0.0.1, prints it, answers
each connection's first call (HTTP/2 without TLS) as the scenario says, and runs
until it is killed.  The snapshot that it tells of is 64 KiB of counting
bytes in blobs of 4 KiB.

With FILE, a snapshot as etcd sends it, the peer is the only member of a cluster
named "peer": it answers Status and MemberList first, sends that file as the
scenario says, in blobs of 32 KiB, and knows no HashKV.
"""
import hashlib
import socket
import struct
import sys
import threading
import time

IMAGE = bytes(i % 251 for i in range(65536))
DIGEST = hashlib.sha256(IMAGE).digest()
BLOB = 4096
DATA, HEADERS, RST, SETTINGS, PING, END, ENDHEAD = 0, 1, 3, 4, 6, 1, 4


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


def middle():
    return len(IMAGE) // 2 // BLOB * BLOB


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
        self.send(b"".join(blobs(0, middle())))

    def rest(self):
        self.send(b"".join(blobs(middle(), len(IMAGE))))
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
        self.send(b"".join(blobs(middle(), len(IMAGE))))
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
        self.send(b"".join(blobs(middle(), len(IMAGE))))
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
            self.send(message(len(IMAGE) - middle(), b"") * 10)
            time.sleep(0.01)

    def stall(self):
        self.half()
        time.sleep(600)

    def silent(self):
        time.sleep(600)

    def drip(self):
        self.begin()
        every = b"".join(blobs(0, len(IMAGE))) + message(0, DIGEST)
        piece = max(8192, len(every) // 10)
        for at in range(0, len(every), piece):
            self.send(every[at:at + piece])
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


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


HEADER = field(1, field(1, 0xc1) + field(2, 0xa1) + field(3, 2) + field(4, 2))


def status_answer(alarm):
    text = b"memberID:161 alarm:" + alarm if alarm else b""
    return HEADER + field(2, b"3.5.16") + field(3, len(IMAGE)) + \
        field(4, 0xa1) + field(5, 9) + field(6, 2) + field(7, 9) + \
        (field(8, text) if text else b"") + field(9, len(IMAGE))


def members_answer(port):
    url = b"http://127.0.0.1:%d" % port
    return HEADER + field(2, field(1, 0xa1) + field(2, b"peer") +
                          field(3, url) + field(4, url))


class Member:
    """Tells calls apart by what they carry: Status and Snapshot are empty and
    take turns, MemberList asks for a linearizable answer, HashKV names a
    revision.  (Names are Huffman coded, which we do not read.)"""

    def __init__(self, scenario, port):
        self.scenario, self.port, self.listed = scenario, port, False

    def answer(self, conn, stream, body):
        a = Answer(conn, stream)
        if body == b"\x08\x01":
            self.listed = True
            self.unary(a, members_answer(self.port))
        elif body:
            conn.sendall(headers(
                stream, END, (b":status", b"200"),
                (b"content-type", b"application/grpc"),
                (b"grpc-status", b"12"), (b"grpc-message", b"no%20HashKV")))
        elif not self.listed:
            alarm = self.scenario[6:].upper().encode() \
                if self.scenario.startswith("alarm_") else b""
            self.unary(a, status_answer(alarm))
        else:
            self.listed = False
            getattr(a, "good" if self.scenario.startswith("alarm_")
                    else self.scenario)()
            if self.scenario == "close":
                raise ConnectionError

    def unary(self, answer, body):
        answer.begin()
        answer.send(b"\0" + struct.pack(">I", len(body)) + body)
        answer.status(b"0")

    def serve(self, conn):
        receive(conn, 24)
        conn.sendall(frame(SETTINGS, 0, 0))
        bodies = {}
        while True:
            head = receive(conn, 9)
            payload = receive(conn, int.from_bytes(head[:3], "big"))
            kind, flags = head[3], head[4]
            stream = int.from_bytes(head[5:], "big")
            if kind == SETTINGS and not flags & 1:
                conn.sendall(frame(SETTINGS, 1, 0))
            if kind == PING and not flags & 1:
                conn.sendall(frame(PING, 1, 0, payload))
            if kind == DATA:
                bodies[stream] = bodies.get(stream, b"") + payload
            if kind in (DATA, HEADERS) and flags & END:
                self.answer(conn, stream, bodies.pop(stream, b"")[5:])


def serve_member(scenario, listener):
    member = Member(scenario, listener.getsockname()[1])
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve_one, args=(member, conn),
                         daemon=True).start()


def serve_one(member, conn):
    try:
        member.serve(conn)
    except OSError:
        pass
    conn.close()


def load(path):
    global IMAGE, DIGEST, BLOB
    data = open(path, "rb").read()
    IMAGE, DIGEST, BLOB = data[:-32], data[-32:], 32768


def serve(scenario, path=None):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    if path:
        load(path)
        serve_member(scenario, listener)
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
    serve(*sys.argv[1:])
