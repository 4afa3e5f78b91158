"""confluent-kafka's producer sends a file's lines, in memory before the clock starts: TOPIC FILE KEY NAME=VALUE…"""

import gc
import json
import sys
import time

from confluent_kafka import Producer

POLL_EVERY = 10_000


def main():
    topic, path, key, *properties = sys.argv[1:]
    with open(path, "rb") as file:
        lines = file.read().splitlines()
    keys = [None if key == "-" else json.loads(line)[key] for line in lines]
    producer = Producer(dict(pair.split("=", 1) for pair in properties))
    gc.disable()
    start = time.perf_counter()
    for number, (line, its_key) in enumerate(zip(lines, keys)):
        try:
            producer.produce(topic, line, its_key)
        except BufferError:
            producer.poll(0.1)
            producer.produce(topic, line, its_key)
        if number % POLL_EVERY == 0:
            producer.poll(0)
    left = producer.flush(120)
    print(f"seconds: {time.perf_counter() - start}")
    sys.exit(left)


main()
