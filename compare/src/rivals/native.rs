//! Rivals in Rust: a bare loop over quick-xml's events, and roxmltree into SQLite.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use quick_xml::events::Event;
use quick_xml::Reader;
use roxmltree::{Document, Node, ParsingOptions};
use rusqlite::{params_from_iter, Connection};

use crate::Result;

/// Documents whose rows are inserted in one transaction.
const BATCH: usize = 100;

const APP: [&str; 5] =
    ["app_guid", "app_receive_date", "requested_amt", "stated_income", "dealer_num"];
const CONTACT: [&str; 7] =
    ["con_id", "ac_role_tp_c", "first_name", "last_name", "birth_date", "ssn", "email"];
const ADDRESS: [&str; 6] = ["address_tp_c", "street_num", "street_name", "city", "state", "zip"];

#[derive(Debug, Args)]
pub struct Arguments {
    rival: Native,
    folder: PathBuf,
    database: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Native {
    QuickXml,
    Roxmltree,
}

/// Does the work of one rival, in the process that is measured.
pub fn work(arguments: &Arguments) -> Result<()> {
    let files = super::documents(&arguments.folder)?;
    match arguments.rival {
        Native::QuickXml => read_events(&files),
        Native::Roxmltree => into_tables(&files, &arguments.database),
    }
}

fn read_events(files: &[PathBuf]) -> Result<()> {
    let mut events = 0u64;
    for file in files {
        let text = std::fs::read_to_string(file)?;
        let mut reader = Reader::from_str(&text);
        while reader.read_event()? != Event::Eof {
            events += 1;
        }
    }
    black_box(events);
    Ok(())
}

type Row = Vec<Option<String>>;

fn into_tables(files: &[PathBuf], database: &Path) -> Result<()> {
    let mut connection = Connection::open(database)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         CREATE TABLE app (app_id INTEGER, guid TEXT, receive_date TEXT, requested_amt TEXT,
                           stated_income TEXT, dealer_num TEXT);
         CREATE TABLE contact (app_id INTEGER, place TEXT, con_id TEXT, role TEXT, first_name TEXT,
                               last_name TEXT, birth_date TEXT, ssn TEXT, email TEXT);
         CREATE TABLE address (app_id INTEGER, place TEXT, con_id TEXT, address TEXT, street_num TEXT,
                               street_name TEXT, city TEXT, state TEXT, zip TEXT);",
    )?;
    for batch in files.chunks(BATCH) {
        let transaction = connection.transaction()?;
        {
            let mut app = transaction.prepare_cached("INSERT INTO app VALUES (?,?,?,?,?,?)")?;
            let mut contact =
                transaction.prepare_cached("INSERT INTO contact VALUES (?,?,?,?,?,?,?,?,?)")?;
            let mut address =
                transaction.prepare_cached("INSERT INTO address VALUES (?,?,?,?,?,?,?,?,?)")?;
            for file in batch {
                let text = std::fs::read_to_string(file)?;
                let rows = rows_of(&Document::parse_with_options(&text, options())?)?;
                app.execute(params_from_iter(rows.app))?;
                for row in rows.contacts {
                    contact.execute(params_from_iter(row))?;
                }
                for row in rows.addresses {
                    address.execute(params_from_iter(row))?;
                }
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

/// Documents may have a DOCTYPE.
fn options<'i>() -> ParsingOptions<'i> {
    ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }
}

struct Rows {
    app: Row,
    contacts: Vec<Row>,
    addresses: Vec<Row>,
}

fn rows_of(document: &Document) -> Result<Rows> {
    let child = |node: Node<'_, '_>, name: &str| {
        let found = node.children().find(|child| child.has_tag_name(name));
        found.map(|found| found.id()).ok_or_else(|| format!("there is no {name}"))
    };
    let get = |id| document.get_node(id).ok_or("a node is missing");
    let request = get(child(document.root_element(), "Request")?)?;
    let customer = get(child(request, "CustData")?)?;
    let application = get(child(customer, "application")?)?;
    let app_id = request.attribute("ID").map(str::to_owned);
    let read = |row: Row, node: Node<'_, '_>, names: &[&str]| {
        let read = names.iter().map(|name| node.attribute(*name).map(str::to_owned));
        row.into_iter().chain(read).collect::<Row>()
    };
    let mut rows = Rows {
        app: read(vec![app_id.clone()], application, &APP),
        contacts: Vec::new(),
        addresses: Vec::new(),
    };
    for contact in application.children().filter(|child| child.has_tag_name("contact")) {
        let place = Some((rows.contacts.len() + 1).to_string());
        rows.contacts.push(read(vec![app_id.clone(), place], contact, &CONTACT));
        let con_id = contact.attribute("con_id").map(str::to_owned);
        for address in contact.children().filter(|child| child.has_tag_name("contact_address")) {
            let place = Some((rows.addresses.len() + 1).to_string());
            rows.addresses.push(read(
                vec![app_id.clone(), place, con_id.clone()],
                address,
                &ADDRESS,
            ));
        }
    }
    Ok(rows)
}
