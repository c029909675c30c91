//! The types and patterns of dates.

use super::read::Read;
use super::typed::Candidate;
use crate::profile::{DateOrder, DateShape, Example, Seen, Shape, Values};
use crate::value::SqlType;

/// Dates: of as many forms as it takes until what is left is rare.
pub(super) fn dated(values: &Values, allowed: u64, total: u64) -> Option<Candidate> {
    let mut forms: Vec<Form<'_>> = Vec::new();
    for seen in &values.shapes {
        let Shape::Date(shape) = seen.shape else { continue };
        match forms.iter_mut().find(|form| form.is_like(&shape)) {
            Some(form) => form.seen.push(seen),
            None => forms.push(Form { shape, seen: vec![seen] }),
        }
    }
    forms.sort_by_key(|form| (std::cmp::Reverse(form.count()), form.first()));
    let mut left = total;
    let mut taken: Vec<Form<'_>> = Vec::new();
    for form in forms {
        if left <= allowed {
            break;
        }
        left -= form.count();
        taken.push(form);
    }
    let first = taken.first()?.shape;
    let are_of_one_kind = taken.iter().all(|form| zone(&form.shape) == zone(&first));
    if left > allowed || !are_of_one_kind {
        return None;
    }
    let all = || taken.iter().flat_map(|form| &form.seen);
    let digits = all().map(|seen| seen.fraction.most()).max().unwrap_or(0).min(7) as u8;
    let has_time = |seen: &&&Seen| matches!(seen.shape, Shape::Date(shape) if shape.time.is_some());
    let sql_type = match all().find(has_time) {
        None => SqlType::Date,
        Some(_) if zone(&first) => SqlType::DateTimeOffset(digits),
        Some(_) => SqlType::DateTime2(digits),
    };
    let is_iso = |form: &&Form<'_>| form.shape.order == DateOrder::Iso;
    let has_iso = taken.iter().any(|form| is_iso(&form));
    let note = taken.iter().any(Form::is_ambiguous);
    let note = note.then(|| "no day over 12 tells days from months: check the pattern".to_owned());
    let others = taken.iter().filter(|form| !is_iso(form));
    let patterns: Vec<String> = others.flat_map(Form::patterns).collect();
    let read = if patterns.is_empty() { Read::Plain } else { Read::Date(patterns, has_iso) };
    Some((sql_type, read, note))
}

/// Dates that one pattern reads.
struct Form<'v> {
    shape: DateShape,
    seen: Vec<&'v Seen>,
}

fn zone(shape: &DateShape) -> bool {
    shape.time.is_some_and(|time| time.zone)
}

impl Form<'_> {
    /// ISO 8601 is read with and without a time; a pattern with a fraction of a second reads none too.
    fn is_like(&self, other: &DateShape) -> bool {
        let bare = |shape: &DateShape| {
            let time = shape.time.map(|time| (time.joint, time.seconds, time.halves));
            match shape.order {
                DateOrder::Iso => (shape.order, '-', None),
                _ => (shape.order, shape.separator, time),
            }
        };
        bare(&self.shape) == bare(other) && zone(&self.shape) == zone(other)
    }

    /// Its first value.
    fn first(&self) -> Option<Example> {
        self.seen.iter().filter_map(|seen| seen.examples.first()).min().cloned()
    }

    fn count(&self) -> u64 {
        self.seen.iter().map(|seen| seen.count).sum()
    }

    /// The greatest first and second part.
    fn pair(&self) -> (u32, u32) {
        let pairs = self.seen.iter().map(|seen| seen.pair);
        pairs.fold((0, 0), |most, pair| (most.0.max(pair.0), most.1.max(pair.1)))
    }

    /// Whether days and months could be the other way round.
    fn is_ambiguous(&self) -> bool {
        let (first, second) = self.pair();
        self.shape.order == DateOrder::YearLast && first <= 12 && second <= 12
    }

    /// Its .NET patterns: two where months have whole and short names.
    fn patterns(&self) -> Vec<String> {
        let any = |has: fn(&Seen) -> bool| self.seen.iter().any(|seen| has(seen));
        let is_unpadded = any(|seen| seen.is_unpadded);
        let (day, month) = if is_unpadded { ("d", "M") } else { ("dd", "MM") };
        let time = self.time(is_unpadded);
        let between = self.shape.separator;
        let named =
            [(any(|seen| seen.has_short_name), "MMM"), (any(|seen| seen.has_long_name), "MMMM")];
        let named = named.into_iter().filter(|(has, _)| *has).map(|(_, name)| name);
        match self.shape.order {
            DateOrder::Iso | DateOrder::YearFirst => {
                vec![format!("yyyy{between}{month}{between}{day}{time}")]
            }
            DateOrder::DayName => {
                named.map(|name| format!("{day}{between}{name}{between}yyyy{time}")).collect()
            }
            DateOrder::NameDay => named.map(|name| format!("{name} {day}, yyyy{time}")).collect(),
            DateOrder::YearLast => {
                let (first, second) = self.pair();
                // A slash is American unless a day over 12 says otherwise; a point is European.
                let (one, two) = match second > 12 || first <= 12 && between == '/' {
                    true => (month, day),
                    false => (day, month),
                };
                vec![format!("{one}{between}{two}{between}yyyy{time}")]
            }
        }
    }

    /// The pattern of the time of day.
    fn time(&self, is_unpadded: bool) -> String {
        let Some(time) = self.shape.time else { return String::new() };
        let hour = match (time.halves, is_unpadded) {
            (true, true) => "h",
            (true, false) => "hh",
            (false, true) => "H",
            (false, false) => "HH",
        };
        let joint = if time.joint == 'T' { "'T'" } else { " " };
        let seconds = if time.seconds { ":ss" } else { "" };
        let has_fraction = self.seen.iter().any(|seen| seen.fraction.most() > 0);
        let fraction = if has_fraction { ".FFFFFFF" } else { "" };
        let halves = if time.halves { " tt" } else { "" };
        let zone = if time.zone { "K" } else { "" };
        format!("{joint}{hour}:mm{seconds}{fraction}{halves}{zone}")
    }
}
