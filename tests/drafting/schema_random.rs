//! A draft from a schema maps the documents of that schema, whether it has seen any of them or not.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::drafting::Options;
use xmlshred::id::AppId;
use xmlshred::shred::{Limits, Shredder};

use super::{drafted_from, schema};

/// A simple type as a schema has it, and values of it.
const TYPES: &[(&str, &[&str])] = &[
    ("<xs:restriction base='xs:string'/>", &["", "  ", "Ann", "x y", "0017", "Łódź"]),
    ("<xs:restriction base='xs:string'><xs:maxLength value='5'/></xs:restriction>", &["", "abcde", "Łódź!"]),
    ("<xs:restriction base='xs:string'><xs:minLength value='1'/><xs:maxLength value='5'/></xs:restriction>", &["a", "ab c"]),
    ("<xs:restriction base='xs:token'><xs:enumeration value='NEW'/><xs:enumeration value='OLD'/></xs:restriction>", &["NEW", " OLD\n "]),
    ("<xs:restriction base='xs:string'><xs:pattern value='[A-Z]{2}[0-9]{0,3}'/></xs:restriction>", &["AB", "AB123"]),
    (
        "<xs:restriction base='xs:string'><xs:pattern value='0|[1-9][0-9]{0,3}(\\.[0-9]{2})?'/></xs:restriction>",
        &["0", "1234.50", "7"],
    ),
    ("<xs:restriction base='xs:int'/>", &["0", "-5", "+5", "007", " 2147483647 "]),
    ("<xs:restriction base='xs:unsignedByte'/>", &["0", "255", "007"]),
    ("<xs:restriction base='xs:byte'/>", &["-128", "127"]),
    ("<xs:restriction base='xs:integer'/>", &["-9223372036854775808", "9223372036854775807"]),
    ("<xs:restriction base='xs:unsignedLong'/>", &["18446744073709551615", "0"]),
    ("<xs:restriction base='xs:integer'><xs:minInclusive value='0'/><xs:maxInclusive value='100'/></xs:restriction>", &["0", "100"]),
    ("<xs:restriction base='xs:decimal'><xs:totalDigits value='6'/><xs:fractionDigits value='2'/></xs:restriction>", &["1234.56", "-.5", "+7.", "0007"]),
    ("<xs:restriction base='xs:decimal'/>", &["12345678901234567890.0123456789", "-1"]),
    ("<xs:restriction base='xs:double'/>", &["1.5E3", "-2", ".5e-7"]),
    ("<xs:restriction base='xs:boolean'/>", &["true", "false", "1", " 0 "]),
    ("<xs:restriction base='xs:date'/>", &["2026-11-24", "2026-11-24Z", "2026-11-24+02:00"]),
    ("<xs:restriction base='xs:dateTime'/>", &["2026-11-24T10:15:00", "2026-11-24T10:15:00.1234567Z", "2026-11-24T24:00:00-05:00"]),
    ("<xs:restriction base='xs:time'/>", &["10:15:00", "23:59:59.5Z"]),
    ("<xs:restriction base='xs:gYear'/>", &["2026", "-0044", "2026Z"]),
    ("<xs:restriction base='xs:duration'/>", &["P1Y2M3DT4H5M6.7S", "-P1D"]),
    ("<xs:restriction base='xs:base64Binary'/>", &["", "c2lnbmVk", "c2ln bmVk"]),
    ("<xs:restriction base='xs:hexBinary'><xs:maxLength value='2'/></xs:restriction>", &["", "0aFF"]),
    ("<xs:restriction base='xs:anyURI'/>", &["", "http://example.org/?q=ø"]),
    ("<xs:restriction base='xs:language'/>", &["en", "nb-NO"]),
    ("<xs:list itemType='xs:int'/>", &["", "1 2 3"]),
    ("<xs:union memberTypes='xs:int xs:boolean'/>", &["12", "true", "-2147483648"]),
    ("<xs:union memberTypes='xs:date xs:dateTime'/>", &["2026-11-24", "2026-11-24T10:15:00Z"]),
];

#[derive(Debug, Clone)]
struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, usize, bool)>,
    content: Content,
    least: usize,
    most: usize,
    is_nillable: bool,
}

#[derive(Debug, Clone)]
enum Content {
    Empty,
    Simple(usize),
    Sequence(Vec<Element>),
    /// Of these one occurs, this often at most.
    Choice(Vec<Element>, usize),
    Mixed(Vec<Element>),
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a", "A", "b", "order", "Order", "id", "no", "left", "count", "value", "item-1", "billTo",
        "app_id", "Ünit", "select", "b_no", "_", "score_1", "score_2",
    ])
}

fn attributes() -> impl Strategy<Value = Vec<(&'static str, usize, bool)>> {
    let attribute = (name(), 0..TYPES.len(), any::<bool>());
    prop::collection::vec(attribute, 0..3).prop_map(|mut list| {
        let mut names = BTreeSet::new();
        list.retain(|(name, ..)| names.insert(*name));
        list
    })
}

fn element() -> impl Strategy<Value = Element> {
    let content =
        prop_oneof![1 => Just(Content::Empty), 6 => (0..TYPES.len()).prop_map(Content::Simple)];
    let leaf = element_of(content.boxed());
    leaf.prop_recursive(3, 25, 5, |inner| {
        let children = || {
            prop::collection::vec(inner.clone(), 1..5).prop_map(|mut list| {
                let mut names = BTreeSet::new();
                list.retain(|child| names.insert(child.name));
                list
            })
        };
        let content = prop_oneof![
            4 => children().prop_map(Content::Sequence),
            2 => (children(), 1..3_usize).prop_map(|(list, most)| Content::Choice(list, most)),
            1 => children().prop_map(Content::Mixed),
        ];
        element_of(content.boxed()).boxed()
    })
}

fn element_of(content: BoxedStrategy<Content>) -> BoxedStrategy<Element> {
    let occurs = prop::sample::select(vec![(1, 1), (1, 1), (0, 1), (0, 3), (1, 2)]);
    (name(), attributes(), content, occurs, any::<bool>())
        .prop_map(|(name, attributes, content, (least, most), is_nillable)| Element {
            name,
            attributes,
            content,
            least,
            most,
            is_nillable,
        })
        .boxed()
}

impl Element {
    fn declaration(&self, is_global: bool) -> String {
        let occurs = match is_global {
            true => String::new(),
            false => format!(" minOccurs='{}' maxOccurs='{}'", self.least, self.most),
        };
        let attributes: String = self
            .attributes
            .iter()
            .map(|(name, of, is_required)| {
                let required = if *is_required { " use='required'" } else { "" };
                format!("<xs:attribute name='{name}'{required}><xs:simpleType>{}</xs:simpleType></xs:attribute>", TYPES[*of].0)
            })
            .collect();
        let inside =
            |list: &[Element]| list.iter().map(|e| e.declaration(false)).collect::<String>();
        let body = match &self.content {
            Content::Empty => format!("<xs:complexType>{attributes}</xs:complexType>"),
            Content::Simple(of) if attributes.is_empty() => format!("<xs:simpleType>{}</xs:simpleType>", TYPES[*of].0),
            Content::Simple(of) => format!(
                "<xs:complexType><xs:simpleContent><xs:extension base='T{of}'>{attributes}</xs:extension></xs:simpleContent></xs:complexType>"
            ),
            Content::Sequence(list) => {
                format!("<xs:complexType><xs:sequence>{}</xs:sequence>{attributes}</xs:complexType>", inside(list))
            }
            Content::Choice(list, most) => format!(
                "<xs:complexType><xs:choice minOccurs='0' maxOccurs='{most}'>{}</xs:choice>{attributes}</xs:complexType>",
                inside(list)
            ),
            Content::Mixed(list) => format!(
                "<xs:complexType mixed='true'><xs:sequence>{}</xs:sequence>{attributes}</xs:complexType>",
                inside(list)
            ),
        };
        let nillable = if self.is_nillable { " nillable='true'" } else { "" };
        format!("<xs:element name='{}'{occurs}{nillable}>{body}</xs:element>", self.name)
    }

    fn write(&self, random: &mut Random, text: &mut String) {
        let value = |of: usize, random: &mut Random| TYPES[of].1[random.below(TYPES[of].1.len())];
        *text += &format!("<{}", self.name);
        for (name, of, is_required) in &self.attributes {
            if *is_required || random.below(2) == 0 {
                *text += &format!(" {name}=\"{}\"", value(*of, random));
            }
        }
        if self.is_nillable && random.below(5) == 0 {
            *text += " xsi:nil=\"true\"/>";
            return;
        }
        *text += ">";
        match &self.content {
            Content::Empty => {}
            Content::Simple(of) => *text += value(*of, random),
            Content::Sequence(list) => list.iter().for_each(|child| child.several(random, text)),
            Content::Choice(list, most) => {
                for _ in 0..random.below(most + 1) {
                    list[random.below(list.len())].several(random, text);
                }
            }
            Content::Mixed(list) => {
                for child in list {
                    *text += ["", " ", "words "][random.below(3)];
                    child.several(random, text);
                }
            }
        }
        *text += &format!("</{}>", self.name);
    }

    fn several(&self, random: &mut Random, text: &mut String) {
        for _ in 0..self.least + random.below(self.most - self.least + 1) {
            self.write(random, text);
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

fn xsd(root: &Element) -> String {
    let types: String = TYPES
        .iter()
        .enumerate()
        .map(|(n, (of, _))| format!("<xs:simpleType name='T{n}'>{of}</xs:simpleType>"))
        .collect();
    schema(&format!("{}{types}", root.declaration(true)))
}

fn documents(root: &Element, seeds: &[u64]) -> Vec<String> {
    let document = |seed: &u64| {
        let mut text = String::new();
        root.write(&mut Random(*seed), &mut text);
        let begin = 1 + root.name.len();
        text.insert_str(begin, " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"");
        text
    };
    seeds.iter().map(document).collect()
}

/// What a draft makes of documents; the first failure with all that led to it.
fn map(toml: &str, documents: &[String], xsd: &str) -> Result<(), TestCaseError> {
    let (contract, _) = Contract::parse(toml, "draft.toml").expect("a contract");
    let mut shredder = Shredder::new(Arc::new(contract), Limits::default());
    for (id, text) in (1..).zip(documents) {
        let document =
            Document { bytes: text.clone().into_bytes(), encoding: DocumentEncoding::Utf8 };
        let app_id = shredder.key(&document).unwrap_or(AppId(id));
        if let Err(failure) = shredder.shred(app_id, chrono::Utc::now(), Some(&document)) {
            let xsd = xsd.split("<xs:simpleType name=").next().unwrap_or_default();
            prop_assert!(false, "{:?}\n{}\n{}\n{}", failure, text, toml, xsd);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn a_draft_from_a_schema_maps_its_documents(
        root in element(),
        seeds in prop::collection::vec(any::<u64>(), 1..6),
        unpivot in any::<bool>(),
    ) {
        let (xsd, documents) = (xsd(&root), documents(&root, &seeds));
        let options = Options { unpivot, ..Options::default() };
        let none: [&str; 0] = [];
        let drafted = drafted_from(&[("a.xsd", &xsd)], &none, &options);
        let drafted = drafted.unwrap_or_else(|error| panic!("{error}\n{xsd}"));
        map(&drafted.toml, &documents, &xsd)?;
    }

    #[test]
    fn a_draft_from_a_schema_and_samples_maps_the_samples(
        root in element(),
        seeds in prop::collection::vec(any::<u64>(), 1..6),
        unpivot in any::<bool>(),
    ) {
        let (xsd, documents) = (xsd(&root), documents(&root, &seeds));
        let options = Options { unpivot, ..Options::default() };
        let drafted = drafted_from(&[("a.xsd", &xsd)], &documents, &options);
        let drafted = drafted.unwrap_or_else(|error| panic!("{error}\n{xsd}"));
        prop_assert!(drafted.report.fates()[0].1.is_empty());
        let notes = drafted.report.schema.expect("a schema");
        prop_assert!(notes.undeclared.is_empty(), "{:?}\n{}", notes.undeclared, xsd);
        map(&drafted.toml, &documents, &xsd)?;
    }
}
