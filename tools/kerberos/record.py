"""Records a handshake of TLS 1.2 between two ends of OpenSSL, and what they call its `tls-unique`, for the unit
test of src/store/sqlserver/connection/account/binding.rs: `record.py CIPHER >handshake-….txt`."""

import ssl
import subprocess
import sys
import tempfile


def main(cipher):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", "/CN=a", "-keyout", f"{folder}/key", "-out", f"{folder}/certificate"],
            check=True, stderr=subprocess.DEVNULL)
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(f"{folder}/certificate", f"{folder}/key")
        asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
        asking.set_ciphers(cipher)
        asking.maximum_version = ssl.TLSVersion.TLSv1_2
        asking.keylog_filename = f"{folder}/keys"
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = asking.wrap_bio(to_client, to_server)
        server = serving.wrap_bio(to_server, to_client, server_side=True)
        ends = [(client, to_server, "sent"), (server, to_client, "received")]
        while ends:
            for end in list(ends):
                try:
                    end[0].do_handshake()
                    ends.remove(end)
                except ssl.SSLWantReadError:
                    pass
                said = end[1].read()
                if said:
                    print(end[2], said.hex())
                    end[1].write(said)
        unique = client.get_channel_binding("tls-unique")
        assert unique == server.get_channel_binding("tls-unique") and len(unique) == 12
        with open(f"{folder}/keys") as keys:
            (secret,) = [line.split()[2] for line in keys if line.startswith("CLIENT_RANDOM")]
        print("secret", secret)
        print("unique", unique.hex())


if __name__ == "__main__":
    main(sys.argv[1])
