//! The way of a newcomer: two hundred purchase orders with faults, from nothing to reconciled.

use std::fs;
use std::path::Path;

use super::xmlshred;

/// Purchase orders 1001 to 1200 with twelve kinds of fault, of which one is in two orders.
fn write_orders(folder: &Path) {
    for number in 1001..=1200 {
        let lines: String = (1..=1 + number % 5).map(|line| line_of(number, line)).collect();
        let date = match number {
            // Another pattern.
            1033 | 1133 => format!("{:02}/11/2026", number % 28 + 1),
            _ => format!("2026-11-{:02}", number % 28 + 1),
        };
        let vip = if number % 3 == 0 { "<vip/>" } else { "" };
        let mut order = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PurchaseOrder number=\"{number}\" placed=\"{date}\">\n  \
             <Customer><Name>Customer {}</Name><Country>{}</Country>{vip}</Customer>\n  \
             <Lines>\n{lines}  </Lines>\n</PurchaseOrder>\n",
            number % 17,
            ["NO", "SE", "DK"][number % 3],
        );
        match number {
            // Cut off, not nested, an entity that nobody knows.
            1050 => order.truncate(order.len() / 2),
            1051 => order = order.replace("</Name>", "</name>"),
            1052 => order = order.replace("Customer ", "R&D "),
            // Another kind of document.
            1090 => order = order.replace("PurchaseOrder", "Invoice"),
            _ => {}
        }
        let bytes = match number {
            // Not the encoding that it says.
            1095 => order.replace("Customer ", "Søk ").chars().map(|c| c as u8).collect(),
            _ => order.into_bytes(),
        };
        fs::write(folder.join(format!("po_{number}.xml")), bytes).expect("write");
    }
}

fn line_of(number: usize, line: usize) -> String {
    let price = match (number, line) {
        // A comma, a word, nothing.
        (1010, 1) => "12,50".to_owned(),
        (1020, 1) => "on request".to_owned(),
        (1030, 1) => String::new(),
        _ => format!("{}.{:02}", 1 + number % 90, line * 7 % 100),
    };
    let sku = match (number, line) {
        // Too long.
        (1060, 1) => "X".repeat(44),
        _ => format!("SKU-{:04}", number * 7 % 900 + line),
    };
    let quantity = match (number, line) {
        // A word, far too many.
        (1070, 1) => "many".to_owned(),
        (1080, 1) => "99999999999".to_owned(),
        _ => (1 + number * line % 20).to_string(),
    };
    format!(
        "    <Line><Sku>{sku}</Sku><Quantity>{quantity}</Quantity><Price>{price}</Price></Line>\n"
    )
}

#[test]
fn the_draft_follows_the_many_and_names_the_few() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("orders")).expect("a folder");
    write_orders(&folder.path().join("orders"));
    let (status, _, report) = xmlshred(folder.path(), "contract init orders");
    assert_ne!(status, 0, "{report}");
    assert!(report.contains("Invoice") && report.contains("--root"), "{report}");
    let (status, contract, report) = xmlshred(folder.path(), INIT);
    assert_eq!(status, 0, "{report}");
    insta::assert_snapshot!("orders_contract", contract);
    insta::assert_snapshot!("orders_report", report.replace('\\', "/"));
}

const INIT: &str = "contract init orders --root PurchaseOrder";

/// What names each kind of fault: the words, and the file if one is named.
#[cfg(feature = "embedded")]
const NAMED: [(&str, &str); 13] = [
    ("12,50", "po_1010.xml"),
    ("on request", "po_1020.xml"),
    ("in 591 of 592", ""),
    ("26/11/2026", "po_1033.xml"),
    ("14/11/2026", "po_1133.xml"),
    ("tag not closed", "po_1050.xml"),
    ("</name>", "po_1051.xml"),
    ("entity", "po_1052.xml"),
    ("XXXXXXXXXX", "po_1060.xml"),
    ("many", "po_1070.xml"),
    ("99999999999", "po_1080.xml"),
    ("Invoice in 1 document", "po_1090.xml"),
    ("UTF-8", "po_1095.xml"),
];

#[cfg(feature = "embedded")]
#[test]
fn a_newcomer_needs_few_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("orders")).expect("a folder");
    write_orders(&folder.path().join("orders"));
    let store = "--store sqlite:orders.db";
    let commands = [
        // 2: documents of several kinds.
        ("contract init orders", 2),
        (INIT, 0),
        ("load --app-id-from digits orders", 0),
        ("install --contract orders.toml", 0),
        ("enqueue", 0),
        ("run --contract orders.toml --fail-on never", 0),
        ("status", 0),
        ("verify --contract orders.toml --all", 0),
    ];
    assert!(commands.len() <= 8);
    let mut screens = String::new();
    for (arguments, expected) in commands {
        let is_draft = arguments.starts_with("contract");
        let all = if is_draft { arguments.to_owned() } else { format!("{arguments} {store}") };
        let (status, stdout, stderr) = xmlshred(folder.path(), &all);
        assert_eq!(status, expected, "{arguments}: {stdout}{stderr}");
        if is_draft {
            fs::write(folder.path().join("orders.toml"), &stdout).expect("write");
        }
        if arguments == "status" {
            for line in ["source documents  200", "success           188", "failed             12"]
            {
                assert!(stdout.contains(line), "{stdout}");
            }
        }
        screens += &format!("{stdout}{stderr}\n");
    }
    for (words, file) in NAMED {
        let mut lines = screens.lines();
        let is_named = lines.any(|line| line.contains(words) && line.contains(file));
        assert!(is_named, "{words} {file}\n{screens}");
    }
}
