"""A Kerberos realm of its own in a folder: a KDC on a high port, principals, keytabs and tickets."""

import os
import socket
import subprocess
import textwrap
import time

REALM = "EXAMPLE.TEST"


class Realm:
    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.kdc = None
        krb5 = f"""
            [libdefaults]
              default_realm = {REALM}
              dns_lookup_kdc = false
              dns_lookup_realm = false
              dns_canonicalize_hostname = false
              rdns = false
              udp_preference_limit = 1
              default_ccache_name = FILE:{folder}/cache
            [realms]
              {REALM} = {{
                kdc = localhost:{self.port}
              }}
            [domain_realm]
              localhost = {REALM}
            """
        kdc = f"""
            [kdcdefaults]
              kdc_listen = 127.0.0.1:{self.port}
              kdc_tcp_listen = 127.0.0.1:{self.port}
            [realms]
              {REALM} = {{
                database_name = {folder}/principal
                key_stash_file = {folder}/stash
                acl_file = {folder}/acl
              }}
            """
        for name, text in (("krb5.conf", krb5), ("kdc.conf", kdc)):
            with open(f"{folder}/{name}", "w") as file:
                file.write(textwrap.dedent(text))
        self.environment = {
            "KRB5_CONFIG": f"{folder}/krb5.conf",
            "KRB5_KDC_PROFILE": f"{folder}/kdc.conf",
            "KRB5CCNAME": f"FILE:{folder}/cache",
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
        }
        self.run("kdb5_util", "create", "-r", REALM, "-s", "-P", "throwaway")

    def run(self, *command):
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")

    def add(self, principal):
        """A principal with a random key, in a keytab."""
        keytab = f"{self.folder}/{principal.replace('/', '_')}.keytab"
        self.run("kadmin.local", "-q", f"addprinc -randkey {principal}")
        self.run("kadmin.local", "-q", f"ktadd -k {keytab} {principal}")
        return keytab

    def start(self):
        environment = {**os.environ, **self.environment}
        log = open(f"{self.folder}/kdc.log", "w")
        self.kdc = subprocess.Popen(["krb5kdc", "-n"], env=environment, stdout=log, stderr=log)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit("the KDC does not listen")

    def stop(self):
        if self.kdc:
            self.kdc.kill()
            self.kdc.wait()
            self.kdc = None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
