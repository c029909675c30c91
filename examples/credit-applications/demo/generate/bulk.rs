//! The parts of the documents that nobody loads: most of their bytes.

use super::document::Writer;
use super::rng::Rng;
use super::words::FILLER;
use super::xml::Xml;
use super::Kind;

/// Bureau reports, rule traces and vendors' payloads until the document has that many characters.
///
/// Three reports are always there, because the contract reads their scores.
pub(super) fn write(writer: &mut Writer<'_>, characters: usize) {
    writer.xml.start("Vendors");
    let start = writer.xml.len();
    for (number, bureau) in ["QX", "ZB", "KV"].into_iter().enumerate() {
        let share = characters.saturating_sub(start) * (number + 1) / 5;
        bureau_report(writer, bureau, start + share);
    }
    writer.xml.end();
    writer.xml.start("Trace");
    if writer.plan.kind == Kind::TooDeep {
        let depth = crate::shred::Limits::default().depth;
        (0..depth).for_each(|_| writer.xml.start("node"));
        (0..depth).for_each(|_| writer.xml.end());
    }
    while writer.xml.len() < characters {
        if writer.rng.chance(6_000) {
            rule(writer);
        } else {
            payload(writer);
        }
    }
    writer.xml.end();
}

/// An attribute that no contract reads. Equal numbers give equal names.
pub(super) fn attribute(xml: &mut Xml, rng: &mut Rng, number: usize) {
    const SUFFIXES: [&str; 5] = ["ind", "amt", "tp_c", "date", "text"];
    let word = FILLER[number % FILLER.len()];
    let suffix = (number % FILLER.len() + number / FILLER.len()) % SUFFIXES.len();
    let name = format_args!("{word}_{}", SUFFIXES[suffix]);
    match suffix {
        0 => xml.attribute(name, rng.pick(&["Y", "N", ""])),
        1 => xml.attribute(name, format_args!("{}.{:02}", rng.below(90_000), rng.below(100))),
        2 => xml.attribute(name, rng.pick(&["A12", "QQ", "OTHER", "N/A"])),
        3 => xml.attribute(name, format_args!("2025-0{}-1{}", rng.between(1, 9), rng.below(10))),
        _ => xml.attribute(name, format_args!("{} > {}", rng.pick(&FILLER), rng.pick(&FILLER))),
    }
}

fn attributes(writer: &mut Writer<'_>, count: usize) {
    for number in 0..count {
        attribute(&mut writer.xml, writer.rng, number);
    }
}

/// One bureau's report, with trade lines until the document is `until` characters long.
fn bureau_report(writer: &mut Writer<'_>, bureau: &str, until: usize) {
    writer.xml.start("bureau_report");
    writer.xml.attribute("bureau_tp_c", bureau);
    writer.xml.attribute("hit_ind", writer.rng.pick(&["Y", "Y", "Y", "N"]));
    let score = writer.rng.between(300, 850);
    writer.xml.attribute("score", if writer.rng.chance(500) { 9_999 } else { score });
    writer.filler(0..20);
    while writer.xml.len() < until {
        writer.xml.start("trade_line");
        attributes(writer, 24);
        writer.xml.start("payment_pattern");
        let pattern: String =
            (0..24).map(|_| writer.rng.pick(&['1', '1', '1', '2', 'X'])).collect();
        writer.xml.content(&pattern);
        writer.xml.end();
        if writer.rng.chance(2_000) {
            writer.xml.raw("\n<!-- disputed <by> the 'consumer' & settled -->");
        }
        writer.xml.end();
    }
    writer.xml.end();
}

/// One evaluated rule with its inputs.
fn rule(writer: &mut Writer<'_>) {
    writer.xml.start("rule");
    writer.xml.attribute("id", format_args!("R-{:05}", writer.rng.below(100_000)));
    writer.xml.attribute("fired", writer.rng.pick(&["true", "false"]));
    attributes(writer, 10);
    for _ in 0..writer.rng.between(1, 4) {
        writer.xml.start("input");
        writer.xml.attribute("name", writer.rng.pick(&FILLER));
        writer.xml.attribute("value", writer.rng.below(100_000));
        attributes(writer, 6);
        writer.xml.end();
    }
    writer.xml.end();
}

/// Some vendor's reply: nested elements with text, sometimes a CDATA section or a fraud alert.
fn payload(writer: &mut Writer<'_>) {
    writer.xml.start("payload");
    writer.xml.attribute("vendor", writer.rng.pick(&FILLER));
    attributes(writer, 12);
    let depth = writer.rng.between(1, 5);
    for _ in 0..depth {
        writer.xml.start("node");
        attributes(writer, 5);
    }
    writer.xml.start("message");
    let (one, two) = (writer.rng.pick(&FILLER), writer.rng.pick(&FILLER));
    writer.xml.content(&format!("{one} above {two} & below <the> line"));
    writer.xml.end();
    if writer.rng.chance(1_500) {
        writer.xml.raw("<![CDATA[{\"reply\": \"</payload> ]] > \", \"ok\": 1 < 2}]]>");
    }
    if writer.rng.chance(60) {
        writer.xml.start("fraud_alert");
        writer.xml.attribute("code", "MIRROR");
        writer.xml.end();
    }
    for _ in 0..depth {
        writer.xml.end();
    }
    writer.xml.end();
}
