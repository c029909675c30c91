"""What the rivals in Python share: the documents, the tables, and what each column reads."""

import pathlib
import sqlite3

APP = ["app_guid", "app_receive_date", "requested_amt", "stated_income", "dealer_num"]
CONTACT = ["con_id", "ac_role_tp_c", "first_name", "last_name", "birth_date", "ssn", "email"]
ADDRESS = ["address_tp_c", "street_num", "street_name", "city", "state", "zip"]

TABLES = {
    "app": ["guid", "receive_date", "requested_amt", "stated_income", "dealer_num"],
    "contact": ["place", "con_id", "role", "first_name", "last_name", "birth_date", "ssn", "email"],
    "address": ["place", "con_id", "address", "street_num", "street_name", "city", "state", "zip"],
}


def documents(folder):
    """The files, by name."""
    return sorted(pathlib.Path(folder).glob("*.xml"))


def create(path):
    """A database with the three tables."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    for table, columns in TABLES.items():
        declared = ", ".join(f"{column} TEXT" for column in columns)
        database.execute(f"CREATE TABLE {table} (app_id INTEGER, {declared})")
    database.commit()
    return database


def insert(table):
    """The statement that inserts a row."""
    places = ", ".join("?" * (len(TABLES[table]) + 1))
    return f"INSERT INTO {table} VALUES ({places})"
