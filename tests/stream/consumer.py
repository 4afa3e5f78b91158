"""A consumer of the stream, written against pyzmq from the description of its messages alone.

It subscribes and binds only after the handshake, as some of the old ones did: what it misses then is the
producer's fault. Every message is taken apart, byte for byte, and answered; what was seen is kept.
"""

import json
import random
import re
import socket
import threading
import time

import zmq

# request|seq_n=…|msg_id=…|t1=20 digits|data=xxx…
MESSAGE = re.compile(rb"request\|seq_n=(\d+)\|msg_id=(\d+)\|t1=(\d{20})\|data=(x*)")


def micros():
    return time.time_ns() // 1000


class Consumer(threading.Thread):
    """Takes messages until it is told to end."""

    def __init__(self, ports, channels=1, late=True, answer=None):
        super().__init__(daemon=True)
        self.ports, self.channels, self.late = ports, channels, late
        self.answer = answer or self.reply
        self.seen = []
        self.wrong = []
        self.failure = None
        self.over = threading.Event()
        self.paused = threading.Event()
        self.context = zmq.Context()
        self.start()

    def reply(self, seq, t2, t3):
        """The replies to a message, one or more JSON texts."""
        return [json.dumps({"type": "response", "msg_id": str(seq), "seq_n": seq, "t2": t2, "t3": t3, "status": "processed"})]

    def run(self):
        try:
            self.consume()
        except Exception as error:  # told by `end`
            self.failure = error
        finally:
            self.context.destroy(linger=2000)

    def sockets(self):
        subscriber = self.context.socket(zmq.SUB)
        subscriber.setsockopt(zmq.RCVHWM, 0)
        for channel in range(self.channels):
            subscriber.connect(f"tcp://127.0.0.1:{self.ports.data + channel}")
        subscriber.setsockopt(zmq.SUBSCRIBE, b"request")
        replies = self.context.socket(zmq.PUB)
        replies.setsockopt(zmq.SNDHWM, 0)
        replies.bind(f"tcp://127.0.0.1:{self.ports.viz}")
        return subscriber, replies

    def handshake(self):
        control = self.context.socket(zmq.REQ)
        control.connect(f"tcp://127.0.0.1:{self.ports.control}")
        control.send_string("start")
        while not control.poll(50):
            if self.over.is_set():
                return False
        assert control.recv_string() == "start"
        return True

    def consume(self):
        early = None if self.late else self.sockets()
        if not self.handshake():
            return
        if self.late:
            time.sleep(0.3)
        subscriber, replies = early or self.sockets()
        while not self.over.is_set():
            if self.paused.is_set() or not subscriber.poll(20):
                time.sleep(0.001)
                continue
            frames = subscriber.recv_multipart()
            t2 = micros()
            found = MESSAGE.fullmatch(frames[1]) if len(frames) == 2 and frames[0] == b"request" else None
            if found is None:
                self.wrong.append(frames)
                continue
            seq, msg, t1 = (int(found[group]) for group in (1, 2, 3))
            t3 = micros()
            self.seen.append((seq, msg, t1, t2, t3, len(found[4]), len(frames[1])))
            for text in self.answer(seq, t2, t3):
                replies.send_multipart([b"response", text.encode()])

    def end(self):
        self.over.set()
        self.join(10)
        assert not self.is_alive()
        if self.failure:
            raise self.failure
        assert self.wrong == []
        return self.seen


class Ports:
    """Ports of this test alone: the system gave them a moment ago."""

    def __init__(self, channels=1):
        for _ in range(100):
            self.data = random.randrange(20_000, 50_000)
            self.viz, self.control = self.data + channels, self.data + channels + 1
            try:
                for port in range(self.data, self.control + 1):
                    with socket.socket() as one:
                        one.bind(("127.0.0.1", port))
                return
            except OSError:
                continue
        raise RuntimeError("no free ports")

    def flags(self):
        return ["-data-port", self.data, "-viz-port", self.viz, "-control-port", self.control]

    def other_flags(self):
        """Those of `--consume`."""
        return ["-producer-data-port", self.data, "-viz-port", self.viz, "-control-port", self.control]
