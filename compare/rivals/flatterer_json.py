"""xmltodict and flatterer, which makes a table of every list: flatterer_json.py FOLDER DATABASE"""

import sqlite3
import sys
import tempfile

import flatterer
import xmltodict

from common import documents

LISTS = ("contact", "contact_address")


def main(folder, path):
    def read():
        for file in documents(folder):
            request = xmltodict.parse(file.read_bytes(), force_list=LISTS)["Provenir"]["Request"]
            application = request["CustData"]["application"]
            # flatterer wants plain names, and the rest of a document is not asked for.
            yield {
                "app_id": request["@ID"],
                **{name[1:]: value for name, value in application.items() if name[0] == "@"},
                "contact": [
                    {
                        **{name[1:]: value for name, value in contact.items() if name[0] == "@"},
                        "contact_address": [
                            {name[1:]: value for name, value in address.items() if name[0] == "@"}
                            for address in contact.get("contact_address", ())
                        ],
                    }
                    for contact in application.get("contact", ())
                ],
            }

    with tempfile.TemporaryDirectory() as output:
        flatterer.flatten(read(), output, sqlite=True, csv=False, force=True, main_table_name="app")
        source = sqlite3.connect(f"{output}/sqlite.db")
        source.execute("VACUUM INTO ?", (path,))


main(*sys.argv[1:])
