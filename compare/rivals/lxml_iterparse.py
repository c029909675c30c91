"""lxml's iterparse with the same mapping, rows inserted in batches: iterparse.py FOLDER DATABASE"""

import sys

from lxml import etree

from common import ADDRESS, APP, CONTACT, create, documents, insert

BATCH = 100


def rows_of(path):
    app_id, app, contacts, addresses = None, None, [], []
    for event, node in etree.iterparse(str(path), events=("start", "end")):
        if event == "start":
            if node.tag == "Request":
                app_id = int(node.get("ID"))
            continue
        parent = node.getparent()
        if node.tag == "application" and parent.tag == "CustData":
            app = [app_id, *(node.get(name) for name in APP)]
        elif node.tag == "contact" and parent.tag == "application":
            contacts.append([app_id, len(contacts) + 1, *(node.get(name) for name in CONTACT)])
        elif node.tag == "contact_address" and parent.tag == "contact":
            read = (node.get(name) for name in ADDRESS)
            addresses.append([app_id, len(addresses) + 1, parent.get("con_id"), *read])
    return [app], contacts, addresses


def main(folder, path):
    database = create(path)
    statements = [insert(table) for table in ("app", "contact", "address")]
    waiting = ([], [], [])
    files = documents(folder)
    for number, file in enumerate(files, 1):
        for rows, more in zip(waiting, rows_of(file)):
            rows.extend(more)
        if number % BATCH == 0 or number == len(files):
            for statement, rows in zip(statements, waiting):
                database.executemany(statement, rows)
                rows.clear()
            database.commit()


main(*sys.argv[1:])
