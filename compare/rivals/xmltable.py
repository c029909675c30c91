"""PostgreSQL's XMLTABLE: the documents are copied into a table, then one INSERT … SELECT a table makes the
rows. A server of its own is made and removed: xmltable.py FOLDER DATABASE BIN"""

import pathlib
import sqlite3
import subprocess
import sys
import tempfile

from common import create, documents, insert

QUERIES = {
    "app": """
        SELECT x.* FROM document AS d, XMLTABLE('/Provenir/Request' PASSING d.content COLUMNS
            app_id bigint PATH '@ID', a text PATH 'CustData/application/@app_guid',
            b text PATH 'CustData/application/@app_receive_date',
            c text PATH 'CustData/application/@requested_amt',
            d text PATH 'CustData/application/@stated_income',
            e text PATH 'CustData/application/@dealer_num') AS x""",
    "contact": """
        SELECT x.* FROM document AS d, XMLTABLE('/Provenir/Request/CustData/application/contact'
            PASSING d.content COLUMNS app_id bigint PATH '/Provenir/Request/@ID', place FOR ORDINALITY,
            a text PATH '@con_id', b text PATH '@ac_role_tp_c', c text PATH '@first_name',
            d text PATH '@last_name', e text PATH '@birth_date', f text PATH '@ssn',
            g text PATH '@email') AS x""",
    "address": """
        SELECT x.* FROM document AS d,
            XMLTABLE('/Provenir/Request/CustData/application/contact/contact_address'
            PASSING d.content COLUMNS app_id bigint PATH '/Provenir/Request/@ID', place FOR ORDINALITY,
            a text PATH '../@con_id', b text PATH '@address_tp_c', c text PATH '@street_num',
            d text PATH '@street_name', e text PATH '@city', f text PATH '@state',
            g text PATH '@zip') AS x""",
}


def main(folder, path, binaries):
    with tempfile.TemporaryDirectory() as data:
        # A server refuses to run as root.
        user = ["runuser", "-u", "nobody", "--"] if pathlib.Path("/root").owner() == "root" else []
        subprocess.run(["chown", "nobody", data], check=bool(user))
        start = [*user, f"{binaries}/pg_ctl", "-D", f"{data}/pg", "-s", "-w", "-o",
                 f"-k {data} -c listen_addresses=''"]
        subprocess.run([*user, f"{binaries}/initdb", "-D", f"{data}/pg", "-U", "p", "-E", "UTF8",
                        "--locale=C.UTF-8", "-A", "trust"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*start, "start"], check=True, stdout=subprocess.DEVNULL)
        try:
            def psql(text):
                command = [f"{binaries}/psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", data, "-U",
                           "p", "postgres"]
                done = subprocess.run(command, input=text, check=True, stdout=subprocess.PIPE)
                return done.stdout.decode()

            lines = ["SET xmloption = document;\nCREATE UNLOGGED TABLE document (content xml);\nCOPY document FROM stdin;\n"]
            for file in documents(folder):
                text = file.read_text(encoding="utf-8-sig")
                text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
                lines.append(text + "\n")
            lines.append("\\.\n")
            psql("".join(lines).encode())
            for table, query in QUERIES.items():
                psql(f"CREATE TABLE {table} AS {query};".encode())
            database = create(path)
            for table in QUERIES:
                rows = psql(f"COPY {table} TO stdout".encode()).splitlines()
                split = ([None if cell == "\\N" else cell for cell in row.split("\t")] for row in rows)
                database.executemany(insert(table), split)
            database.commit()
        finally:
            subprocess.run([*start, "-m", "immediate", "stop"], stdout=subprocess.DEVNULL)


main(*sys.argv[1:])
