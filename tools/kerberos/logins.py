"""Logs in to the server of `server.py` with the program that is named, and reads what it says. Exit status 1 if a
login ends in another way than it has to.

Wine's Negotiate takes the tickets of the host's MIT Kerberos, but passes it no channel binding and not what it
says. So a program for Windows shows there that it logs in by Kerberos, and what it says for itself."""

import os
import subprocess
import sys
import tempfile

from realm import Realm, free_port
from server import Server

OTHER_LOGINS = "use --user or --access-token-file"


def main(program):
    with tempfile.TemporaryDirectory(prefix="xmlshred-kerberos-") as folder:
        realm = Realm(folder)
        try:
            sys.exit(try_logins(program, folder, realm))
        finally:
            realm.stop()


def try_logins(program, folder, realm):
    certificate = f"{folder}/server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=xmlshred-kerberos",
         "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
         "-keyout", certificate, "-out", f"{folder}/ca.pem"],
        check=True, stderr=subprocess.DEVNULL)
    with open(certificate, "a") as pem, open(f"{folder}/ca.pem") as ca:
        pem.write(ca.read())
    servers = {
        "together": Server(certificate),
        "apart": Server(certificate, apart=True),
        "strict": Server(certificate, strict=True),
        "another": Server(certificate, binds_wrongly=True),
        "plain": Server(certificate, encrypts=False),
        "old": Server(certificate, ciphers="AES256-SHA256"),
    }
    worker = realm.add("worker")
    for server in servers.values():
        server.start(realm.add(f"MSSQLSvc/localhost:{server.port}"))
    unknown = Server(certificate)
    unknown.start(realm.add(f"MSSQLSvc/alias:{unknown.port}"))
    realm.start()
    realm.run("kinit", "-k", "-t", worker, "worker")

    def said(port, flags="--trust-server-certificate", **environment):
        command = [*program, "status", "--server", f"localhost,{port}", "--database", "d", *flags.split()]
        return run(command, realm, environment)

    def said_to(text, **environment):
        return run([*program, "status"], realm, {"XMLSHRED_CONNECTION_STRING": text, **environment})

    def string(port, rest):
        return f"Server=localhost,{port};Database=d;Integrated Security=true;TrustServerCertificate=true;{rest}"

    port = {name: server.port for name, server in servers.items()}
    is_wine = "wine" in program[0]
    bound = "not bound" if is_wine else "bound to TLS"
    bound = [f"logged in as worker@EXAMPLE.TEST at MSSQLSvc/localhost:{{port}}@EXAMPLE.TEST, {bound}"]
    nobody = {"KRB5CCNAME": f"FILE:{folder}/nothing"}
    fresh = {"KRB5CCNAME": f"FILE:{folder}/fresh", "KRB5_CLIENT_KTNAME": worker}
    later = {"LD_PRELOAD": os.environ.get("FAKETIME_LIBRARY", ""), "FAKETIME": "+20m"}
    cases = [
        ("the right channel binding", said(port["together"]), bound),
        ("two messages", said(port["apart"]), bound),
        ("TDS 8", said_to(string(port["strict"], "Encrypt=strict")), bound),
        ("a connection string", said_to(string(port["together"], "")), bound),
        ("a certificate authority", said(port["together"], f"--ca-file {folder}/ca.pem"), bound),
        ("another name", said(unknown.port, f"--trust-server-certificate --server-spn MSSQLSvc/alias:{unknown.port}"),
         [bound[0].replace("localhost", "alias")]),
        ("a keytab", said(port["together"], **fresh), bound),
        ("no trust", said(port["together"], ""), ["certificate", "--ca-file"]),
        ("another channel binding", said(port["another"]), ["(18452)", "error 17806", OTHER_LOGINS]),
        ("no encryption", said(port["plain"]), ["it does not encrypt connections"]),
        ("old ciphers", said(port["old"]), ["TLS: ", "TLS 1.2 with ECDHE and GCM", OTHER_LOGINS]),
        ("no ticket", said(port["together"], **nobody), ["Kerberos", "get a ticket with kinit", OTHER_LOGINS]),
        ("another service", said(unknown.port), ["MSSQLSvc/localhost:{port}", "setspn -S", "--server-spn"]),
    ]
    if later["LD_PRELOAD"]:
        cases.append(("another clock", said(port["apart"], **later, **fresh), ["set the clock"]))
    realm.stop()
    cases.append(("no KDC", said(port["apart"], **nobody, KRB5_CLIENT_KTNAME=worker),
                  ["a domain controller of the realm in krb5.conf"]))
    failures = 0
    if is_wine:
        # Its crypt32 knows no authorities of one's own; the others are about the binding and Kerberos' words.
        shown = ("the right", "two messages", "TDS 8", "a connection string", "another name", "a keytab", "no trust", "no encryption",
                 "old ciphers")
        cases = [case for case in cases if case[0].startswith(shown)]
    for name, (status, text, at), parts in cases:
        missing = [part for part in parts if part.format(port=at) not in " ".join(text.split())]
        is_right = not missing and status not in (0, 101)
        failures += not is_right
        print(f"{'ok    ' if is_right else 'FAILED'} {name}")
        if not is_right or "-v" in sys.argv:
            print(f"       exit {status}, without {missing}: {text}")
    if failures:
        print({name: server.heard for name, server in servers.items()})
    print(f"{len(cases) - failures} of {len(cases)} logins ended as they have to")
    return min(failures, 1)


def run(command, realm, environment):
    words = " ".join([*command, *environment.values()])
    at = next((word.split(";")[0] for word in words.split("localhost,")[1:]), "").split()[0]
    done = subprocess.run(
        command, env={**os.environ, **realm.environment, **environment}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.returncode, done.stdout, at


if __name__ == "__main__":
    main([word for word in sys.argv[1:] if word != "-v"])
