"""A TLS server before a Unix socket, which wants a client certificate of its authority.

usage: tls_proxy.py CA CERTIFICATE KEY SOCKET; prints the port
"""
import asyncio
import ssl
import sys

ca, certificate, key, target = sys.argv[1:]


async def copy(source, sink):
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()
        else:
            sink.close()
    except OSError:
        sink.close()


async def serve(reader, writer):
    engine_reader, engine_writer = await asyncio.open_unix_connection(target)
    await asyncio.gather(copy(reader, engine_writer), copy(engine_reader, writer))
    engine_writer.close()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
