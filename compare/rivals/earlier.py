"""As the earlier system worked: validate, parse, map by XPath, one INSERT a row, one commit a document:
earlier.py FOLDER DATABASE"""

import sys

from lxml import etree

from common import ADDRESS, APP, CONTACT, create, documents, insert


def main(folder, path):
    database = create(path)
    for file in documents(folder):
        text = file.read_bytes()
        # Once to see whether it is well-formed, and once to map it.
        etree.fromstring(text)
        root = etree.fromstring(text)
        app_id = int(root.xpath("/Provenir/Request/@ID")[0])
        application = root.xpath("/Provenir/Request/CustData/application")[0]

        def read(node, names):
            found = (node.xpath(f"@{name}") for name in names)
            return [values[0] if values else None for values in found]

        database.execute(insert("app"), [app_id, *read(application, APP)])
        addresses = 0
        for place, contact in enumerate(application.xpath("contact"), 1):
            database.execute(insert("contact"), [app_id, place, *read(contact, CONTACT)])
            for address in contact.xpath("contact_address"):
                addresses += 1
                row = [app_id, addresses, *read(contact, ["con_id"]), *read(address, ADDRESS)]
                database.execute(insert("address"), row)
        database.commit()


main(*sys.argv[1:])
