//! The way of a newcomer: two hundred purchase orders with faults, from nothing to reconciled.

use std::fs;
use std::path::Path;

use super::xmlshred;

/// Purchase orders 1001 to 1200; twelve have a fault.
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
            _ => {}
        }
        fs::write(folder.join(format!("po_{number}.xml")), order).expect("write");
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
        (1060, 1) => "X".repeat(44),
        _ => format!("SKU-{:04}", number * 7 % 900 + line),
    };
    let quantity = match (number, line) {
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
    let (status, contract, report) = xmlshred(folder.path(), "contract init orders");
    assert_eq!(status, 0, "{report}");
    insta::assert_snapshot!("orders_contract", contract);
    insta::assert_snapshot!("orders_report", report.replace('\\', "/"));
}

#[cfg(feature = "embedded")]
#[test]
fn a_newcomer_needs_few_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("orders")).expect("a folder");
    write_orders(&folder.path().join("orders"));
    let (_, contract, _) = xmlshred(folder.path(), "contract init orders");
    fs::write(folder.path().join("orders.toml"), contract).expect("write");
    let store = "--store sqlite:orders.db";
    for (arguments, expected) in [
        ("load --app-id-from digits orders", 0),
        ("install --contract orders.toml", 0),
        ("enqueue", 0),
        // 5: documents failed.
        ("run --contract orders.toml --fail-on never", 0),
        ("status", 0),
        ("verify --contract orders.toml --all", 0),
    ] {
        let (status, stdout, stderr) = xmlshred(folder.path(), &format!("{arguments} {store}"));
        assert_eq!(status, expected, "{arguments}: {stdout}{stderr}");
        if arguments == "status" {
            for line in ["source documents  200", "success           190", "failed             10"]
            {
                assert!(stdout.contains(line), "{stdout}");
            }
        }
    }
}
