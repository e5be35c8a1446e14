"""forward.py PORT HOST PORT: forwards a port of the guest to the broker outside."""

import asyncio
import sys

PORT, HOST, TARGET = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])


async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def join(reader, writer):
    try:
        far_reader, far_writer = await asyncio.open_connection(HOST, TARGET)
    except OSError:
        writer.close()
        return
    ends = pump(reader, far_writer), pump(far_reader, writer)
    await asyncio.gather(*ends, return_exceptions=True)


async def main():
    server = await asyncio.start_server(join, "127.0.0.1", PORT)
    await server.serve_forever()


asyncio.run(main())
