"""What stands between a company's machines and the network: a proxy that wants a password, and a server with a
certificate of its own authority, to which the proxy leads whatever name is asked for.

usage: company.py CERTIFICATE KEY USER:PASSWORD; prints the proxy's port, then every request that it took
"""
import base64
import http.server
import select
import socket
import ssl
import sys
import threading

certificate, key, login = sys.argv[1:]
wanted = "Basic " + base64.b64encode(login.encode()).decode()


class Secure(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"the company's page\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        known = self.headers.get("Proxy-Authorization") == wanted
        print(self.requestline, "known" if known else "unknown", flush=True)
        if not known:
            # Git asks without its login first.
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="company"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.close_connection = True
        with socket.create_connection(secure.server_address) as server:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: server, server: self.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
secure = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Secure)
secure.socket = context.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=secure.serve_forever, daemon=True).start()
proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
print(proxy.server_address[1], flush=True)
proxy.serve_forever()
