"""The other end of `rowgen stream`, as short as can be (pip install pyzmq): takes messages, works, replies."""

import json
import time

import zmq

context = zmq.Context()
messages = context.socket(zmq.SUB)
messages.connect("tcp://127.0.0.1:5555")
messages.subscribe("request")
replies = context.socket(zmq.PUB)
replies.bind("tcp://127.0.0.1:5570")
start = context.socket(zmq.REQ)
start.connect("tcp://127.0.0.1:5580")
start.send_string("start")
start.recv()

while True:
    _, message = messages.recv_multipart()
    came = time.time_ns() // 1000
    fields = dict(field.split("=", 1) for field in message.decode().split("|")[1:])
    # What is to be timed stands here.
    done = time.time_ns() // 1000
    reply = {"type": "response", "seq_n": int(fields["seq_n"]), "msg_id": fields["msg_id"], "t2": came, "t3": done}
    replies.send_multipart([b"response", json.dumps(reply).encode()])
