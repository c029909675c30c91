"""As much of SQL Server as a login with an account meets: PRELOGIN, TLS 1.2 in packets of TDS 7 or before all of
them as in TDS 8, LOGIN7, tokens, and one answer. The acceptor is MIT Kerberos, and `tls-unique` is OpenSSL's."""

import socket
import ssl
import struct
import threading

import gssapi
from gssapi.raw import ChannelBindings

ANSWER, LOGIN, SSPI, PRELOGIN = 0x04, 0x10, 0x11, 0x12


class Server:
    """Serves on a port until the process ends. `apart`: the token and the acceptance are two messages;
    `strict`: TDS 8; `binds_wrongly`: expects the bytes of another connection; `encrypts`: or does not; `ciphers`:
    those that it has."""

    def __init__(self, certificate, apart=False, strict=False, binds_wrongly=False, encrypts=True,
                 ciphers="ECDHE+AESGCM"):
        self.ciphers = ciphers
        self.certificate = certificate
        self.apart, self.strict = apart, strict
        self.binds_wrongly, self.encrypts = binds_wrongly, encrypts
        self.keytab = None
        # What went wrong here.
        self.heard = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def start(self, keytab):
        self.keytab = keytab
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.speak, args=(client,), daemon=True).start()

    def speak(self, client):
        try:
            self.login(client)
        except (ConnectionError, EOFError, ssl.SSLError) as error:
            self.heard.append(repr(error))
        finally:
            client.close()

    def login(self, client):
        line = Line(client)
        if self.strict:
            line.encrypt(self, in_packets=False)
        line.read(PRELOGIN)
        line.write(ANSWER, prelogin(1 if self.encrypts else 2))
        if self.encrypts and not self.strict:
            line.encrypt(self, in_packets=True)
        token = token_of(line.read(LOGIN))
        unique = line.tls.get_channel_binding("tls-unique") if line.tls else b""
        if self.binds_wrongly:
            unique = unique[::-1]
        bindings = ChannelBindings(application_data=b"tls-unique:" + unique)
        credentials = gssapi.Credentials(usage="accept", store={"keytab": f"FILE:{self.keytab}"})
        context = gssapi.SecurityContext(usage="accept", creds=credentials, channel_bindings=bindings)
        # SQL Server answers a token that it refuses with an error of its own.
        context.__DEFER_STEP_ERRORS__ = False
        try:
            reply = context.step(token)
        except gssapi.exceptions.GSSError as error:
            self.heard.append(str(error))
            line.write(ANSWER, refusal(18452, 14, "Login failed. The login is from an untrusted domain and "
                                       "cannot be used with Integrated authentication.") + done(2))
            return
        reply = b"\xed" + struct.pack("<H", len(reply)) + reply
        if self.apart:
            line.write(ANSWER, reply)
            reply = b""
        line.write(ANSWER, reply + accepted() + done(0))
        # To whatever is asked. The session is encrypted, and its user is the principal.
        line.read(None)
        is_bound = gssapi.RequirementFlag.channel_bound in context.actual_flags
        said = f"logged in as {context.initiator_name} at {context.target_name}"
        said += ", bound to TLS" if is_bound else ", not bound"
        line.write(ANSWER, refusal(2812, 16, said) + done(2))


class Line:
    """Messages of TDS over a socket, or over TLS."""

    def __init__(self, client):
        self.client = client
        self.tls = None
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    def encrypt(self, server, in_packets):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(server.certificate)
        context.set_ciphers(server.ciphers)
        if not in_packets:
            context.set_alpn_protocols(["tds/8.0"])
        tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            except ssl.SSLError:
                self.client.sendall(packet(PRELOGIN, self.outgoing.read()))
                raise
            said = self.outgoing.read()
            if said:
                self.client.sendall(packet(PRELOGIN, said) if in_packets else said)
            if done:
                break
            if in_packets:
                _, _, length = self.header(self.receive)
                self.incoming.write(self.receive(length))
            else:
                self.incoming.write(self.some())
        self.tls = tls
        if not in_packets and tls.selected_alpn_protocol() != "tds/8.0":
            raise ssl.SSLError("no ALPN")

    def some(self):
        some = self.client.recv(65536)
        if not some:
            raise EOFError
        return some

    def receive(self, length):
        received = b""
        while len(received) < length:
            part = self.client.recv(length - len(received))
            if not part:
                raise EOFError
            received += part
        return received

    def take(self, length):
        if not self.tls:
            return self.receive(length)
        taken = b""
        while len(taken) < length:
            try:
                taken += self.tls.read(length - len(taken))
            except ssl.SSLWantReadError:
                self.incoming.write(self.some())
        return taken

    def header(self, take):
        kind, status, length = struct.unpack(">BBH4x", take(8))
        return kind, status, length - 8

    def read(self, expected):
        message = b""
        while True:
            kind, status, length = self.header(self.take)
            if expected not in (None, kind):
                raise ConnectionError(f"a message of the kind {kind:#x} instead of {expected:#x}")
            message += self.take(length)
            if status & 1:
                return message

    def write(self, kind, message):
        packed = packet(kind, message)
        if self.tls:
            self.tls.write(packed)
            packed = self.outgoing.read()
        self.client.sendall(packed)


def packet(kind, content):
    return struct.pack(">BBHHBB", kind, 1, len(content) + 8, 0, 1, 0) + content


def prelogin(encryption):
    options = b"\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff"
    return options + b"\x10\x00\x04\x00\x00\x00" + bytes([encryption])


def token_of(login):
    """The token of a LOGIN7, which says that it has one."""
    (length,) = struct.unpack_from("<I", login)
    at, short = struct.unpack_from("<HH", login, 78)
    (long,) = struct.unpack_from("<I", login, 90)
    size = long if short == 0xFFFF and long else short
    if length != len(login) or not login[25] & 0x80 or at + size != len(login):
        raise ConnectionError("a LOGIN7 that contradicts itself")
    return login[at:]


def accepted():
    name = "Microsoft SQL Server"
    body = b"\x01\x74\x00\x00\x04" + bytes([len(name)]) + name.encode("utf-16-le") + b"\x10\x00\x00\x00"
    return b"\xad" + struct.pack("<H", len(body)) + body


def refusal(number, severity, text):
    body = struct.pack("<iBB", number, 1, severity)
    body += struct.pack("<H", len(text)) + text.encode("utf-16-le") + b"\x00\x00" + struct.pack("<I", 1)
    return b"\xaa" + struct.pack("<H", len(body)) + body


def done(status):
    return b"\xfd" + struct.pack("<HHQ", status, 0, 0)
