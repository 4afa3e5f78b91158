"""Passes TCP connections on, each byte later: a server as far away as is asked for.

python proxy.py TARGET MILLISECONDS: prints its own port; a round trip takes so many milliseconds more.
"""

import asyncio
import sys

PIECE = 1 << 18


async def passed_on(reader, writer, delay):
    """Bytes wait for `delay`, and not for one another."""
    clock, waiting = asyncio.get_running_loop().time, asyncio.Queue(256)

    async def write():
        while True:
            due, piece = await waiting.get()
            await asyncio.sleep(max(0, due - clock()))
            if not piece:
                writer.write_eof()
                return
            writer.write(piece)
            await writer.drain()

    writing = asyncio.create_task(write())
    while True:
        piece = await reader.read(PIECE)
        await waiting.put((clock() + delay, piece))
        if not piece:
            return await writing


async def main(target, milliseconds):
    host, port = target.rsplit(":", 1)
    delay = milliseconds / 2000

    async def serve(reader, writer):
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        ways = [passed_on(reader, there_writer, delay), passed_on(there_reader, writer, delay)]
        await asyncio.gather(*ways, return_exceptions=True)
        there_writer.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1], float(sys.argv[2])))
